"""The sandbox's Stripe: checkout with a pay button, a portal with a cancel button, invoices, and signed events."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any, ClassVar

from flask import Blueprint, Response

from sandbox.consent import Consent
from sandbox.faults import Fault
from sandbox.sender import Delivery
from sandbox.stand import Stand, Unknown
from sandbox.stripe import api, pages
from sandbox.stripe.books import Books
from sandbox.stripe.events import Manner, delivery
from sandbox.stripe.reply import refusal

SECRET_KEY = "sk_test_sandbox"
RETRIES = (1, 3, 9)


class Nobody(Consent):
    """Stripe asks no person for consent: its key is the operator's."""

    title = "Stripe"
    prefixes: ClassVar[dict[str, str]] = {}
    authorize_paths = token_paths = ()


class Stripe(Stand):
    """The part of Stripe that sells subscriptions."""

    name = "stripe"
    title = "Stripe"
    consent_type = Nobody
    routes: ClassVar[Blueprint] = Blueprint("stripe", __name__, url_prefix="/stripe")

    @property
    def webhook_secret(self) -> str:
        return "whsec_sandbox"

    def reset(self) -> None:
        self.manner = Manner()
        self.books = Books(self.base, self.manner, self.publish)

    def failed(self, status: int) -> Response:
        return refusal(status, "api_error", "An unknown error occurred")

    def unauthorized(self) -> Response:
        return refusal(401, "invalid_request_error", "Invalid API Key provided: sk_test_***")

    def limited(self, fault: Fault) -> Response:
        answer = refusal(429, "invalid_request_error", "Request rate limit exceeded", code="rate_limit")
        answer.headers["Stripe-Should-Retry"] = "true"
        return answer

    # -- events

    def publish(self, event: dict[str, Any]) -> None:
        """Send an event, unless events are held back; again after a while where the receiver did not take it."""
        if self.manner.holds or not self.sender.base:
            return
        for _ in range(1 + self.manner.repeats):
            threading.Thread(target=self._deliver, args=(event,), daemon=True).start()

    def _deliver(self, event: dict[str, Any]) -> None:
        for pause in (0, *RETRIES):
            time.sleep(pause)
            outcome = self.sender.post(delivery(event, self.webhook_secret))
            if outcome["status"] is not None and outcome["status"] < 300:
                return

    def deliveries(self, spec: dict[str, Any]) -> Iterator[Delivery]:
        """`events` by id in the order to send them, or one made of `type` and `object`; url, secret, timestamp."""
        if "type" in spec:
            chosen = [self.books.event(spec["type"], spec["object"], is_published=False)]
        else:
            chosen = [self._event(id) for id in spec["events"]]
        for event in chosen:
            secret, moment = spec.get("secret", self.webhook_secret), spec.get("timestamp")
            yield delivery(event, secret, moment, spec.get("url"))

    def _event(self, id: str) -> dict[str, Any]:
        found = next((event for event in self.books.events if event["id"] == id), None)
        if found is None:
            raise Unknown(f"no event {id!r}")
        return found

    # -- control: its items are subscriptions

    def show_items(self, account: str | None) -> list[dict[str, Any]]:
        return list(self.books.subscriptions.values())

    def change_item(self, id: str, spec: dict[str, Any]) -> dict[str, Any]:
        """`do`: renew, fail_payment, pay, cancel, cancel_at_period_end, resume. On `manner`: holds, repeats, …"""
        if id == "manner":
            for name, value in spec.items():
                if not hasattr(self.manner, name):
                    raise ValueError(f"no such manner: {name}")
                setattr(self.manner, name, value)
            return vars(self.manner)
        subscription = self.books.subscriptions.get(id)
        if subscription is None:
            raise Unknown(f"no subscription {id!r}")
        getattr(self.books, {"cancel": "end"}.get(spec["do"], spec["do"]))(subscription)
        return subscription


Stripe.routes.register_blueprint(api.routes)
Stripe.routes.register_blueprint(pages.routes)
