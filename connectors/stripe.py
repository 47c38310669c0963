"""Stripe, as thin as it gets: pages for the customer, invoices, and events that are Stripe's own.

https://docs.stripe.com/api
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import stripe

from connectors import text, transport
from connectors.base import ConnectorError
from connectors.faults import FOREIGN, NotConfigured, busy, of_status, spoken, unreadable, wait
from connectors.push.base import BadDelivery
from settings import settings

NAME = "Stripe"
Standing = Literal["active", "canceled", "past_due", "trialing", "incomplete"]
STANDINGS: dict[str, Standing] = {
    "active": "active", "trialing": "trialing", "past_due": "past_due", "unpaid": "past_due", "canceled": "canceled",
    "incomplete": "incomplete", "incomplete_expired": "canceled", "paused": "past_due",
}
FUTURE = 300


@dataclass(frozen=True, slots=True)
class Visit:
    """A page of Stripe's that the customer is sent to."""

    id: str
    url: str


@dataclass(frozen=True, slots=True)
class Subscription:
    id: str
    customer_id: str
    price_id: str
    standing: Standing
    period_start: datetime | None
    period_end: datetime | None
    cancel_at_period_end: bool


@dataclass(frozen=True, slots=True)
class Invoice:
    id: str
    amount: int
    currency: str
    status: str
    pdf_url: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """What happened. Events come twice and out of order: `id` tells the one, fetching the object anew the other."""

    id: str
    type: str
    created_at: datetime
    object: dict[str, Any]
    """The object as it stood then, of which only the ids are to be trusted."""


def checkout(customer: str | None, email: str, reference: str, price: str, success: str, cancel: str) -> Visit:
    """Where the user buys a plan; `reference` comes back with the event that says so."""
    buyer: dict[str, Any] = {"customer": customer} if customer else {"customer_email": email}
    asked: Any = {
        "mode": "subscription", "line_items": [{"price": price, "quantity": 1}], "success_url": success,
        "cancel_url": cancel, "client_reference_id": reference, **buyer,
        "subscription_data": {"metadata": {"reference": reference}},
    }
    with _speaking() as client:
        made = client.v1.checkout.sessions.create(asked)
        return Visit(made.id, str(made.url))


def portal(customer: str, back: str) -> Visit:
    """Where the user changes or ends a plan."""
    with _speaking() as client:
        made = client.v1.billing_portal.sessions.create({"customer": customer, "return_url": back})
        return Visit(made.id, made.url)


def invoices(customer: str, most: int = 24) -> list[Invoice]:
    """The newest first; drafts are nobody's business yet."""
    with _speaking() as client:
        listed = client.v1.invoices.list({"customer": customer, "limit": most}).data
        return [
            Invoice(
                each.id or "", each.amount_due, each.currency, each.status or "open", text.link(each.invoice_pdf),
                _instant(each.created) or datetime.now(UTC),
            )
            for each in listed if each.status != "draft"
        ]


def subscription(id: str) -> Subscription:
    """How a subscription stands now."""
    with _speaking() as client:
        return subscription_of(client.v1.subscriptions.retrieve(id).to_dict())


def subscription_of(raw: dict[str, Any]) -> Subscription:
    """The same from an event. Newer API versions keep the period on the item, older ones on the subscription."""
    with spoken(NAME):
        items = (raw.get("items") or {}).get("data") or [{}]
        item = items[0]
        price = item.get("price") or item.get("plan") or raw.get("plan") or {}
        customer = raw.get("customer")
        return Subscription(
            id=raw["id"],
            customer_id=customer["id"] if isinstance(customer, dict) else str(customer),
            price_id=str(price.get("id", "")),
            standing=STANDINGS.get(str(raw.get("status")), "past_due"),
            period_start=_instant(item.get("current_period_start") or raw.get("current_period_start")),
            period_end=_instant(item.get("current_period_end") or raw.get("current_period_end")),
            cancel_at_period_end=raw.get("cancel_at_period_end") is True or raw.get("cancel_at") is not None,
        )


def subscription_id_of(invoice: dict[str, Any]) -> str | None:
    """Which subscription an invoice is for, in either of the shapes that it has had."""
    parent = invoice.get("parent") or {}
    details = parent.get("subscription_details") or {}
    found = details.get("subscription") or invoice.get("subscription")
    return found["id"] if isinstance(found, dict) else found


def construct_event(body: bytes, signature: str | None) -> Event:
    """An event out of the bytes as they came. Errors: BadDelivery, NotConfigured."""
    secret = settings.stripe_webhook_secret.get_secret_value()
    if not secret:
        raise NotConfigured("stripe")
    try:
        made = stripe.Webhook.construct_event(body, signature or "", secret).to_dict()
        event = Event(made["id"], made["type"], datetime.fromtimestamp(made["created"], UTC), made["data"]["object"])
    except (stripe.SignatureVerificationError, *FOREIGN) as error:
        raise BadDelivery("The event is not Stripe's") from error
    # The library refuses what is old, and lets through what is from the future.
    stamps = [part[2:] for part in (signature or "").split(",") if part.strip().startswith("t=")]
    if not stamps or not stamps[0].isdigit() or int(stamps[0]) > datetime.now(UTC).timestamp() + FUTURE:
        raise BadDelivery("The event is from the future")
    return event


@contextmanager
def _speaking() -> Iterator[stripe.StripeClient]:
    key = settings.stripe_secret_key.get_secret_value()
    if not key:
        raise NotConfigured("stripe")
    with spoken(NAME):
        session = transport.session()
        client = stripe.StripeClient(
            key, base_addresses={"api": settings.stripe_api_url.rstrip("/")}, max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=transport.READ_SECONDS, session=session),
        )
        try:
            yield client
        except stripe.StripeError as error:
            raise _refusal(error) from error
        finally:
            session.close()


def _refusal(error: stripe.StripeError) -> ConnectorError:
    status, headers = error.http_status, dict(error.headers or {})
    if isinstance(error, stripe.RateLimitError) or status == 429:
        return busy(NAME, wait(headers))
    if isinstance(error, stripe.APIConnectionError):
        return ConnectorError("Stripe could not be reached. Please try again.")
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return ConnectorError("Stripe does not accept this server's key.", kind="refused")
    if isinstance(error, stripe.InvalidRequestError | stripe.CardError):
        return ConnectorError("Stripe did not accept the request.", kind="refused")
    return of_status(NAME, status, headers) if status and status != 200 else unreadable(NAME)


def _instant(seconds: object) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None
