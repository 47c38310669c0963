"""The fault table: whatever a provider does, a run ends with the right items, or with a plain message and heals."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from connectors.base import ConnectorError
from connectors.faults import NAMES
from connectors.registry import CONNECTORS
from tests.connectors.conftest import Inbox
from tests.fault_table import FAULTS, WHILE_PAGING, impatient


def attempt(connector: Any, inbox: Inbox, credentials: Any) -> ConnectorError | None:
    try:
        inbox.run(connector, credentials)
    except ConnectorError as error:
        return error
    return None


def survives(provider: str, credentials: Any, control: Any, spec: dict[str, Any], when: str) -> ConnectorError | None:
    """One run with the fault, and one without where the first ended with an error; the error, if there was one."""
    connector, inbox = CONNECTORS[provider], Inbox()
    if when == "next":
        inbox.run(connector, credentials)
    assert control.post("/faults", json={"account": "mara", **spec}).status_code == 201
    with impatient(spec):
        error = attempt(connector, inbox, credentials)
    control.delete("/faults")
    if error is not None:
        assert NAMES[provider] in error.message and error.message.endswith(".")
        assert attempt(connector, inbox, credentials) is None
    elif spec["kind"] in ("update_while_paging", "close_while_paging"):
        inbox.run(connector, credentials)  # what changed after its page was read is the next run's
    fresh = Inbox().run(connector, credentials)
    assert inbox.ids == fresh.ids and inbox.ids
    assert {k: i.title for k, i in inbox.items.items()} == {k: i.title for k, i in fresh.items.items()}
    return error


@pytest.mark.parametrize("when", ["first", "next"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("provider", CONNECTORS)
def test_every_fault_is_survived(sandbox, connect, control_of, caplog, provider, fault, when):
    control = control_of(provider)
    spec = FAULTS[fault]
    control.post("/rate", json={"resource": "search", "limit": 1_000_000})  # GitHub's, which this test would use up
    credentials = connect(provider)
    if spec["kind"] in WHILE_PAGING:
        control.post("/reset")
        control.post("/items", json={"account": "mara", "count": 250})
    for skip in (0, 2) if when == "first" else (0, 1):
        error = survives(provider, credentials, control, {**spec, "skip": skip}, when)
        if error is None:
            continue
        if spec["kind"] in ("rate_limit", "secondary_limit") and "retry_after" in spec:
            assert error.kind == "later" and 5 <= (error.retry_after or 0) <= 8
        else:
            assert error.kind == ("reconnect" if fault == "a 401" else "later")
    assert not [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]
