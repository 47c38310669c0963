"""What the stand-in keeps: customers, prices, checkout and portal sessions, subscriptions, invoices, events."""

from __future__ import annotations

import copy
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dateutil.relativedelta import relativedelta

from sandbox.stripe.events import Manner

API_VERSION = "2026-10-28.endive"
Thing = dict[str, Any]


@dataclass
class Answered:
    """A request that came with an idempotency key; without a body it is still at work."""

    asked: Thing
    status: int = 0
    body: bytes | None = None


def price(id: str, amount: int, interval: str, name: str) -> Thing:
    return {
        "id": id,
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": 1_767_225_600,
        "currency": "usd",
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": name,
        "product": "prod_sandbox",
        "recurring": {"interval": interval, "interval_count": 1, "usage_type": "licensed"},
        "type": "recurring",
        "unit_amount": amount,
        "unit_amount_decimal": str(amount),
    }


class Books:
    """All that is known, as the JSON objects that the API shows."""

    def __init__(self, base: str, manner: Manner, publish: Callable[[Thing], None]) -> None:
        self.base, self.manner, self.publish = base, manner, publish
        self.customers: dict[str, Thing] = {}
        self.checkouts: dict[str, Thing] = {}
        self.portals: dict[str, Thing] = {}
        self.subscriptions: dict[str, Thing] = {}
        self.invoices: dict[str, Thing] = {}
        self.payments: dict[str, Thing] = {}
        self.refunds: dict[str, Thing] = {}
        self.events: list[Thing] = []
        self.answered: dict[str, Answered] = {}
        """By idempotency key."""
        self.prices = {
            each["id"]: each
            for each in (
                price("price_sandbox_monthly", 800, "month", "Pro"),
                price("price_sandbox_yearly", 6800, "year", "Pro (Annual)"),
            )
        }

    def id(self, prefix: str) -> str:
        return f"{prefix}_{secrets.token_hex(12)}"

    def event(self, kind: str, thing: Thing, *, is_published: bool = True) -> Thing:
        """Something happened to a thing; the event shows it as it is now."""
        event = {
            "id": self.id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": int(time.time()),
            "data": {"object": copy.deepcopy(thing)},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        self.events.append(event)
        if is_published:
            self.publish(event)
        return event

    # -- what people do on the hosted pages, and what time does

    def subscribe(self, checkout: Thing) -> Thing:
        """The pay button was pressed: a subscription, its first invoice, and the events of both."""
        bought = self.prices[checkout["price"]]
        subscription: Thing = {
            "id": self.id("sub"),
            "object": "subscription",
            "cancel_at": None,
            "cancel_at_period_end": False,
            "canceled_at": None,
            "collection_method": "charge_automatically",
            "created": int(time.time()),
            "currency": "usd",
            "customer": checkout["customer"],
            "ended_at": None,
            "items": {"object": "list", "data": [], "has_more": False, "url": "/v1/subscription_items"},
            "latest_invoice": None,
            "livemode": False,
            "metadata": checkout["subscription_metadata"],
            "start_date": int(time.time()),
            "status": "active",
        }
        item = {"id": self.id("si"), "object": "subscription_item", "price": bought, "quantity": 1, "metadata": {}}
        subscription["items"]["data"].append(item)
        self._set_period(subscription, int(time.time()))
        self.subscriptions[subscription["id"]] = subscription
        self._bill(subscription, "subscription_create", is_paid=True)
        checkout.update(status="complete", payment_status="paid", subscription=subscription["id"])
        self.event("customer.subscription.created", subscription)
        self.event("checkout.session.completed", checkout)
        return subscription

    def renew(self, subscription: Thing) -> None:
        """The period is over and the next one is paid."""
        _, end = self.period(subscription)
        self._set_period(subscription, end)
        subscription["status"] = "active"
        self._bill(subscription, "subscription_cycle", is_paid=True)
        self.event("customer.subscription.updated", subscription)

    def fail_payment(self, subscription: Thing) -> None:
        """The period is over and the card is declined."""
        _, end = self.period(subscription)
        self._set_period(subscription, end)
        subscription["status"] = "past_due"
        self._bill(subscription, "subscription_cycle", is_paid=False)
        self.event("customer.subscription.updated", subscription)

    def pay(self, subscription: Thing) -> None:
        """The open invoice is paid after all."""
        for invoice in self.invoices.values():
            if invoice["subscription"] == subscription["id"] and invoice["status"] == "open":
                invoice.update(status="paid", amount_paid=invoice["total"], amount_remaining=0)
                self._take_payment(invoice)
                self.event("invoice.paid", invoice)
        subscription["status"] = "active"
        self.event("customer.subscription.updated", subscription)

    def cancel_at_period_end(self, subscription: Thing) -> None:
        subscription.update(
            cancel_at_period_end=True, cancel_at=self.period(subscription)[1], canceled_at=int(time.time())
        )
        self.event("customer.subscription.updated", subscription)

    def resume(self, subscription: Thing) -> None:
        subscription.update(cancel_at_period_end=False, cancel_at=None, canceled_at=None)
        self.event("customer.subscription.updated", subscription)

    def end(self, subscription: Thing) -> None:
        """Cancelled now, for good."""
        moment = int(time.time())
        subscription.update(status="canceled", ended_at=moment, canceled_at=subscription["canceled_at"] or moment)
        self.event("customer.subscription.deleted", subscription)

    def period(self, subscription: Thing) -> tuple[int, int]:
        item = subscription["items"]["data"][0]
        holder = item if "current_period_end" in item else subscription
        return holder["current_period_start"], holder["current_period_end"]

    def _set_period(self, subscription: Thing, start: int) -> None:
        item = subscription["items"]["data"][0]
        step = relativedelta(years=1) if item["price"]["recurring"]["interval"] == "year" else relativedelta(months=1)
        end = int((datetime.fromtimestamp(start, UTC) + step).timestamp())
        holder = subscription if self.manner.period_on_subscription else item
        for each in (subscription, item):
            each.pop("current_period_start", None)
            each.pop("current_period_end", None)
        holder.update(current_period_start=start, current_period_end=end)

    def _bill(self, subscription: Thing, reason: str, *, is_paid: bool) -> None:
        bought = subscription["items"]["data"][0]["price"]
        id, number = self.id("in"), f"SANDBOX-{len(self.invoices) + 1:04d}"
        total = bought["unit_amount"]
        self.invoices[id] = {
            "id": id,
            "object": "invoice",
            "amount_due": total,
            "amount_paid": total if is_paid else 0,
            "amount_remaining": 0 if is_paid else total,
            "billing_reason": reason,
            "created": int(time.time()),
            "currency": bought["currency"],
            "customer": subscription["customer"],
            "hosted_invoice_url": f"{self.base}/invoices/{id}",
            "invoice_pdf": f"{self.base}/invoices/{id}/pdf",
            "lines": {"object": "list", "data": [], "has_more": False, "url": f"/v1/invoices/{id}/lines"},
            "livemode": False,
            "metadata": {},
            "number": number,
            "parent": {
                "type": "subscription_details",
                "subscription_details": {"subscription": subscription["id"], "metadata": subscription["metadata"]},
            },
            "status": "paid" if is_paid else "open",
            "subscription": subscription["id"],
            "total": total,
        }
        subscription["latest_invoice"] = id
        if is_paid:
            self._take_payment(self.invoices[id])
        self.event("invoice.paid" if is_paid else "invoice.payment_failed", self.invoices[id])

    def _take_payment(self, invoice: Thing) -> None:
        id = self.id("inpay")
        self.payments[id] = {
            "id": id,
            "object": "invoice_payment",
            "amount_paid": invoice["total"],
            "amount_requested": invoice["total"],
            "created": int(time.time()),
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": False,
            "payment": {"type": "payment_intent", "payment_intent": self.id("pi")},
            "status": "paid",
        }

    def refund(self, payment: Thing, reason: str | None) -> Thing:
        """The money of a payment goes back."""
        id = self.id("re")
        self.refunds[id] = {
            "id": id,
            "object": "refund",
            "amount": payment["amount_paid"],
            "charge": None,
            "created": int(time.time()),
            "currency": payment["currency"],
            "metadata": {},
            "payment_intent": payment["payment"]["payment_intent"],
            "reason": reason,
            "status": "succeeded",
        }
        self.event("refund.created", self.refunds[id])
        return self.refunds[id]
