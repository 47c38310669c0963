"""All six providers, connected by the documented calls alone: what arrives, what an unchanged account costs, pushes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from sqlalchemy import select, text

from models import db
from models.channels import PushChannel
from models.integrations import PROVIDERS, Integration
from sandbox.app import Address
from settings import settings
from tests.cast import Person
from tests.connect import Provider, connect, integration_id
from tests.served import Served, served
from tests.workers.revoke import revoke_all
from workers.channels import renew
from workers.sync import sync

Arrival = tuple[str, str, str, str]
"""Source, type, priority, title."""

SOON = (datetime.now(UTC) + timedelta(days=2)).replace(hour=14, minute=0, second=0, microsecond=0)
CHEAP = {"github": 3, "jira": 2, "google-calendar": 3, "slack": 5, "notion": 1, "linear": 1}
"""Requests that an unchanged account costs: one for each list that the provider has, conditional where there is such.

Google asks for each calendar's changes and for Drive's; Slack has three searches and two lists."""


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest, sandbox: Address) -> Iterator[Provider]:
    """Each provider in turn, as on its first day."""
    with Provider(sandbox, request.param) as each:
        yield each


@pytest.fixture
def name(provider: Provider) -> str:
    """How an integration calls it."""
    return "google-calendar" if provider.name == "google" else provider.name


def inbox(person: Person) -> list[dict[str, Any]]:
    return person.get("/inbox", pageSize="1000").json["data"]


def arrived(person: Person) -> set[Arrival]:
    items = inbox(person)
    assert len({item["externalId"] for item in items}) == len(items), "an item came twice"
    return {(item["source"], item["type"], item["priority"], item["title"]) for item in items}


def integration(person: Person, name: str) -> Integration:
    with db.transaction(reading=True):
        return Integration.of(person.id, name)


def versions(person: Person) -> list[Any]:
    """The rows of the inbox as they stand, with the transaction that wrote each where PostgreSQL tells."""
    version = "updated_at" if settings.on_sqlite else "xmin::text"
    statement = f"SELECT id, external_id, content_hash, {version} FROM inbox_items WHERE owner_id = :id ORDER BY 1"
    with db.transaction(reading=True):
        return list(db.session.execute(text(statement), {"id": person.id}))


# -- what arrives


def work_at_github(at: Provider) -> set[Arrival]:
    at.add("An issue", "olena")
    at.add("An urgent issue", "olena", labels=["priority: high"])
    at.add("A pull request", "olena", kind="pull")
    at.add("A review", "olena", kind="review")
    at.add("A question", "olena", kind="mention")
    at.add("Somebody else's", "jun")
    at.close(at.add("Done before", "olena"))
    return {
        ("github", "task", "normal", "An issue"),
        ("github", "task", "normal", "An urgent issue"),
        ("github", "task", "normal", "A pull request"),
        ("github", "task", "high", "A review"),
        ("github", "update", "normal", "A question"),
    }


def work_at_jira(at: Provider) -> set[Arrival]:
    for priority in ("Highest", "High", "Medium", "Low"):
        at.add(f"An issue of priority {priority}", "olena", priority=priority)
    at.add("Look at this", mention="olena")
    at.add("Somebody else's", "jun")
    at.close(at.add("Done before", "olena"))
    return {
        ("jira", "task", "high", "An issue of priority Highest"),
        ("jira", "task", "high", "An issue of priority High"),
        ("jira", "task", "normal", "An issue of priority Medium"),
        ("jira", "task", "normal", "An issue of priority Low"),
        ("jira", "update", "normal", "Look at this"),
    }


def work_at_google(at: Provider) -> set[Arrival]:
    at.add("A meeting", "olena", start=SOON.isoformat())
    at.add("A holiday", "olena", start=SOON.date().isoformat())
    at.add("Next year", "olena", start=(SOON + timedelta(days=300)).isoformat())
    at.close(at.add("Called off", "olena", start=SOON.isoformat()))
    file = at.add("A draft", "olena", kind="file")
    at.control("POST", "/items", kind="comment", account="olena", file=file, text="What do you think?")
    at.control("POST", "/items", kind="comment", account="olena", file=file, text="Please finish it", assign=True)
    return {
        ("google-calendar", "event", "normal", "A meeting"),
        ("google-calendar", "event", "normal", "A holiday"),
        ("google-drive", "update", "normal", "A draft"),
        ("google-drive", "update", "normal", "What do you think?"),
        ("google-drive", "task", "normal", "Please finish it"),
    }


def work_at_slack(at: Provider) -> set[Arrival]:
    at.add("can you look?", "olena")
    at.add("Lunch?", "olena", kind="dm")
    at.control("POST", "/items", account="olena", kind="reminder", text="Call the harbour")
    at.add("Read this later", "olena", kind="saved")
    at.add("just talk", "olena", kind="talk")
    answered = at.add("answered by now", "olena")
    at.change(answered, reply="Yes", account="olena")
    return {
        ("slack", "update", "normal", "@you can you look?"),
        ("slack", "update", "normal", "Lunch?"),
        ("slack", "reminder", "normal", "Call the harbour"),
        ("slack", "task", "normal", "Read this later"),
    }


def work_at_notion(at: Provider) -> set[Arrival]:
    at.add("A page", "olena")
    at.add("A page of high priority", "olena", priority="High")
    at.add("In another database", "olena", database="Content calendar")
    at.add("Somebody else's", "jun")
    at.close(at.add("Done before", "olena"))
    at.change(at.add("Thrown away", "olena"), in_trash=True)
    return {
        ("notion", "task", "normal", "A page"),
        ("notion", "task", "high", "A page of high priority"),
        ("notion", "task", "normal", "In another database"),
    }


def work_at_linear(at: Provider) -> set[Arrival]:
    for priority in range(5):
        at.add(f"Of priority {priority}", "olena", priority=priority)
    at.add("Somebody else's", "jun")
    at.close(at.add("Done before", "olena"))
    at.change(at.add("Archived", "olena"), archived=True)
    return {("linear", "task", "high" if p in (1, 2) else "normal", f"Of priority {p}") for p in range(5)}


WORK: dict[str, Callable[[Provider], set[Arrival]]] = {
    "github": work_at_github,
    "jira": work_at_jira,
    "google": work_at_google,
    "slack": work_at_slack,
    "notion": work_at_notion,
    "linear": work_at_linear,
}


def test_what_waits_at_a_provider_arrives_and_nothing_else(alice: Person, provider: Provider, name: str) -> None:
    expected = WORK[provider.name](provider)
    assert connect(alice, name, "olena").status_code == 200
    assert arrived(alice) == expected
    (shown,) = alice.get("/integrations").json["data"]
    assert (shown["provider"], shown["state"], shown["lastSyncError"]) == (name, "ok", None)
    assert shown["lastRun"]["new"] == len(expected) and shown["lastSyncAt"] is not None


def waiting_at(provider: Provider) -> set[str]:
    """Ids of what is mara's and not done, by the word of the sandbox's control; without mentions and reviews."""
    listed = provider.control("GET", "/items?account=mara")
    ended = (True, "Done", "Canceled", "Rejected", "closed")
    mine = [item for item in listed if provider.name != "github" or "mara" in item["assignees"]]
    gone = [item for item in mine if item.get("in_trash") or item.get("archived")]
    return {str(item["id"]) for item in mine if item not in gone and item.get("status", item.get("state")) not in ended}


@pytest.mark.parametrize("which", ["github", "jira", "notion", "linear"])
def test_a_full_account_arrives_whole(alice: Person, sandbox: Address, which: str) -> None:
    with Provider(sandbox, which) as provider:
        connect(alice, which)
        reviews = {"github": "high"}.get(which)  # GitHub's own work has no priority; what waits for a review has
        tasks = [item for item in inbox(alice) if item["type"] == "task" and item["priority"] != reviews]
        ids = [item["externalId"].rpartition("/")[2] for item in tasks]
        assert len(ids) == len(set(ids)) > 10
        assert set(ids) == waiting_at(provider)


# -- what stays, and what goes


def test_an_unchanged_account_is_cheap_and_no_row_is_rewritten(alice: Person, provider: Provider, name: str) -> None:
    connect(alice, name)
    before, shown = versions(alice), inbox(alice)
    assert len(before) > 10
    for _ in range(2):
        provider.forget_requests()
        answer = alice.post(f"/integrations/{name}/sync")
        assert answer.json["data"]["itemsSynced"] == 0 and answer.json["data"]["isComplete"] is True
        assert len(provider.requests()) <= CHEAP[name]
    assert versions(alice) == before and inbox(alice) == shown


def test_a_disconnect_gives_the_tokens_back_and_keeps_the_items(alice: Person, provider: Provider, name: str) -> None:
    connect(alice, name)
    before = arrived(alice)
    assert alice.delete(f"/integrations/{name}").status_code == 204
    provider.forget_requests()
    revoke_all()
    assert arrived(alice) == before
    assert alice.get("/integrations").json["data"] == []
    if name in ("jira", "notion"):  # no such address: the consent is taken back in their own settings
        return
    revoked = [grant for grant in provider.control("GET", "/tokens") if grant["is_revoked"]]
    assert revoked and all(grant["account"] == "mara" for grant in revoked[-1:])


def test_a_disconnect_takes_the_items_along_where_that_is_asked_for(
    alice: Person, provider: Provider, name: str
) -> None:
    connect(alice, name)
    assert inbox(alice)
    assert alice.delete(f"/integrations/{name}?items=remove").status_code == 204
    assert inbox(alice) == []


# -- pushes


@pytest.fixture(scope="module")
def web(sandbox: Address) -> Iterator[Served]:
    """The web in a process of its own, to which every stand-in pushes what changes."""
    stands = sandbox.app.extensions["sandbox"].stands.values()
    with served() as running:
        for stand in stands:
            stand.sender.base = running.http
        yield running
        for stand in stands:
            stand.sender.base = None


def announced() -> list[int]:
    """Which accounts the workers were told to sync since this was last asked, from the broker itself."""
    broker = redis.Redis.from_url(settings.redis_url)
    messages = [json.loads(each) for each in broker.lrange("sync", 0, -1)]
    broker.delete("sync")
    bodies = [message["headers"]["argsrepr"] for message in messages]
    return [int(arguments.strip("(),")) for arguments in bodies]


def wait_for_push(person: Person, name: str, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while integration(person, name).woken_at is None:
        assert time.monotonic() < deadline, "no push arrived"
        time.sleep(0.02)


def test_a_change_upstream_wakes_one_sync_and_is_in_the_inbox(
    alice: Person, provider: Provider, name: str, web: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.channels.settings", settings.model_copy(update={"public_url": web.http}))
    connect(alice, name, "olena")
    number = integration_id(alice, name)
    if name == "google-calendar":
        assert renew(number) == 2, "the calendar and the files are watched"
        time.sleep(0.3)  # both channels are greeted
    announced()
    for word in ("first", "second", "third"):
        provider.add(f"The {word} of three", "olena")
    wait_for_push(alice, name)
    told: list[int] = []
    deadline = time.monotonic() + 10
    while not told and time.monotonic() < deadline:
        time.sleep(0.5)
        told += [each for each in announced() if each == number]
    assert told == [number], "three deliveries, one sync"
    assert sync(number).counts.new == 3
    assert {"first", "second", "third"} == {title.split()[-3] for _, _, _, title in arrived(alice)}
    assert integration(alice, name).woken_at is None
    if name == "google-calendar":
        alice.delete(f"/integrations/{name}")
        revoke_all()
        assert provider.control("GET", "/channels") == []
        with db.transaction(reading=True):
            assert db.session.scalars(select(PushChannel).where(PushChannel.integration_id == number)).all() == []
