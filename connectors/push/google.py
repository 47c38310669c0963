"""Google's channels, which say everything in their headers and sign nothing: a token of ours proves them.

https://developers.google.com/workspace/calendar/api/guides/push
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from connectors.push.base import BadDelivery, Delivery, header


def channel_token(channel: str, secret: str) -> str:
    """What a channel carries back with each message; made of its id, so that nothing needs to be looked up."""
    return hmac.new(secret.encode(), f"google-channel:{channel}".encode(), hashlib.sha256).hexdigest()


def read(headers: Mapping[str, str], body: bytes, secret: str) -> Delivery:
    channel = header(headers, "X-Goog-Channel-ID") or ""
    given = header(headers, "X-Goog-Channel-Token") or ""
    if not channel or not hmac.compare_digest(given.encode(), channel_token(channel, secret).encode()):
        raise BadDelivery("The channel is none of ours")
    number = header(headers, "X-Goog-Message-Number") or "0"
    greeting = header(headers, "X-Goog-Resource-State") == "sync"
    return Delivery(id=f"{channel}:{number}"[:200], channel=channel, answer={} if greeting else None)
