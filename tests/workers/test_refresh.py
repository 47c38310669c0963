"""Tokens that rotate: one refresh however many ask, and none after the provider said that all is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from connectors import oauth
from models import db
from models.errors import Conflict
from models.integrations import LEASE, Integration
from sandbox.app import Address
from tests.cast import Person
from tests.connect import Provider, connect, integration_id
from tests.parallel import at_once
from tests.post import Post
from tests.workers.due import due
from workers.credentials import credentials_from
from workers.sync import Outcome, sync, sync_integration

ROTATING = ["jira", "linear"]
MANY = 20


@pytest.fixture(params=ROTATING)
def provider(request: pytest.FixtureRequest, sandbox: Address) -> Iterator[Provider]:
    with Provider(sandbox, request.param) as each:
        each.fill(5)
        yield each


def refreshes(provider: Provider) -> list[str]:
    """What the token endpoint was asked for and how that ended."""
    return [entry["note"] for entry in provider.requests() if str(entry["note"]).startswith("refresh_token")]


def try_to_sync(number: int) -> Outcome | None:
    try:
        return sync(number)
    except Conflict:
        return None


@pytest.mark.parametrize("how", ["known by the clock", "found out by a 401"])
def test_twenty_syncs_at_once_refresh_an_expired_token_once(alice: Person, provider: Provider, how: str) -> None:
    if how == "known by the clock":
        provider.control("POST", "/tokens/lifetime", seconds=60)  # less than the ten minutes of grace
    connect(alice, provider.name)
    before = alice.get("/inbox").json["data"]
    number = integration_id(alice, provider.name)
    provider.control("POST", "/tokens/lifetime", seconds=None)
    provider.control("POST", "/tokens/expire", account="mara")
    provider.forget_requests()
    provider.fault("delay", seconds=0.5)  # the one that refreshes is at it while the others come
    outcomes = [each for each in at_once(*[lambda: try_to_sync(number)] * MANY) if each is not None]
    assert outcomes and all(each.error is None for each in outcomes)
    assert refreshes(provider) == ["refresh_token"]
    for _ in range(3):
        assert sync(number).error is None
    assert refreshes(provider) == ["refresh_token"], "what it brought is used from then on"
    assert alice.get("/inbox").json["data"] == before


def test_after_invalid_grant_nobody_asks_until_the_account_is_connected_again(
    alice: Person, provider: Provider, post: Post
) -> None:
    connect(alice, provider.name)
    before = alice.get("/inbox").json["data"]
    number = integration_id(alice, provider.name)
    provider.control("POST", "/tokens/revoke", account="mara")
    assert try_to_sync(number).error.kind == "reconnect"  # type: ignore[union-attr]  # nobody else is at it
    assert refreshes(provider) == ["refresh_token invalid_grant"]
    provider.forget_requests()
    sync_integration(number)
    alice.post(f"/integrations/{provider.name}/sync")
    with time_machine.travel(datetime.now(UTC) + timedelta(days=3)):
        assert number not in due()
        sync_integration(number)
    assert provider.requests() == []
    post.deliver(alice.email)
    assert len(post.to(alice.email, f"Daybook lost its access to {provider.name}")) == 1
    (shown,) = alice.get("/integrations").json["data"]
    assert (shown["state"], shown["nextSyncAt"]) == ("needs_reconnect", None)
    assert alice.get("/inbox").json["data"] == before != [], "what came before stays"
    connect(alice, provider.name)
    assert sync(number).error is None


@pytest.mark.parametrize("died", ["before it asked", "with what it got"])
def test_a_killed_holder_of_the_lock_costs_one_more_question_at_most(
    alice: Person, provider: Provider, died: str
) -> None:
    connect(alice, provider.name)
    number = integration_id(alice, provider.name)
    provider.control("POST", "/tokens/expire", account="mara")
    with db.transaction():
        integration = db.session.get_one(Integration, number)
        integration.lease()
        held = credentials_from(integration.credentials)
    if died == "with what it got":
        oauth.refresh(provider.name, held)
    assert try_to_sync(number) is None, "its lease still stands"
    provider.forget_requests()
    with time_machine.travel(datetime.now(UTC) + LEASE + timedelta(seconds=1)):
        outcome = try_to_sync(number)
        asked = refreshes(provider)
        assert outcome is not None and len(asked) == 1
        (shown,) = alice.get("/integrations").json["data"]
        if died == "before it asked":
            assert (outcome.error, shown["state"]) == (None, "ok")
        else:
            assert shown["state"] == "needs_reconnect" and "connect" in shown["lastSyncError"]
        sync_integration(number)
        assert refreshes(provider) == asked, "nobody asks again and again"
