"""Plans, and paying for them at Stripe."""

from __future__ import annotations

from typing import Any

from flask import request
from marshmallow import fields

from connectors import stripe
from connectors.base import ConnectorError
from models import db
from models.errors import Conflict, Invalid, NotFound, UpstreamFailed
from models.plans import PLANS, Plan
from models.subscriptions import STATUSES, Subscription, plan_and_subscription
from settings import settings
from web.auth import caller, logged_in, public
from web.fields import Text, Timestamp
from web.redirects import check_return
from web.tymblok.shape import Camel, Routes
from workers.subscriptions import begin_checkout, take

routes = Routes("subscriptions", __name__, url_prefix="/subscriptions", description="Plans and payments")


class FeaturesSchema(Camel):
    blocks_per_day = fields.Integer(required=True, metadata={"description": "-1 is unlimited, here and below"})
    integrations = fields.Integer(required=True)
    stats_history_days = fields.Integer(required=True)
    custom_categories = fields.Integer(required=True)
    export_data = fields.Boolean(required=True)
    priority_support = fields.Boolean(required=True)


class PlanSchema(Camel):
    id = fields.String(required=True, metadata={"enum": list(PLANS)})
    name = fields.String(required=True)
    price = fields.Integer(required=True, metadata={"description": "Cents of a US dollar", "example": 800})
    interval = fields.String(required=True, allow_none=True, metadata={"example": "month"})
    stripe_price_id = fields.String()
    features = fields.Nested(FeaturesSchema, required=True)


class SubscriptionSchema(Camel):
    plan_id = fields.String(required=True, metadata={"enum": list(PLANS)})
    status = fields.String(required=True, metadata={"enum": ["active", "canceled", "past_due", "trialing"]})
    current_period_start = Timestamp(required=True, allow_none=True)
    current_period_end = Timestamp(required=True, allow_none=True)
    cancel_at_period_end = fields.Boolean(required=True)
    stripe_customer_id = fields.String(required=True, allow_none=True)
    stripe_subscription_id = fields.String(required=True, allow_none=True)


class CheckoutSchema(Camel):
    price_id = Text(required=True, metadata={"description": "A plan's id, or its `stripePriceId`"})
    success_url = Text(2000, required=True)
    cancel_url = Text(2000, required=True)


class CheckoutPageSchema(Camel):
    checkout_url = fields.String(required=True)
    session_id = fields.String(required=True)


class PortalSchema(Camel):
    return_url = Text(2000, metadata={"description": "Where the portal leads back to; must be allowed"})


class PortalPageSchema(Camel):
    portal_url = fields.String(required=True)


class InvoiceSchema(Camel):
    id = fields.String(required=True)
    amount = fields.Integer(required=True, metadata={"description": "In the currency's smallest unit", "example": 800})
    currency = fields.String(required=True, metadata={"example": "usd"})
    status = fields.String(required=True, metadata={"enum": ["paid", "open", "void"]})
    pdf_url = fields.String(required=True, allow_none=True)
    created_at = Timestamp(required=True)


class ReceivedSchema(Camel):
    received = fields.Boolean(required=True)


def show_plan(plan: Plan) -> dict[str, Any]:
    """A plan as the contract writes one."""
    price_id = stripe.price_of(plan.id)
    return {
        "id": plan.id,
        "name": plan.name,
        "price": plan.price,
        "interval": plan.interval,
        **({"stripePriceId": price_id} if price_id else {}),
        "features": {
            "blocksPerDay": plan.features.blocks_per_day,
            "integrations": plan.features.integrations,
            "statsHistoryDays": plan.features.stats_history_days,
            "customCategories": plan.features.custom_categories,
            "exportData": plan.features.export_data,
            "prioritySupport": plan.features.priority_support,
        },
    }


