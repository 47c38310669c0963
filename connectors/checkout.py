"""Checkout at Stripe: one open page to pay on for each customer, and money back for what was paid twice."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import stripe

from connectors.base import ConnectorError
from connectors.stripe import client, shop


def create_checkout(customer: str, plan: str, reference: str, success_url: str, cancel_url: str) -> tuple[str, str]:
    """A page on which the customer pays for a plan: its id and its address. Errors: ConnectorError."""
    price = shop().prices.get(plan)
    if not price:
        raise ConnectorError(f"Stripe has no price for {plan}: it is not configured on this server", kind="refused")
    with client() as at_stripe:
        params: Any = {
            "mode": "subscription",
            "customer": customer,
            "client_reference_id": reference,
            "line_items": [{"price": price, "quantity": 1}],
            "success_url": success_url,
            "cancel_url": cancel_url,
            "subscription_data": {"metadata": {"account": reference}},
        }
        session = at_stripe.v1.checkout.sessions.create(params)
        if not session.url:
            raise ConnectorError("Stripe made a page without an address. Please try again.")
        return session.id, session.url


def close_pages(customer: str, *, before: str | None = None) -> None:
    """Close the pages on which a customer could pay: all, or those made before one of them. Errors: ConnectorError."""
    with client() as at_stripe:
        params: Any = {"customer": customer, "status": "open", "limit": 100}
        pages = [page.id for page in at_stripe.v1.checkout.sessions.list(params).auto_paging_iter()]
        if before is not None:
            # The list has the newest first, so of two that are made at once exactly one closes the other.
            pages = pages[pages.index(before) + 1 :] if before in pages else []
        for id in pages:
            with suppress(stripe.InvalidRequestError):  # paid or closed a moment ago: what it sold, the list shows
                at_stripe.v1.checkout.sessions.expire(id)


def give_back(subscription_id: str) -> None:
    """Refund every payment made for a subscription; asked twice, once. Errors: ConnectorError."""
    with client() as at_stripe:
        paid: Any = {"subscription": subscription_id, "status": "paid", "limit": 100}
        for bill in list(at_stripe.v1.invoices.list(paid).auto_paging_iter()):
            made: Any = {"invoice": bill.id, "status": "paid", "limit": 100}
            for payment in list(at_stripe.v1.invoice_payments.list(made).auto_paging_iter()):
                intent = payment.payment.payment_intent
                if intent is None:
                    continue  # paid by credit or out of band: there is no payment to return
                intent_id = intent if isinstance(intent, str) else intent.id
                params: Any = {"payment_intent": intent_id, "reason": "duplicate"}
                try:
                    at_stripe.v1.refunds.create(params, {"idempotency_key": f"refund-{intent_id}"})
                except stripe.InvalidRequestError as error:
                    if error.code != "charge_already_refunded":
                        raise


def cancel(subscription_id: str) -> None:
    """End a subscription now, unless it has ended. Errors: ConnectorError."""
    with client() as at_stripe:
        try:
            at_stripe.v1.subscriptions.cancel(subscription_id)
        except stripe.InvalidRequestError as error:
            if error.code != "resource_missing":
                raise
