"""Connected accounts through Tymblok's door."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine

from models.integrations import Integration
from tests.cast import Person, transaction
from tests.connect import Provider, connect
from tests.parallel import at_once
from tests.web.tymblok.test_auth import error

KEYS = {
    "id", "provider", "externalUsername", "externalAvatarUrl", "lastSyncAt", "lastSyncError", "createdAt", "state",
    "nextSyncAt", "lastRun",
}  # fmt: skip
OPERATIONS = [("POST", "/integrations/{}/connect"), ("DELETE", "/integrations/{}"), ("POST", "/integrations/{}/sync")]


def test_nobody_begins_with_a_connected_account(alice: Person) -> None:
    assert alice.get("/integrations").json["data"] == []


def test_connecting_answers_with_the_address_and_its_state(alice: Person, sandbox: str) -> None:
    data = alice.post("/integrations/github/connect").json["data"]
    assert set(data) == {"authUrl", "state"}
    assert parse_qs(urlsplit(data["authUrl"]).query)["state"] == [data["state"]]
    assert data["authUrl"].startswith(f"{sandbox}/github/login/oauth/authorize?")


def test_a_connected_account_is_listed_as_documented(alice: Person, github: Provider) -> None:
    connect(alice, "github", "jun")
    (integration,) = alice.get("/integrations").json["data"]
    assert set(integration) == KEYS
    assert integration["lastSyncAt"].endswith("Z") and integration["createdAt"].endswith("Z")


def test_a_manual_sync_tells_how_many_items_are_new_or_changed(alice: Person, github: Provider) -> None:
    connect(alice, "github", "jun")
    first = alice.post("/integrations/github/sync").json["data"]
    assert set(first) == {"itemsSynced", "lastSyncAt", "isComplete"} and first["itemsSynced"] == 0
    github.add("One", "jun")
    github.add("Two", "jun")
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=5)):
        second = alice.post("/integrations/github/sync").json["data"]
    assert second["itemsSynced"] == 2 and second["lastSyncAt"] > first["lastSyncAt"]
    assert alice.get("/integrations").json["data"][0]["lastSyncAt"] == second["lastSyncAt"]


@pytest.mark.parametrize("provider", ["nobody", "GitHub", "google-drive", "github%00", "..%2f..", "github "])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_an_unknown_provider_is_not_found(alice: Person, provider: str, method: str, path: str) -> None:
    assert error(alice.call(method, path.format(provider))) == (404, "NOT_FOUND")


@pytest.mark.parametrize("provider", ["github", "jira", "google-calendar", "slack", "notion", "linear"])
def test_what_is_not_connected_is_not_found(alice: Person, provider: str) -> None:
    assert error(alice.delete(f"/integrations/{provider}")) == (404, "NOT_FOUND")
    assert error(alice.post(f"/integrations/{provider}/sync")) == (404, "NOT_FOUND")


def test_a_wrong_answer_to_what_happens_with_the_items_disconnects_nothing(alice: Person, github: Provider) -> None:
    connect(alice, "github", "jun")
    assert error(alice.call("DELETE", "/integrations/github?items=burn")) == (400, "VALIDATION_ERROR")
    assert len(alice.get("/integrations").json["data"]) == 1


def test_another_users_account_does_not_exist(alice: Person, bob: Person, github: Provider) -> None:
    connect(alice, "github", "jun")
    before = alice.get("/integrations").json["data"]
    assert bob.get("/integrations").json["data"] == []
    assert error(bob.post("/integrations/github/sync")) == (404, "NOT_FOUND")
    assert error(bob.delete("/integrations/github")) == (404, "NOT_FOUND")
    assert alice.get("/integrations").json["data"] == before


def store(person: Person, provider: str) -> None:
    """Connect an account of a provider at the core, without any provider."""
    with transaction():
        from models.users import User

        owner = User.by_email(person.email)
        assert owner is not None
        Integration.connect(
            owner, provider, account="1", username=None, avatar_url=None, credentials={"access_token": "t"},
            expires_at=None,
        )  # fmt: skip


def test_a_free_plan_asks_for_no_second_consent(alice: Person, github: Provider) -> None:
    store(alice, "jira")
    answer = alice.post("/integrations/github/connect")
    assert error(answer) == (403, "FORBIDDEN") and "1 connected integration" in answer.json["error"]["message"]
    alice.upgrade("pro_yearly")
    assert alice.post("/integrations/github/connect").status_code == 200


def test_a_free_plan_ends_with_one_account_also_when_two_come_back_at_once(alice: Person) -> None:
    from models.errors import LimitReached

    def attempt(provider: str) -> str:
        try:
            store(alice, provider)
        except LimitReached:
            return "refused"
        return "stored"

    names = ("github", "jira", "slack", "notion", "linear", "google-calendar")
    outcomes = at_once(*[lambda name=name: attempt(name) for name in names])
    assert sorted(outcomes) == ["refused"] * 5 + ["stored"]
    assert len(alice.get("/integrations").json["data"]) == 1


def test_a_consent_that_comes_back_after_the_plan_is_full_stores_nothing(alice: Person, github: Provider) -> None:
    from tests.connect import come_back, consent

    address = alice.post("/integrations/github/connect").json["data"]["authUrl"]
    store(alice, "jira")
    page = come_back(alice, consent(address))
    assert page.status_code == 403 and "Pro plan" in page.text
    assert [each["provider"] for each in alice.get("/integrations").json["data"]] == ["jira"]


def test_nothing_secret_is_ever_shown(alice: Person, github: Provider) -> None:
    page = connect(alice, "github")
    for answer in (page, alice.get("/integrations"), alice.get("/inbox"), alice.post("/integrations/github/sync")):
        assert "gho_" not in answer.text and "sealed" not in answer.text