def show_subscription(plan_id: str, found: Subscription | None) -> dict[str, Any]:
    """What a user is on; without a subscription that is or was one, the free plan is active."""
    status = STATUSES.get(found.status or "") if found else None
    real = found if status else None
    return {
        "planId": plan_id,
        "status": status or "active",
        "currentPeriodStart": real.period_start if real else None,
        "currentPeriodEnd": real.period_end if real else None,
        "cancelAtPeriodEnd": real.cancels_at_period_end if real else False,
        "stripeCustomerId": found.customer_id if found else None,
        "stripeSubscriptionId": real.subscription_id if real else None,
    }


@routes.get("/plans")
@public
@routes.response(200, PlanSchema(many=True))
def plans() -> list[dict[str, Any]]:
    """List the available plans."""
    return [show_plan(plan) for plan in PLANS.values()]


@routes.get("/current")
@routes.response(200, SubscriptionSchema)
def current() -> dict[str, Any]:
    """Get the current user's subscription."""
    return show_subscription(*plan_and_subscription(caller().id))


@routes.post("/checkout")
@routes.arguments(
    CheckoutSchema,
    example={
        "priceId": "pro_monthly",
        "successUrl": "tymblok://subscription/success",
        "cancelUrl": "tymblok://subscription/cancel",
    },
)
@routes.response(200, CheckoutPageSchema)
def checkout(given: dict[str, Any]) -> dict[str, Any]:
    """Create a Stripe checkout session; who has a subscription changes it in the portal."""
    plan = _plan_sold_as(given["price_id"])
    success_url = check_return(given["success_url"], "successUrl", is_scheme_enough=True)
    cancel_url = check_return(given["cancel_url"], "cancelUrl", is_scheme_enough=True)
    user_id = logged_in().id
    known = Subscription.of_user(user_id)
    if known is not None and known.is_live:
        raise Conflict("There is a subscription already; it can be changed on the billing page")
    db.release()
    try:
        session_id, address = begin_checkout(user_id, plan, success_url, cancel_url)
    except ConnectorError as error:
        raise UpstreamFailed(error.message) from error
    return {"checkoutUrl": address, "sessionId": session_id}


@routes.post("/portal")
@routes.arguments(PortalSchema, required=False)
@routes.response(200, PortalPageSchema)
def portal(given: dict[str, Any]) -> dict[str, Any]:
    """Create a Stripe customer portal session."""
    return_url = settings.public_url
    if "return_url" in given:
        return_url = check_return(given["return_url"], "returnUrl", is_scheme_enough=True)
    known = Subscription.of_user(logged_in().id)
    if known is None:
        raise NotFound("There is no Stripe customer yet: nothing was subscribed to")
    customer = known.customer_id
    db.release()
    try:
        return {"portalUrl": stripe.create_portal(customer, return_url)}
    except ConnectorError as error:
        raise UpstreamFailed(error.message) from error


@routes.post("/webhook")
@public
@routes.response(200, ReceivedSchema)
def webhook() -> dict[str, Any]:
    """Take in a Stripe event: signed, in any order, as often as it comes."""
    try:
        event = stripe.read_event(request.get_data(), request.headers.get("Stripe-Signature"))
    except stripe.Unsigned as error:
        raise Invalid(message=str(error)) from error
    db.release()
    try:
        take(event)
    except ConnectorError as error:
        raise UpstreamFailed(error.message) from error
    return {"received": True}


@routes.get("/invoices")
@routes.response(200, InvoiceSchema(many=True))
def invoices() -> list[dict[str, Any]]:
    """List the bills, the newest first."""
    known = Subscription.of_user(caller().id)
    if known is None:
        return []
    customer = known.customer_id
    db.release()
    try:
        found = stripe.list_invoices(customer)
    except ConnectorError as error:
        raise UpstreamFailed(error.message) from error
    return [
        {
            "id": bill.id,
            "amount": bill.amount,
            "currency": bill.currency,
            "status": bill.status,
            "pdfUrl": bill.pdf_url,
            "createdAt": bill.created_at,
        }
        for bill in found
    ]


def _plan_sold_as(price_id: str) -> str:
    for plan in PLANS.values():
        if plan.price and price_id in (plan.id, stripe.price_of(plan.id)):
            return plan.id
    raise Invalid({"priceId": ["There is no such plan to buy"]})
