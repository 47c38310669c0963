"""Stripe: customers, portal, subscriptions, invoices, and signed events. https://docs.stripe.com/api"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import stripe
from stripe import _http_client as http_clients

from connectors.base import ConnectorError
from connectors.faults import NotConfigured, busy, of_status, spoken, wait
from connectors.transport import session as bounded_session
from settings import settings

TOLERANCE_SECONDS = 300
MOST_INVOICES = 500


@dataclass(frozen=True, slots=True)
class Shop:
    """Who we are to Stripe, and what we sell there: a price for each plan."""

    api_url: str
    secret_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    prices: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a customer has, by Stripe's word at the moment of asking. `plan` is None for a price that is not ours."""

    id: str
    status: str
    plan: str | None
    period_start: datetime | None
    period_end: datetime | None
    cancels_at_period_end: bool
    account: str | None
    """Which of our accounts bought it; None for what somebody made at Stripe by hand."""


@dataclass(frozen=True, slots=True)
class Invoice:
    """A bill. `amount` in the smallest unit of its currency."""

    id: str
    amount: int
    currency: str
    status: str
    pdf_url: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to a customer. What it says of the state may be old news when it arrives."""

    id: str
    type: str
    customer: str | None
    reference: str | None
    """What a checkout was made with to say whose it is."""


class Unsigned(ValueError):
    """An event that Stripe did not sign, or that is too old or too new."""


def shop() -> Shop:
    """The operator's account at Stripe, or in development the sandbox's. Errors: NotConfigured."""
    key = settings.stripe_secret_key.get_secret_value()
    if settings.sandboxed("stripe"):
        return Shop(
            api_url=f"{settings.sandbox_url.rstrip('/')}/stripe",
            secret_key="sk_test_sandbox",  # noqa: S106  # opens nothing but the sandbox
            webhook_secret=settings.stripe_webhook_secret.get_secret_value() or "whsec_sandbox",
            prices={"pro_monthly": "price_sandbox_monthly", "pro_yearly": "price_sandbox_yearly"},
        )
    if not key:
        raise NotConfigured("Stripe")
    return Shop(
        api_url=settings.stripe_api_url.rstrip("/"),
        secret_key=key,
        webhook_secret=settings.stripe_webhook_secret.get_secret_value(),
        prices={"pro_monthly": settings.stripe_price_monthly, "pro_yearly": settings.stripe_price_yearly},
    )


def price_of(plan: str) -> str | None:
    """The price that a plan is sold for; None where nothing is sold."""
    try:
        return shop().prices.get(plan) or None
    except NotConfigured:
        return None


def create_customer(reference: str, email: str, name: str) -> str:
    """A customer for the account `reference`; asked twice, the same one. Errors: ConnectorError."""
    with client() as at_stripe:
        params: Any = {"email": email, "metadata": {"account": reference}, **({"name": name} if name else {})}
        said = hashlib.sha256(f"{email}\n{name}".encode()).hexdigest()[:16]  # a key may not be used for other words
        options: Any = {"idempotency_key": f"customer-{reference}-{said}"}
        return str(at_stripe.v1.customers.create(params, options).id)


def create_portal(customer: str, return_url: str) -> str:
    """A page on which the customer changes and cancels. Errors: ConnectorError."""
    with client() as at_stripe:
        return str(at_stripe.v1.billing_portal.sessions.create({"customer": customer, "return_url": return_url}).url)


def list_subscriptions(customer: str) -> list[Subscription]:
    """All that a customer has or had, the newest first. Errors: ConnectorError."""
    with client() as at_stripe:
        params: Any = {"customer": customer, "status": "all", "limit": 100}
        return [_subscription(each.to_dict()) for each in at_stripe.v1.subscriptions.list(params).auto_paging_iter()]


def cancel_subscriptions(customer: str) -> None:
    """End all of a customer's subscriptions now. Errors: ConnectorError."""
    with client() as at_stripe:
        params: Any = {"customer": customer, "limit": 100}
        for each in list(at_stripe.v1.subscriptions.list(params).auto_paging_iter()):
            at_stripe.v1.subscriptions.cancel(each.id)


