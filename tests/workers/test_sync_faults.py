"""What a provider's bad day does to a sync: nothing is lost, the user is told, and the next try has its time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.cast import Person
from tests.connect import Provider, connect, integration_id
from tests.post import Post
from tests.workers.due import due
from workers.sync import sync

RECONNECT = "Daybook lost its access to github"


def status(person: Person) -> dict:
    return person.get("/integrations").json["data"][0]


def seconds_until_next(person: Person) -> float:
    return (datetime.fromisoformat(status(person)["nextSyncAt"]) - datetime.now(UTC)).total_seconds()


def inbox(person: Person) -> list[dict]:
    return person.get("/inbox", pageSize="1000").json["data"]


@pytest.fixture
def number(alice: Person, github: Provider) -> int:
    """Alice's connected account of 30 items, to be synced by this number."""
    github.fill(30)
    assert connect(alice, "github").status_code == 200
    return integration_id(alice, "github")


@pytest.mark.parametrize(
    ("path", "kind", "options"),
    [
        ("/issues", "status", {"status": 500}),
        ("/issues", "status", {"status": 503, "retry_after": 5}),
        ("/issues", "html", {"status": 502}),
        ("/issues", "html", {"status": 200}),
        ("/issues", "garbage", {}),
        ("/issues", "empty", {}),
        ("/issues", "truncated", {}),
        ("/issues", "short", {}),
        ("/issues", "reset", {}),
        ("/issues", "garbage", {"body": "[1, null, [], {}]"}),
        ("/issues", "status", {"status": 404}),
        ("/search/issues", "html", {"status": 502}),
        ("/search/issues", "truncated", {}),
        ("/search/issues", "garbage", {"body": '{"items": [1, null, {}], "total_count": 3}'}),
        ("/search/issues", "status", {"status": 422}),
        ("/notifications", "status", {"status": 500}),
        ("/notifications", "truncated", {}),
        ("/notifications", "garbage", {"body": '{"message": "ok"}'}),
    ],
)
def test_a_bad_answer_costs_nothing_but_time(
    alice: Person, github: Provider, number: int, path: str, kind: str, options: dict
) -> None:
    before = inbox(alice)
    github.add("Arrives in the end")
    github.add("A review", kind="review")
    github.add("A mention", kind="mention")
    github.fault(kind, path=path, times=None, **options)
    outcome = sync(number)
    assert {item["id"] for item in inbox(alice)} >= {item["id"] for item in before}
    if outcome.error is not None:
        now = status(alice)
        assert now["state"] == "retrying" and "GitHub" in now["lastSyncError"]
        assert 100 < seconds_until_next(alice) < 160
        assert number not in due()
    github.mend()
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=7)):
        assert sync(number).error is None
    assert len(inbox(alice)) == 33
    assert (status(alice)["state"], status(alice)["lastSyncError"]) == ("ok", None)


@pytest.mark.parametrize("body", ["<html>", '{"items": [', "", "null"])
def test_a_manual_sync_tells_of_the_providers_failure(
    alice: Person, github: Provider, number: int, body: str
) -> None:
    github.fault("garbage", body=body, path="/issues")
    answer = alice.post("/integrations/github/sync")
    assert answer.status_code == 502 and answer.json["error"]["code"] == "INTEGRATION_ERROR"
    assert "GitHub" in answer.json["error"]["message"]
    assert alice.post("/integrations/github/sync").json["data"]["isComplete"] is True


@pytest.mark.parametrize(
    ("kind", "options", "seconds"),
    [
        ("status", {"status": 429, "retry_after": 900}, 900),
        ("secondary_limit", {"status": 403, "retry_after": 700}, 700),
        ("rate_limit", {"retry_after": 1800}, 1800),
        ("rate_limit", {"status": 429, "retry_after": 600}, 600),
        ("status", {"status": 503, "retry_after": 500}, 500),
    ],
)
def test_a_provider_that_asks_for_patience_gets_it(
    alice: Person, github: Provider, number: int, kind: str, options: dict, seconds: int
) -> None:
    github.fault(kind, **options)
    sync(number)
    assert seconds - 10 < seconds_until_next(alice) < seconds + 60
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds - 20)):
        assert number not in due()
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds + 60)):
        assert number in due()


def test_the_pause_doubles_up_to_an_hour(alice: Person, github: Provider, number: int) -> None:
    github.fault("status", times=None)
    pauses = []
    for _ in range(8):
        sync(number)
        pauses.append(seconds_until_next(alice))
    for pause, expected in zip(pauses, [120, 240, 480, 960, 1920, 3600, 3600, 3600], strict=True):
        assert expected - 10 < pause <= expected * 1.25
    github.mend()
    sync(number)
    github.fault("status")
    sync(number)
    assert seconds_until_next(alice) < 160, "one good run, and it begins anew"


def test_a_token_that_is_refused_asks_the_user_once(
    alice: Person, github: Provider, number: int, post: Post
) -> None:
    github.control("POST", "/tokens/revoke", account="mara")
    for _ in range(3):
        sync(number)
    now = status(alice)
    assert (now["state"], now["nextSyncAt"]) == ("needs_reconnect", None) and "connect it again" in now["lastSyncError"]
    assert len(inbox(alice)) == 30
    post.deliver(alice.email)
    assert len(post.to(alice.email, RECONNECT)) == 1
    with time_machine.travel(datetime.now(UTC) + timedelta(days=3)):
        assert number not in due(), "nobody tries before the user did"
    answer = alice.post("/integrations/github/sync")
    assert answer.status_code == 409 and "connect it again" in answer.json["error"]["message"]
    connect(alice, "github")
    assert (status(alice)["state"], status(alice)["lastSyncError"]) == ("ok", None)
    assert len(inbox(alice)) == 30
    github.control("POST", "/tokens/revoke", account="mara")
    sync(number)
    post.deliver(alice.email)
    assert len(post.to(alice.email, RECONNECT)) == 2, "lost again, told again"


def test_two_refusals_at_once_send_one_mail(alice: Person, github: Provider, number: int, post: Post) -> None:
    github.fault("unauthorized", times=None)
    alice.post("/integrations/github/sync")
    alice.post("/integrations/github/sync")
    post.deliver(alice.email)
    assert len(post.to(alice.email, RECONNECT)) == 1


def test_credentials_that_no_key_opens_ask_for_consent(
    alice: Person, github: Provider, number: int
) -> None:
    from sqlalchemy import update

    from models import db
    from models.integrations import Integration

    with db.transaction():
        db.session.execute(update(Integration).where(Integration.id == number).values(sealed_credentials="gAAAAAB"))
    github.forget_requests()
    assert sync(number).error is not None
    assert status(alice)["state"] == "needs_reconnect" and github.requests() == []
    assert alice.delete("/integrations/github").status_code == 204, "and it can be disconnected"


def test_an_account_without_its_scope_says_so(alice: Person, github: Provider, number: int) -> None:
    github.fault("status", status=403, path="/notifications", times=None)
    sync(number)
    assert "permission" in status(alice)["lastSyncError"]
    assert len(inbox(alice)) == 30
