"""Slack's Events API. https://api.slack.com/authentication/verifying-requests-from-slack"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.push.base import BadDelivery, Delivery, at, check, header, identity, parsed, within

WINDOW = 300
_NAMED = re.compile(r"<@([A-Z0-9]+)")


def read(headers: Mapping[str, str], body: bytes, secret: str) -> Delivery:
    sent_at = header(headers, "X-Slack-Request-Timestamp") or ""
    if not sent_at.isdigit() or len(sent_at) > 12:
        raise BadDelivery("The delivery has no time")
    check(header(headers, "X-Slack-Signature"), secret, f"v0:{sent_at}:".encode() + body, "v0=")
    within(int(sent_at), WINDOW)
    payload = parsed(body)
    if payload.get("type") == "url_verification":
        return Delivery(id=identity(None, body), answer={"challenge": str(payload.get("challenge", ""))})
    event = payload.get("event")
    team = payload.get("team_id")
    granted = at(payload, "authorizations") or []
    people: list[Any] = [(at(each, "team_id") or team, at(each, "user_id")) for each in granted]
    named = [at(event, "user"), *(at(event, "tokens", "oauth") or [])]
    for words in (at(event, "text"), at(event, "message", "text")):
        named += _NAMED.findall(words) if isinstance(words, str) else []
    people += [(team, user) for user in named]
    return Delivery(
        id=identity(payload.get("event_id"), body),
        accounts=frozenset(f"{place}/{user}" for place, user in people if place and isinstance(user, str) and user),
    )
