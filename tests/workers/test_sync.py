"""Syncing an account over real HTTP: nothing missed, nothing twice, nothing rewritten, one run at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, text, update

from models import db
from models.errors import Conflict
from models.inbox import InboxItem
from models.integrations import Integration
from settings import settings
from tests.cast import Person
from tests.connect import Provider, connect, integration_id
from tests.parallel import at_once
from tests.web.tymblok.test_blocks import DAY, category
from tests.workers.due import due
from workers.sync import Outcome, sync, sync_integration


def inbox(person: Person, **query: str) -> list[dict]:
    return person.get("/inbox", pageSize="1000", **query).json["data"]


def titles(person: Person, **query: str) -> set[str]:
    return {item["title"] for item in inbox(person, **query)}


def status(person: Person) -> dict:
    return person.get("/integrations").json["data"][0]


def rows(person: Person) -> list[Any]:
    """Each item's row as it stands in the database, with the transaction that wrote it where PostgreSQL tells."""
    version = "'-'" if settings.on_sqlite else "xmin::text"
    with db.transaction(reading=True):
        return list(
            db.session.execute(
                text(f"SELECT id, external_id, updated_at, {version} FROM inbox_items WHERE owner_id = :id ORDER BY 1"),
                {"id": person.id},
            )
        )


def titles_of_all(person: Person) -> dict[str, str]:
    """What is kept, dismissed or not: the provider's id → title."""
    with db.transaction(reading=True):
        kept = db.session.scalars(select(InboxItem).where(InboxItem.owner_id == person.id)).all()
        assert len(kept) == len({item.external_id for item in kept})
        return {str(item.provider_id): item.title for item in kept}


def open_upstream(github: Provider, account: str = "mara") -> set[str]:
    """The ids of what is open and assigned at the provider."""
    return {
        str(item["id"])
        for item in github.control("GET", f"/items?account={account}")
        if item["state"] == "open" and account in item["assignees"]
    }


@pytest.fixture
def small(alice: Person, github: Provider) -> Callable[[], Outcome]:
    """Alice has an account with 30 items connected; calling this syncs it."""
    github.fill(30)
    assert connect(alice, "github").status_code == 200
    assert len(inbox(alice)) == 30
    return lambda: sync(integration_id(alice, "github"))


def test_an_unchanged_account_costs_three_requests_and_rewrites_nothing(
    alice: Person, github: Provider, small: Callable[[], Outcome]
) -> None:
    before = rows(alice)
    github.forget_requests()
    counts = small().counts
    assert len(github.requests()) <= 3
    assert all(entry["status"] == 304 for entry in github.requests())
    assert (counts.new, counts.changed, counts.closed) == (0, 0, 0)
    assert rows(alice) == before


def test_a_changed_item_is_the_only_row_that_is_rewritten(
    alice: Person, github: Provider, small: Callable[[], Outcome]
) -> None:
    before = rows(alice)
    item = inbox(alice)[3]
    github.change(item["externalId"], title="Another title: 日本語 ✅")
    assert small().counts.synced == 1
    changed = set(rows(alice)) - set(before)
    assert [row.external_id for row in changed] == [f"issue:{item['externalId']}"]
    (after,) = [each for each in inbox(alice) if each["id"] == item["id"]]
    assert after["title"] == "Another title: 日本語 ✅" and after["createdAt"] == item["createdAt"]


def test_a_change_that_the_inbox_does_not_show_rewrites_nothing(
    alice: Person, github: Provider, small: Callable[[], Outcome]
) -> None:
    before = rows(alice)
    github.change(inbox(alice)[3]["externalId"], labels=["p1"])
    assert small().counts.synced == 0
    assert rows(alice) == before


def test_a_new_item_arrives_on_top(alice: Person, github: Provider, small: Callable[[], Outcome]) -> None:
    github.add("Fresh from upstream")
    assert small().counts.new == 1
    assert inbox(alice)[0]["title"] == "Fresh from upstream"


def test_what_is_closed_leaves_and_what_is_reopened_returns(
    alice: Person, github: Provider, small: Callable[[], Outcome]
) -> None:
    item = inbox(alice)[5]
    github.close(item["externalId"])
    assert small().counts.closed == 1
    assert item["id"] not in {each["id"] for each in inbox(alice, includeDismissed="true")}
    github.reopen(item["externalId"])
    assert small().counts.changed == 1
    assert item["id"] in {each["id"] for each in inbox(alice)}


