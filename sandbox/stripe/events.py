"""Events as Stripe sends them: signed over time and body, in no promised order, at least once."""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox.sender import Delivery

PATH = "/tymblok/v1/subscriptions/webhook"


@dataclass
class Manner:
    """How the stand-in behaves until it is reset."""

    holds: bool = False
    """Events are kept and not sent; `_control/webhook` sends them in whatever order."""
    repeats: int = 0
    """How often each event is sent beyond the first time, all at once."""
    period_on_subscription: bool = False
    """Periods stand on the subscription, as before 2025, instead of on its item."""


def delivery(event: dict[str, Any], secret: str, moment: int | None = None, url: str | None = None) -> Delivery:
    """An event on its way. https://docs.stripe.com/webhooks/signature"""
    body = orjson.dumps(event)
    moment = int(time.time()) if moment is None else moment
    signature = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Stripe-Signature": f"t={moment},v1={signature},v0={'0' * 64}",
    }
    return Delivery(body, headers, url, PATH)
