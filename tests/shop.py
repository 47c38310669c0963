"""Buying at the sandbox's Stripe, and its events on their way to Daybook."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import httpx2

from sandbox.server import Server
from tests.cast import Person
from tests.connect import Provider
from wsgi import application

EVENTS = "/tymblok/v1/subscriptions/webhook"


@contextmanager
def at_an_address() -> Iterator[str]:
    """The product over real HTTP, in threads of this process."""
    server = Server()
    server.app = application
    Thread(target=server.serve, daemon=True).start()
    try:
        yield server.url
    finally:
        server.stop()


class Shop(Provider):
    """The sandbox's Stripe; events are held until a test sends them."""

    def __init__(self, sandbox: str, daybook: str) -> None:
        super().__init__(sandbox, "stripe")
        self.daybook = daybook

    def reset(self) -> None:
        super().reset()
        self.control("PATCH", "/items/manner", holds=True)

    def buy(self, person: Person, plan: str = "pro_monthly") -> str:
        """Checkout and the pay button; where the browser is sent then."""
        body = {"priceId": plan, "successUrl": "tymblok://subscription/success?s={CHECKOUT_SESSION_ID}"}
        asked = person.post("/subscriptions/checkout", {**body, "cancelUrl": "tymblok://subscription/cancel"})
        assert asked.status_code == 200, asked.text
        paid = httpx2.post(asked.json["data"]["checkoutUrl"], data={"card": "good"}, trust_env=False)
        assert paid.status_code == 303, paid.text
        return str(paid.headers["Location"])

    def subscriptions(self, person: Person) -> list[dict[str, Any]]:
        customer = person.get("/subscriptions/current").json["data"]["stripeCustomerId"]
        return [each for each in self.control("GET", "/items") if each["customer"] == customer]

    def do(self, person: Person, *deeds: str) -> None:
        """renew, fail_payment, pay, cancel, cancel_at_period_end, resume."""
        for deed in deeds:
            self.control("PATCH", f"/items/{self.subscriptions(person)[-1]['id']}", do=deed)

    def events(self) -> list[dict[str, Any]]:
        """All that happened, the oldest first."""
        headers = {"Authorization": "Bearer sk_test_sandbox"}
        answer = httpx2.get(f"{self.base}/stripe/v1/events?limit=100", headers=headers, trust_env=False)
        found: list[dict[str, Any]] = answer.json()["data"]
        return found[::-1]

    def send(self, *events: dict[str, Any], **more: Any) -> list[int]:
        """Deliver events in this order; what Daybook answered."""
        ids = [event["id"] for event in events or self.events()]
        sent = self.control("POST", "/webhook", events=ids, url=f"{self.daybook}{EVENTS}", **more)
        return [each["status"] for each in (sent if isinstance(sent, list) else [sent])]
