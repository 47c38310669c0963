"""What all pushes have in common."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.base import ConnectorError


class BadDelivery(ConnectorError):
    """A push that is not the provider's, comes too late, or cannot be read."""

    def __init__(self, message: str) -> None:
        super().__init__(message, kind="refused")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A push that is the provider's."""

    id: str
    """The same when it is sent again."""
    accounts: frozenset[str] = frozenset()
    """Whom to wake: `Profile.external_id` of connected accounts. Who is not connected is to be passed over."""
    usernames: frozenset[str] = frozenset()
    """Whom to wake besides: `Profile.username`, in lower case, where a text names people so (GitHub)."""
    channel: str | None = None
    """Google's: the channel that it came through, opened for one account."""
    answer: dict[str, Any] | None = field(default=None)
    """What the provider waits to hear in a handshake; nothing is to be kept or woken then."""
    token: str | None = None
    """Notion's handshake: the secret that the operator must confirm in Notion and set as NOTION_WEBHOOK_SECRET."""


def check(given: str | None, secret: str, signed: bytes, prefix: str = "") -> None:
    """Whether `given` is the HMAC-SHA256 of what was signed, in constant time. Errors: BadDelivery."""
    wanted = prefix + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    if given is None or not hmac.compare_digest(given.strip().encode(), wanted.encode()):
        raise BadDelivery("The signature is not the provider's")


def within(seconds: float, window: float) -> None:
    """Whether a time stamp lies within a window around now. Errors: BadDelivery."""
    if not abs(time.time() - seconds) <= window:  # `not <=` also refuses what is no number
        raise BadDelivery("The delivery is too old, or from the future")


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object of a body. Errors: BadDelivery."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadDelivery("The delivery cannot be read") from error
    if not isinstance(payload, dict):
        raise BadDelivery("The delivery cannot be read")
    return payload


def identity(given: object, body: bytes) -> str:
    """The provider's id of a delivery; where it has none, the body is its own."""
    if isinstance(given, str | int) and str(given).strip():
        return str(given).strip()[:200]
    return hashlib.sha256(body).hexdigest()


def at(payload: object, *path: str) -> Any:
    """What lies at a path of keys, or None."""
    for key in path:
        payload = payload.get(key) if isinstance(payload, dict) else None
    return payload


def ids(values: Iterable[object]) -> frozenset[str]:
    return frozenset(str(value) for value in values if isinstance(value, str | int) and str(value))


def header(headers: Mapping[str, str], name: str) -> str | None:
    return headers.get(name.lower())
