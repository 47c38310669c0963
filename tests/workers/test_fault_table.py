"""The fault table through the worker: an account ends right, or says what is wrong and ends right when mended."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from connectors.faults import NAMES
from connectors.registry import CONNECTORS
from models import db
from models.errors import Conflict
from models.inbox import InboxItem
from models.integrations import PROVIDERS, Integration
from sandbox.app import Address
from tests.cast import Person
from tests.connect import Provider, connect, integration_id
from tests.connectors.conftest import Inbox
from tests.fault_table import FAULTS, WHILE_PAGING, impatient
from workers.credentials import credentials_from
from workers.sync import sync

FEW, MORE_THAN_A_PAGE = 4, {"google-calendar": 260}


@pytest.fixture(params=PROVIDERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def provider(sandbox: Address, name: str) -> Iterator[Provider]:
    with Provider(sandbox, name) as each:
        if name == "github":
            each.control("POST", "/rate", resource="search", limit=1_000_000)
        yield each


@pytest.fixture
def unread(alice: Person, name: str, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> int:
    """An account that is connected and was never synced, by its number."""

    def busy(*_: Any) -> None:
        raise Conflict("A worker was quicker")

    monkeypatch.setattr("workers.connections.sync", busy)
    assert connect(alice, name).status_code == 200
    return integration_id(alice, name)


def kept(number: int) -> dict[str, str]:
    """What is open here: id → title. Twice the same id cannot be stored."""
    waiting = select(InboxItem.external_id, InboxItem.title).where(
        InboxItem.integration_id == number, InboxItem.closed_at.is_(None)
    )
    with db.transaction(reading=True):
        return {row.external_id: row.title for row in db.session.execute(waiting)}


def upstream(number: int, name: str) -> dict[str, str]:
    """What a new and undisturbed reader finds: id → title."""
    with db.transaction(reading=True):
        credentials = credentials_from(db.session.get_one(Integration, number).credentials)
    return {id: item.title for id, item in Inbox().run(CONNECTORS[name], credentials).items.items()}


def run(alice: Person, number: int, name: str, provider: Provider, spec: dict[str, Any]) -> str | None:
    """One sync under a fault, and what a person is told; then without it, until all is well."""
    before = kept(number)
    provider.fault(account="mara", **spec)
    with impatient(spec):
        outcome = sync(number)
    fault_left = provider.control("GET", "/faults")
    provider.mend()
    (shown,) = alice.get("/integrations").json["data"]
    if outcome.error is None:
        assert (shown["state"], shown["lastSyncError"]) == ("ok", None)
    else:
        assert shown["state"] in ("retrying", "needs_reconnect")
        assert NAMES[name] in shown["lastSyncError"] and shown["lastSyncError"].endswith(".")
        assert (shown["nextSyncAt"] is None) == (shown["state"] == "needs_reconnect")
        assert before.keys() <= kept(number).keys(), "a failure takes nothing away"
        if shown["state"] == "needs_reconnect":
            connect(alice, name)
        number = integration_id(alice, name)
        assert sync(number).error is None
    if any(fault["kind"] in ("update_while_paging", "close_while_paging") for fault in fault_left):
        sync(number)  # what changed after its page was read is the next run's
    assert kept(number) == upstream(number, name) != {}
    return outcome.error.kind if outcome.error else None


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_ends_with_the_right_items(
    alice: Person,
    name: str,
    provider: Provider,
    unread: int,
    fault: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    spec = FAULTS[fault]
    provider.fill(MORE_THAN_A_PAGE.get(name, 110) if spec["kind"] in WHILE_PAGING else FEW)
    for moment in ("the first run", "a later one"):
        if moment == "a later one":
            provider.fill(2, keep=True)
        kind = run(alice, unread, name, provider, spec)
        if fault == "a 401":
            may_refresh = name in ("jira", "google-calendar", "linear")
            assert kind == (None if may_refresh else "reconnect")
        elif spec["kind"] not in WHILE_PAGING:
            assert kind == "later", f"{moment} must have met the fault"
    assert not [entry for entry in caplog.records if entry.exc_info or entry.levelno >= logging.ERROR]
