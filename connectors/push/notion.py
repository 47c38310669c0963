"""Notion. https://developers.notion.com/reference/webhooks"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.push.base import BadDelivery, Delivery, at, check, header, identity, ids, parsed


def is_handshake(body: bytes) -> bool:
    """The one message that Notion does not sign: it brings the secret with which it will sign the others."""
    try:
        payload = parsed(body)
    except BadDelivery:
        return False
    return set(payload) == {"verification_token"} and isinstance(payload["verification_token"], str)


def read(headers: Mapping[str, str], body: bytes, secret: str) -> Delivery:
    if is_handshake(body):
        return Delivery(id=identity(None, body), answer={}, token=parsed(body)["verification_token"][:300])
    check(header(headers, "X-Notion-Signature"), secret, body, "sha256=")
    payload = parsed(body)
    people = [*(at(payload, "accessible_by") or []), *(at(payload, "authors") or [])]
    return Delivery(
        # A repeat has the same id and a higher attempt_number.
        id=identity(payload.get("id"), body),
        accounts=ids(at(person, "id") for person in people),
    )
