"""Connecting and disconnecting an account, through the consent page and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import time_machine
from werkzeug.test import TestResponse

from tests.cast import Person
from tests.connect import Provider, come_back, connect, consent, integration_id
from tests.parallel import at_once
from tests.web.tymblok.test_blocks import DAY, category
from tests.workers.revoke import forget_all, revoke_all, waiting
from workers.sync import sync


@pytest.fixture(autouse=True)
def _nothing_to_give_back() -> None:
    forget_all()


def inbox(person: Person, **query: str) -> list[dict]:
    return person.get("/inbox", pageSize="1000", **query).json["data"]


def ask(person: Person, **body: str) -> str:
    answer = person.post("/integrations/github/connect", body)
    assert answer.status_code == 200, answer.text
    return answer.json["data"]["authUrl"]


def connected(person: Person) -> list[dict]:
    return person.get("/integrations").json["data"]


def refused(answer: TestResponse, status: int = 400) -> bool:
    return answer.status_code == status and "was not connected" in answer.text


def test_consent_brings_the_account_and_its_items(alice: Person, github: Provider) -> None:
    page = connect(alice, "github")
    assert page.status_code == 200 and "GitHub is connected" in page.text
    assert alice.email in page.text and "mara-lindqvist" in page.text
    (integration,) = connected(alice)
    assert integration["provider"] == "github" and integration["externalUsername"] == "mara-lindqvist"
    assert integration["externalAvatarUrl"] and integration["lastSyncAt"] and integration["lastSyncError"] is None
    items = inbox(alice)
    assert f"{len(items)} items have arrived" in page.text and len(items) > 50
    assert {item["type"] for item in items} == {"task", "update"}
    reviews = [item for item in items if item["priority"] == "high"]
    assert reviews and all("/pull/" in item["externalUrl"] for item in reviews)
    assert all(item["source"] == "github" and item["externalId"].isdigit() for item in items)


def test_consent_is_asked_with_pkce_and_a_state_of_its_own(alice: Person, github: Provider) -> None:
    first, second = (parse_qs(urlsplit(ask(alice)).query) for _ in range(2))
    assert first["code_challenge_method"] == ["S256"] and len(first["code_challenge"][0]) == 43
    assert first["redirect_uri"] == ["http://daybook.test/oauth/github/callback"]
    assert first["state"] != second["state"] and first["code_challenge"] != second["code_challenge"]
    assert len(first["state"][0]) >= 43


def test_no_consent_connects_nothing(alice: Person, github: Provider) -> None:
    page = come_back(alice, consent(ask(alice), decision="deny"))
    assert "was not connected" in page.text and connected(alice) == []


def test_a_state_is_good_once(alice: Person, github: Provider) -> None:
    back = consent(ask(alice))
    assert come_back(alice, back).status_code == 200
    github.forget_requests()
    assert refused(come_back(alice, back))
    assert github.requests() == []


def test_a_state_is_good_for_ten_minutes(alice: Person, github: Provider) -> None:
    back = consent(ask(alice))
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=10, seconds=1)):
        assert refused(come_back(alice, back))
    assert connected(alice) == []


def test_a_state_is_good_for_its_provider_alone(alice: Person, github: Provider) -> None:
    back = consent(ask(alice)).replace("/oauth/github/", "/oauth/jira/")
    assert refused(come_back(alice, back))
    assert connected(alice) == []


@pytest.mark.parametrize("state", ["", "guessed", "x" * 5000, "\0", "\ud800", "' OR 1=1 --"])
def test_a_state_that_nobody_gave_out_is_refused(alice: Person, github: Provider, state: str) -> None:
    query = urlencode({"code": "c", "state": state.encode("utf-8", "surrogatepass")})
    assert refused(come_back(alice, f"http://daybook.test/oauth/github/callback?{query}"))
    assert github.requests() == []


def test_two_browsers_with_one_state_connect_once(alice: Person, github: Provider) -> None:
    back = consent(ask(alice))
    pages = at_once(*[lambda: come_back(alice, back)] * 5)
    assert sorted(page.status_code for page in pages) == [200, 400, 400, 400, 400]
    assert len([entry for entry in github.requests("/login/oauth/access_token") if entry["method"] == "POST"]) == 1


def test_the_state_belongs_to_who_asked(alice: Person, bob: Person, github: Provider) -> None:
    come_back(bob, consent(ask(alice)))
    assert len(connected(alice)) == 1 and connected(bob) == []


def test_an_allowed_address_gets_the_browser_in_the_end(alice: Person, github: Provider) -> None:
    back = come_back(alice, consent(ask(alice, redirectUri="https://app.example.com/done")))
    target = urlsplit(back.headers["Location"])
    assert back.status_code == 302 and target._replace(query="").geturl() == "https://app.example.com/done"
    assert parse_qs(target.query)["provider"] == ["github"]


def test_an_address_with_a_query_of_its_own_keeps_it(alice: Person, github: Provider) -> None:
    back = come_back(alice, consent(ask(alice, redirectUri="http://daybook.test/app?paid")))
    assert back.headers["Location"].startswith("http://daybook.test/app?paid&provider=github&items=")


@pytest.mark.parametrize(
    "address",
    [
        "https://app.example.com.evil.tld/done",
        "https://app.example.com@evil.tld/done",
        "https://ok@app.example.com/done",
        "//app.example.com/done",
        "https:\\\\app.example.com\\done",
        "https://app.example.com%2fdone",
        "https://app.example.com:444/done",
        "http://app.example.com/done",
        "https://app.example.com/done/../x",
        "https://app.example.com/done?next=https://evil.tld",
        "https://app.example.com/done#x",
        "https://APP.example.com/done",
        "https://app.exаmple.com/done",
        "https://app.example.com/done\r\nLocation: https://evil.tld",
        "javascript:alert(1)",
        "tymblok://auth/callback/more",
    ],
)
def test_no_other_address_ever_gets_the_browser(alice: Person, sandbox: str, address: str) -> None:
    answer = alice.post("/integrations/github/connect", {"redirectUri": address})
    assert answer.status_code == 400 and answer.json["error"]["code"] == "VALIDATION_ERROR"
    assert answer.json["error"]["details"][0]["field"] == "redirectUri"


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("status", {"status": 500}),
        ("html", {"status": 502}),
        ("garbage", {}),
        ("empty", {}),
        ("reset", {}),
        ("status", {"status": 429, "retry_after": 30}),
    ],
)
@pytest.mark.parametrize("path", ["/login/oauth/access_token", "/user"])
def test_a_provider_that_fails_while_connecting_stores_nothing(
    alice: Person, github: Provider, kind: str, options: dict, path: str
) -> None:
    back = consent(ask(alice))
    github.fault(kind, path=path, **options)
    assert refused(come_back(alice, back), 502)
    assert connected(alice) == []
    github.mend()
    assert connect(alice, "github").status_code == 200, "it works the next time"


def test_a_code_that_the_provider_refuses_connects_nothing(alice: Person, github: Provider) -> None:
    back = urlsplit(consent(ask(alice)))
    query = {**{name: value[0] for name, value in parse_qs(back.query).items()}, "code": "guessed"}
    assert refused(come_back(alice, back._replace(query=urlencode(query)).geturl()), 502)
    assert connected(alice) == []


def test_a_free_plan_connects_one_account(alice: Person, github: Provider) -> None:
    connect(alice, "github")
    assert connect(alice, "github", "jun").status_code == 200, "the same provider is no second one"
    (integration,) = connected(alice)
    assert integration["externalUsername"] == "jun-sato"


def test_disconnecting_keeps_the_items_and_gives_the_tokens_back(alice: Person, github: Provider) -> None:
    connect(alice, "github")
    before = inbox(alice)
    assert alice.delete("/integrations/github").status_code == 204
    assert connected(alice) == [] and inbox(alice) == before
    living = [grant for grant in github.control("GET", "/tokens") if not grant["is_revoked"]]
    assert revoke_all() == 1
    after = [grant for grant in github.control("GET", "/tokens") if not grant["is_revoked"]]
    assert len(living) - len(after) == 1
    assert alice.delete("/integrations/github").status_code == 404


def test_the_tokens_of_an_account_that_is_replaced_are_given_back(alice: Person, github: Provider) -> None:
    connect(alice, "github", "mara")
    connect(alice, "github", "mara")
    assert waiting() == [], "the same account again: its provider may take both consents for one"
    connect(alice, "github", "jun")
    assert revoke_all() == 1
    assert inbox(alice) and alice.post("/integrations/github/sync").status_code == 200


def test_tokens_are_given_back_later_where_the_provider_is_down(alice: Person, github: Provider) -> None:
    connect(alice, "github")
    alice.delete("/integrations/github")
    github.fault("status", times=1)
    assert revoke_all() == 0 and len(waiting()) == 1
    assert waiting()[0].attempts == 1 and waiting()[0].run_at > datetime.now(UTC)
    assert revoke_all() == 1 and waiting() == []


def test_disconnecting_may_remove_the_items(alice: Person, github: Provider) -> None:
    alice.post("/inbox", {"title": "Mine"})
    connect(alice, "github")
    assert alice.call("DELETE", "/integrations/github?items=remove").status_code == 204
    assert [item["title"] for item in inbox(alice)] == ["Mine"]


def test_removing_the_items_leaves_the_blocks_that_came_of_them(alice: Person, github: Provider) -> None:
    connect(alice, "github")
    item = inbox(alice)[0]
    body = {"date": DAY, "startTime": "09:00", "durationMinutes": 30, "categoryId": category(alice)}
    block = alice.post(f"/inbox/{item['id']}/schedule", body).json["data"]
    assert alice.call("DELETE", "/integrations/github?items=remove").status_code == 204
    assert alice.get(f"/blocks/{block['id']}").json["data"]["externalUrl"] == item["externalUrl"]
    assert inbox(alice, includeDismissed="true") == []


def test_connecting_again_takes_back_the_items_that_stayed(alice: Person, github: Provider) -> None:
    connect(alice, "github")
    before = inbox(alice)
    alice.delete(f"/inbox/{before[0]['id']}")
    alice.delete("/integrations/github")
    github.add("Written while nobody looked")
    connect(alice, "github")
    after = inbox(alice)
    assert len(after) == len(before), "one dismissed, one new"
    assert {item["id"] for item in after} >= {item["id"] for item in before[1:]}, "and nothing doubled"


def test_another_account_of_the_provider_does_not_mix_with_the_first(alice: Person, github: Provider) -> None:
    connect(alice, "github", "mara")
    maras = {item["id"] for item in inbox(alice)}
    connect(alice, "github", "jun")
    both = {item["id"] for item in inbox(alice)}
    assert both > maras, "what mara's account brought stays, jun's items arrived"
    alice.delete("/integrations/github")
    connect(alice, "github", "jun")
    assert {item["id"] for item in inbox(alice)} == both, "each account takes back its own alone"
    items = github.control("GET", "/items?account=mara")
    github.close(str(next(item["id"] for item in items if item["state"] == "open" and item["assignees"])))
    connect(alice, "github", "mara")
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=2)):
        sync(integration_id(alice, "github"))
    assert len(both - {item["id"] for item in inbox(alice)}) == 1, "and its next sweep hears what was closed meanwhile"


def test_a_deleted_user_connects_nothing(alice: Person, github: Provider) -> None:
    back = consent(ask(alice))
    assert alice.delete("/users/me").status_code == 200
    assert refused(come_back(alice, back))


def test_credentials_are_unreadable_in_the_database(alice: Person, github: Provider) -> None:
    from sqlalchemy import text

    from models import db

    connect(alice, "github")
    with db.transaction(reading=True):
        row = db.session.execute(
            text("SELECT * FROM integrations WHERE id = :id"), {"id": integration_id(alice, "github")}
        ).one()
    assert "gho_" not in str(row)