def test_what_is_given_to_somebody_else_leaves(
    alice: Person, github: Provider, small: Callable[[], Outcome]
) -> None:
    first, second = inbox(alice)[:2]
    github.change(first["externalId"], assignee="jun")
    github.control("DELETE", f"/items/{second['externalId']}")
    github.add("Something else changed too")
    small()
    assert not {first["id"], second["id"]} & {each["id"] for each in inbox(alice)}


def test_dismissed_stays_dismissed_whatever_happens_upstream(
    alice: Person, github: Provider, small: Callable[[], Outcome]
) -> None:
    item = inbox(alice)[0]
    alice.delete(f"/inbox/{item['id']}")
    github.change(item["externalId"], title="Look here!")
    small()
    assert "Look here!" not in titles(alice)
    github.close(item["externalId"])
    small()
    github.reopen(item["externalId"])
    small()
    assert "Look here!" not in titles(alice) and "Look here!" in titles(alice, includeDismissed="true")


def test_a_planned_item_keeps_its_block_whatever_happens_upstream(
    alice: Person, github: Provider, small: Callable[[], Outcome]
) -> None:
    item = inbox(alice)[0]
    body = {"date": DAY, "startTime": "09:00", "durationMinutes": 30, "categoryId": category(alice)}
    block = alice.post(f"/inbox/{item['id']}/schedule", body).json["data"]
    assert block["externalId"] == item["externalId"] and block["externalSource"] == "github"
    github.close(item["externalId"])
    small()
    github.reopen(item["externalId"])
    small()
    assert alice.get(f"/blocks/{block['id']}").json["data"] == block
    assert item["id"] not in {each["id"] for each in inbox(alice)}
    alice.delete(f"/blocks/{block['id']}")
    assert item["id"] in {each["id"] for each in inbox(alice)}, "its work is not done, so it waits again"


def test_an_item_that_is_assigned_and_mentioned_comes_once(
    alice: Person, github: Provider, small: Callable[[], Outcome]
) -> None:
    github.control("POST", "/notifications", account="mara", item=inbox(alice)[0]["externalId"], reason="mention")
    small()
    assert len(inbox(alice)) == 30


def test_review_requests_and_mentions_come_and_go(
    alice: Person, github: Provider, small: Callable[[], Outcome]
) -> None:
    review = github.add("Please review", kind="review")
    github.add("What do you think, @mara-lindqvist?", kind="mention")
    assert small().counts.new == 2
    (item,) = [each for each in inbox(alice) if each["title"] == "Please review"]
    assert (item["type"], item["priority"]) == ("task", "high")
    (mention,) = [each for each in inbox(alice) if each["title"].startswith("What do")]
    assert (mention["type"], mention["priority"]) == ("update", "normal")
    github.change(review, reviewer=None)
    thread = next(each["id"] for each in github.control("GET", "/notifications") if each["reason"] == "mention"
                  and each["account"] == "mara" and each["subject"]["title"].startswith("What do"))  # fmt: skip
    github.control("POST", f"/notifications/{thread}", unread=False)
    small()
    assert len(inbox(alice)) == 30


def test_a_member_that_cannot_be_read_is_counted_and_stops_nothing(
    alice: Person, github: Provider, small: Callable[[], Outcome]
) -> None:
    github.add(" ")
    github.add("Readable")
    counts = small().counts
    assert counts.new == 1 and counts.skipped >= 1
    assert "Readable" in titles(alice) and status(alice)["lastRun"]["skipped"] == counts.skipped


@pytest.mark.parametrize("kind", ["duplicates", "update_while_paging", "close_while_paging", "empty_page"])
def test_whatever_lists_do_while_they_are_paged_the_inbox_ends_right(
    alice: Person, github: Provider, kind: str
) -> None:
    github.fill(250)
    github.fault(kind, times=2)
    connect(alice, "github")
    github.fault(kind, times=2)
    github.add("One more")
    sync(integration_id(alice, "github"))
    github.mend()
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=7)):
        sync(integration_id(alice, "github"))
    got = [item["externalId"] for item in inbox(alice)]
    assert len(set(got)) == len(got) and set(got) == open_upstream(github)


def test_an_empty_answer_closes_half_at_most_and_all_come_back(alice: Person, github: Provider) -> None:
    github.fill(100)
    connect(alice, "github")
    github.fault("garbage", body="[]", path="/issues", times=None)
    assert sync(integration_id(alice, "github")).counts.closed == 50
    assert len(inbox(alice)) == 50
    github.mend()
    github.add("Awake again")
    sync(integration_id(alice, "github"))
    assert len(inbox(alice)) == 101