def list_invoices(customer: str) -> list[Invoice]:
    """A customer's bills, the newest first; drafts are none yet. Errors: ConnectorError."""
    found: list[Invoice] = []
    with client() as at_stripe:
        params: Any = {"customer": customer, "limit": 100}
        for each in at_stripe.v1.invoices.list(params).auto_paging_iter():
            if len(found) == MOST_INVOICES:
                break
            if each.status != "draft":
                found.append(_invoice(each.to_dict()))
    return found


def read_event(raw: bytes, signature: str | None) -> Event:
    """An event off the wire, once its signature over these very bytes is seen to be good. Errors: Unsigned."""
    try:
        secret = shop().webhook_secret
        event = stripe.Webhook.construct_event(raw, signature, secret, TOLERANCE_SECONDS).to_dict()
        # The library refuses what is too old; a time far ahead would stay good for as long.
        signed_at = max(int(part[2:]) for part in (signature or "").split(",") if part.startswith("t="))
        if signed_at > time.time() + TOLERANCE_SECONDS:
            raise Unsigned("The signature's timestamp lies in the future")
        about = event["data"]["object"]
        return Event(
            id=str(event["id"]),
            type=str(event["type"]),
            customer=_id(about["id"] if about.get("object") == "customer" else about.get("customer")),
            reference=about.get("client_reference_id") or (about.get("metadata") or {}).get("account"),
        )
    except (stripe.SignatureVerificationError, NotConfigured) as error:
        raise Unsigned("This event is not signed by Stripe") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unsigned("This event cannot be read") from error


def _subscription(given: Mapping[str, Any]) -> Subscription:
    item: Mapping[str, Any] = next(iter(given["items"]["data"]), {})
    price = item.get("price") or given.get("plan") or {}
    plans = {price_id: plan for plan, price_id in shop().prices.items() if price_id}
    return Subscription(
        id=given["id"],
        status=given["status"],
        plan=plans.get(str(price.get("id"))) or _plan_of_interval(price),
        # Since 2025 the period stands on the item; before, on the subscription.
        period_start=_instant(item.get("current_period_start") or given.get("current_period_start")),
        period_end=_instant(item.get("current_period_end") or given.get("current_period_end")),
        cancels_at_period_end=bool(given.get("cancel_at_period_end") or given.get("cancel_at")),
        account=(given.get("metadata") or {}).get("account"),
    )


def _plan_of_interval(price: Mapping[str, Any]) -> str | None:
    """A price that was replaced by a newer one still buys what it bought."""
    interval = (price.get("recurring") or price).get("interval")
    return {"month": "pro_monthly", "year": "pro_yearly"}.get(str(interval))


def _invoice(given: Mapping[str, Any]) -> Invoice:
    # What Stripe has given up on (uncollectible) can still be paid, so it is open.
    status = {"paid": "paid", "void": "void"}.get(given["status"], "open")
    created_at = datetime.fromtimestamp(given["created"], UTC)
    return Invoice(given["id"], given["total"], given["currency"], status, given.get("invoice_pdf"), created_at)


def _id(value: Any) -> str | None:
    """An id, or that of the object which stands in its place."""
    return value.get("id") if isinstance(value, Mapping) else value


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


@contextmanager
def client() -> Iterator[stripe.StripeClient]:
    """The library at work on our account; whatever goes wrong in the block is a ConnectorError."""
    here = shop()
    with bounded_session() as session:
        library = stripe.StripeClient(
            here.secret_key,
            base_addresses={"api": here.api_url},
            http_client=http_clients.RequestsClient(session=session),
            max_network_retries=1,
        )
        with spoken("Stripe"):
            try:
                yield library
            except stripe.RateLimitError as error:
                raise busy("Stripe", wait(error.headers or {})) from error
            except stripe.APIConnectionError as error:
                raise ConnectorError("Stripe could not be reached. It will be tried again.") from error
            except stripe.AuthenticationError as error:
                raise ConnectorError("Stripe refuses this server's key.", kind="refused") from error
            except stripe.StripeError as error:
                raise of_status("Stripe", error.http_status or 500, error.headers or {}) from error
