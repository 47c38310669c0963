"""Buying at the sandbox's Stripe, and its events on their way to Daybook."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import httpx2
from werkzeug.test import TestResponse

from sandbox.server import Server
from tests.cast import Person
from tests.connect import PLAIN_HTTP, Provider
from wsgi import application

EVENTS = "/tymblok/v1/subscriptions/webhook"
_KEY = {"Authorization": "Bearer sk_test_sandbox"}


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
        asked = self.ask(person, plan)
        assert asked.status_code == 200, asked.text
        paid = self.pay(asked.json["data"]["checkoutUrl"])
        assert paid.status_code == 303, paid.text
        return str(paid.headers["Location"])

    def ask(self, person: Person, plan: str = "pro_monthly") -> TestResponse:
        """Ask for a page to pay on."""
        body = {"priceId": plan, "successUrl": "tymblok://subscription/success?s={CHECKOUT_SESSION_ID}"}
        return person.post("/subscriptions/checkout", {**body, "cancelUrl": "tymblok://subscription/cancel"})

    def pay(self, page: str) -> httpx2.Response:
        """Press the button on such a page."""
        return httpx2.post(page, data={"card": "good"}, **PLAIN_HTTP)

    def sell(self, person: Person, plan: str = "monthly", reference: str | None = "account") -> None:
        """A page that Daybook does not know of and so did not close is paid on."""
        customer = person.get("/subscriptions/current").json["data"]["stripeCustomerId"]
        form = {
            "mode": "subscription",
            "customer": customer,
            "line_items[0][price]": f"price_sandbox_{plan}",
            "success_url": "tymblok://a",
            "cancel_url": "tymblok://b",
        }
        if reference is not None:
            form["subscription_data[metadata][account]"] = reference
        made = httpx2.post(
            f"{self.base}/stripe/v1/checkout/sessions", data=form, headers=_KEY, **PLAIN_HTTP
        ).json()
        assert self.pay(made["url"]).status_code == 303

    def shelf(self, name: str) -> list[dict[str, Any]]:
        """A list of the API, the oldest first."""
        answer = httpx2.get(f"{self.base}/stripe/v1/{name}?limit=100", headers=_KEY, **PLAIN_HTTP)
        found: list[dict[str, Any]] = answer.json()["data"]
        return found[::-1]

    def subscriptions(self, person: Person) -> list[dict[str, Any]]:
        customer = person.get("/subscriptions/current").json["data"]["stripeCustomerId"]
        return [each for each in self.control("GET", "/items") if each["customer"] == customer]

    def do(self, person: Person, *deeds: str) -> None:
        """renew, fail_payment, pay, cancel, cancel_at_period_end, resume."""
        for deed in deeds:
            self.control("PATCH", f"/items/{self.subscriptions(person)[-1]['id']}", do=deed)

    def events(self) -> list[dict[str, Any]]:
        """All that happened, the oldest first."""
        return self.shelf("events")

    def send(self, *events: dict[str, Any], **more: Any) -> list[int]:
        """Deliver events in this order; what Daybook answered."""
        ids = [event["id"] for event in events or self.events()]
        sent = self.control("POST", "/webhook", events=ids, url=f"{self.daybook}{EVENTS}", **more)
        return [each["status"] for each in (sent if isinstance(sent, list) else [sent])]