def test_an_answer_that_cannot_be_a_list_closes_nothing(alice: Person, github: Provider) -> None:
    github.fill(40)
    connect(alice, "github")
    for body in ("null", "{}", '"x"', "[", "", "[[]]"):
        github.fault("garbage", body=body, path="/issues", times=1)
        sync(integration_id(alice, "github"))
        assert len(inbox(alice)) >= 20
    assert status(alice)["state"] in ("ok", "retrying")


def test_one_account_is_synced_by_one_at_a_time(alice: Person, github: Provider) -> None:
    github.fill(120)
    connect(alice, "github")
    github.add("While ten look")
    github.fault("delay", seconds=0.7, path="/issues")
    number = integration_id(alice, "github")

    def run() -> Outcome | None:
        try:
            return sync(number)
        except Conflict:
            return None

    outcomes = at_once(*[run] * 10)
    assert len([each for each in outcomes if each is not None]) == 1
    got = [item["externalId"] for item in inbox(alice)]
    assert len(got) == len(set(got)) == 121
    assert sync(number).error is None, "the lease is free again"


def test_ten_syncs_at_once_and_the_clock_between_two_changes_bring_every_item_once(
    alice: Person, github: Provider
) -> None:
    github.fill(500)
    connect(alice, "github")
    number = integration_id(alice, "github")
    sync(number)
    gone = {item["id"] for item in inbox(alice)[:5]}
    for id in gone:
        assert alice.delete(f"/inbox/{id}").status_code == 204
    for item in github.control("GET", "/items?account=mara")[:50]:
        github.change(str(item["id"]), title=f"{item['title']}, once more")
    with db.transaction():
        db.session.get_one(Integration, number).wake()

    def run() -> None:
        with suppress(Conflict):
            sync(number)

    at_once(*[run] * 10, lambda: sync_integration(number))
    sync(number)
    waiting, everything = inbox(alice), titles_of_all(alice)
    upstream = {str(item["id"]): item["title"] for item in github.control("GET", "/items?account=mara")}
    assert len(everything) == 500 and everything == upstream
    assert len(waiting) == 495 and not gone & {item["id"] for item in waiting}


def test_two_users_with_the_same_account_have_their_items_apart(
    alice: Person, bob: Person, github: Provider
) -> None:
    github.fill(5)
    connect(alice, "github")
    connect(bob, "github")
    assert titles(alice) == titles(bob)
    assert not {item["id"] for item in inbox(alice)} & {item["id"] for item in inbox(bob)}
    alice.delete(f"/inbox/{inbox(alice)[0]['id']}")
    assert (len(inbox(alice)), len(inbox(bob))) == (4, 5)


def test_a_manual_sync_beside_a_running_one_is_a_conflict(alice: Person, github: Provider) -> None:
    connect(alice, "github", "jun")
    with db.transaction():
        Integration.of(alice.id, "github").lease()
    answer = alice.post("/integrations/github/sync")
    assert answer.status_code == 409 and answer.json["error"]["code"] == "CONFLICT"


def test_the_lease_of_a_run_that_died_ends_within_half_a_minute(alice: Person, github: Provider) -> None:
    connect(alice, "github", "jun")
    number = integration_id(alice, "github")
    with db.transaction():
        db.session.get_one(Integration, number).lease()
    with pytest.raises(Conflict):
        sync(number)
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=21)):
        assert sync(number).error is None


def test_who_lost_the_lease_writes_nothing_more(alice: Person, github: Provider) -> None:
    github.fill(30)
    connect(alice, "github")
    number = integration_id(alice, "github")
    github.change(inbox(alice)[0]["externalId"], title="Changed")
    github.fault("delay", seconds=1.5, path="/issues")

    def slow() -> str:
        try:
            sync(number)
        except Conflict:
            return "lost"
        return "kept"

    def quick() -> str:
        time.sleep(0.5)
        with db.transaction():
            expired = datetime.now(UTC) - timedelta(seconds=1)
            db.session.execute(update(Integration).where(Integration.id == number).values(lease_until=expired))
        github.mend()
        return f"{sync(number).counts.changed} changed"

    assert at_once(slow, quick) == ["lost", "1 changed"]
    assert status(alice)["state"] == "ok" and status(alice)["lastRun"]["changed"] == 1


def test_a_task_that_is_given_out_again_takes_its_own_lease_over(alice: Person, github: Provider) -> None:
    connect(alice, "github", "jun")
    number = integration_id(alice, "github")
    with db.transaction():
        db.session.get_one(Integration, number).lease("a" * 32)
    with pytest.raises(Conflict), db.transaction():
        db.session.get_one(Integration, number).lease("b" * 32)
    with db.transaction():
        lease = db.session.get_one(Integration, number).lease("a" * 32)
    assert sync(number, lease=lease).error is None


