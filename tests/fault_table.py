"""What providers and networks do on a bad day, as the sandbox's control is asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import connectors.transport

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
    "a time-out": {"kind": "timeout", "seconds": 1.5},
    "duplicates across pages": {"kind": "duplicates"},
    "an update while paging": {"kind": "update_while_paging"},
    "a close while paging": {"kind": "close_while_paging"},
    "an empty page with a next one": {"kind": "empty_page"},
    "a stale cursor": {"kind": "stale_cursor"},
}
WHILE_PAGING = ("duplicates", "update_while_paging", "close_while_paging", "empty_page", "stale_cursor")


@contextmanager
def impatient(spec: dict[str, Any]) -> Iterator[None]:
    """Nobody waits for long while a provider is to be found too slow; only then, or a slow machine is found so too."""
    usual = connectors.transport.READ_SECONDS
    if spec["kind"] == "timeout":
        connectors.transport.READ_SECONDS = spec["seconds"] / 5
    try:
        yield
    finally:
        connectors.transport.READ_SECONDS = usual
