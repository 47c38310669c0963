"""The fault table: whatever a provider does, a run ends with the right items, or with a plain message and heals."""

from __future__ import annotations

import logging
from typing import Any

import httpx2
import pytest

import connectors.transport
from connectors.base import ConnectorError
from connectors.faults import NAMES
from connectors.registry import CONNECTORS
from tests.connectors.conftest import Inbox

FAULTS: dict[str, dict[str, Any]] = {
    "a 500": {"kind": "status", "status": 500},
    "a 503 with Retry-After": {"kind": "status", "status": 503, "retry_after": 7},
    "an HTML 502": {"kind": "html"},
    "a 429": {"kind": "rate_limit", "status": 429, "retry_after": 7},
    "a spent quota": {"kind": "rate_limit"},
    "a secondary limit": {"kind": "secondary_limit", "retry_after": 7},
    "a reset in the body": {"kind": "reset"},
    "a short body": {"kind": "short"},
    "truncated JSON": {"kind": "truncated"},
    "broken JSON": {"kind": "garbage"},
    "an empty body": {"kind": "empty"},
    "a 401": {"kind": "unauthorized"},
    "a time-out": {"kind": "timeout", "seconds": 1.0},
    "duplicates across pages": {"kind": "duplicates"},
    "an update while paging": {"kind": "update_while_paging"},
    "a close while paging": {"kind": "close_while_paging"},
    "an empty page with a next one": {"kind": "empty_page"},
    "a stale cursor": {"kind": "stale_cursor"},
}
SANDBOX = {"google-calendar": "google"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(connectors.transport, "READ_SECONDS", 0.5)


def attempt(connector: Any, inbox: Inbox, credentials: Any) -> ConnectorError | None:
    try:
        inbox.run(connector, credentials)
    except ConnectorError as error:
        return error
    return None


@pytest.mark.parametrize("when", ["first", "next"])
@pytest.mark.parametrize("skip", [0, 1, 2])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("provider", CONNECTORS)
def test_every_fault_is_survived(sandbox, connect, caplog, provider, fault, skip, when):
    connector, stand = CONNECTORS[provider], SANDBOX.get(provider, provider)
    control = httpx2.Client(base_url=f"{sandbox}/{stand}/_control", timeout=10)
    control.post("/reset")
    credentials = connect(provider)
    inbox = Inbox()
    if when == "next":
        inbox.run(connector, credentials)
    spec = FAULTS[fault]
    assert control.post("/faults", json={**spec, "skip": skip, "account": "mara"}).status_code == 201
    error = attempt(connector, inbox, credentials)
    control.delete("/faults")
    if error is not None:
        assert NAMES[provider] in error.message and error.message.endswith(".") and "Traceback" not in error.message
        if "retry_after" in spec and spec["kind"] != "status":
            assert (error.kind, error.retry_after) == ("later", 7)
        elif fault == "a 401":
            assert error.kind == "reconnect"
        else:
            assert error.kind == "later"
        assert attempt(connector, inbox, credentials) is None
    fresh = Inbox().run(connector, credentials)
    assert inbox.ids == fresh.ids and inbox.ids
    assert {k: i.title for k, i in inbox.items.items()} == {k: i.title for k, i in fresh.items.items()}
    assert not [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]