def test_what_was_under_way_when_another_account_came_is_not_filed(alice: Person, github: Provider) -> None:
    github.fill(5, "jun")
    github.fill(30)
    connect(alice, "github", "mara")
    number = integration_id(alice, "github")
    github.add("Of the account that went")
    github.fault("delay", seconds=1.5, path="/issues", account="mara")

    def slow() -> str:
        try:
            sync(number)
        except Conflict:
            return "stopped"
        return "filed"

    def switch() -> str:
        time.sleep(0.5)
        return "connected" if "is connected" in connect(alice, "github", "jun").text else "refused"

    assert at_once(slow, switch) == ["stopped", "connected"]
    assert "Of the account that went" not in titles(alice)
    assert sync(number).counts.synced == 0 and status(alice)["externalUsername"] == "jun-sato"


def test_an_account_that_is_disconnected_in_the_middle_of_a_run_stays_away(alice: Person, github: Provider) -> None:
    github.fill(30)
    connect(alice, "github")
    github.add("Too late")
    github.fault("delay", seconds=1.5, path="/issues")

    def manual() -> tuple[int, str]:
        answer = alice.post("/integrations/github/sync")
        return answer.status_code, answer.json["error"]["code"]

    def disconnect() -> int:
        time.sleep(0.5)
        return alice.delete("/integrations/github").status_code

    assert at_once(manual, disconnect) == [(409, "CONFLICT"), 204]
    assert "Too late" not in titles(alice) and len(inbox(alice)) == 30


def test_when_time_is_up_the_worker_goes_on(
    alice: Person, github: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.connections.FIRST_SYNC_SECONDS", 0.0)
    monkeypatch.setattr("web.tymblok.integrations.settings", settings.model_copy(update={"sync_request_seconds": 0.0}))
    github.fill(350)
    assert "100 items have arrived so far; the rest follows" in connect(alice, "github").text
    number = integration_id(alice, "github")
    assert number in due(), "it is due at once"
    answer = alice.post("/integrations/github/sync").json["data"]
    assert (answer["isComplete"], answer["itemsSynced"]) == (False, 100)
    rest = sync(number)
    assert rest.is_complete and rest.counts.new == 150
    assert {item["externalId"] for item in inbox(alice)} == open_upstream(github)
    assert number not in due()


def test_a_run_that_was_cut_short_resumes_where_it_stopped(alice: Person, github: Provider) -> None:
    github.fill(450)
    github.fault("status", status=500, path="/issues", skip=3, times=1)
    connect(alice, "github")
    assert len(inbox(alice)) == 200
    github.forget_requests()
    assert sync(integration_id(alice, "github")).error is None
    pages = [entry["query"] for entry in github.requests("/issues") if "state=open" in entry["query"]]
    assert "page=3" in pages[0] and not any(query.endswith("page=1") for query in pages[:2])
    assert {item["externalId"] for item in inbox(alice)} == open_upstream(github)


def test_only_accounts_that_are_due_are_announced(alice: Person, github: Provider) -> None:
    connect(alice, "github", "jun")
    number = integration_id(alice, "github")
    assert number not in due()
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=settings.sync_minutes + 2)):
        assert number in due()
        assert number not in due(), "whoever claimed it has half a minute"
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=settings.sync_minutes + 4)):
        assert number in due(), "a lost announcement costs no more than that"


def test_the_account_of_a_deleted_user_is_left_alone(alice: Person, github: Provider) -> None:
    connect(alice, "github", "jun")
    number = integration_id(alice, "github")
    alice.delete("/users/me")
    github.forget_requests()
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1)):
        assert number not in due()
    sync_integration(number)
    assert github.requests() == []


def test_another_users_item_of_the_same_id_is_not_touched(alice: Person, bob: Person, github: Provider) -> None:
    github.fill(3)
    connect(alice, "github")
    connect(bob, "github")
    before = rows(bob)
    github.change(inbox(alice)[0]["externalId"], title="Only alice looked")
    sync(integration_id(alice, "github"))
    assert rows(bob) == before
    with db.transaction(reading=True):
        owners = db.session.execute(
            select(InboxItem.owner_id, Integration.owner_id).join(Integration).where(InboxItem.owner_id == bob.id)
        )
        assert all(mine == whose for mine, whose in owners)
