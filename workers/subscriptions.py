"""Subscriptions: looking at Stripe, and storing what is so. No transaction is open while Stripe is asked."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence

from sqlalchemy import select

from celery_app import celery
from connectors import stripe
from connectors.base import ConnectorError
from models import db
from models.letters import send_payment_failed
from models.queues import claim
from models.subscriptions import LIVE, StripeEvent, Subscription
from models.users import User
from workers.announce import announce

log = logging.getLogger(__name__)
_ABOUT_US = ("checkout.session.", "customer.subscription.", "invoice.")


@celery.task(name="check_subscription")
def check_subscription(subscription_id: int) -> None:
    """Fetch one subscription's present state."""
    try:
        fetch(subscription_id)
    except ConnectorError as error:
        log.warning("subscription not fetched", extra={"subscription": subscription_id, "reason": error.message})
        with db.transaction():
            row = db.session.get(Subscription, subscription_id)
            if row is not None:
                row.postpone()


@celery.task(name="wake_subscriptions")
def wake_subscriptions() -> None:
    """Announce subscriptions whose period is over without a word, or that end with their account."""
    for subscription_id in claim(Subscription, Subscription.look_at):
        announce("check_subscription", subscription_id)


def begin_checkout(user_id: int, plan: str, success_url: str, cancel_url: str) -> tuple[str, str]:
    """A page at Stripe on which the user pays: its id and its address. Errors: ConnectorError."""
    with db.transaction(reading=True):
        user = db.session.get_one(User, user_id)
        known = Subscription.of_user(user_id)
        customer = known.customer_id if known else None
        reference, email, name = str(user.uid), user.email, user.name
    if customer is None:
        made = stripe.create_customer(reference, email, name)
        with db.transaction():
            customer = Subscription.open(db.session.get_one(User, user_id), made).customer_id
    return stripe.create_checkout(customer, plan, reference, success_url, cancel_url)


def take(event: stripe.Event) -> None:
    """Have an event take effect, once. Errors: ConnectorError, upon which Stripe sends it again."""
    subscription_id = None
    with db.transaction():
        if StripeEvent.is_known(event.id):
            return
        if event.customer and event.type.startswith(_ABOUT_US):
            row = Subscription.of_customer(event.customer) or _adopt(event.customer, event.reference)
            subscription_id = row.id if row else None
    if subscription_id is not None:
        fetch(subscription_id)
    with db.transaction():
        if StripeEvent.note(event.id, event.type) and subscription_id is not None:
            row = db.session.get_one(Subscription, subscription_id)
            owner = db.session.get_one(User, row.user_id)
            if event.type == "invoice.payment_failed" and row.status != "active" and owner.deleted_at is None:
                send_payment_failed(owner)


def fetch(subscription_id: int) -> bool:
    """Store what Stripe says now; False where a fetch that began later was quicker. Errors: ConnectorError."""
    with db.transaction():
        row = db.session.get(Subscription, subscription_id)
        if row is None:
            return False
        customer, is_over, number = row.customer_id, row.ends_with_account, row.begin_fetch()
    if is_over:
        stripe.cancel_subscriptions(customer)
    found = _present(stripe.list_subscriptions(customer))
    with db.transaction():
        row = db.session.get(Subscription, subscription_id)
        if row is None:
            return False
        return row.absorb(
            number,
            subscription_id=found.id if found else None,
            plan_id=found.plan if found else None,
            status=found.status if found else None,
            period_start=found.period_start if found else None,
            period_end=found.period_end if found else None,
            cancels_at_period_end=found.cancels_at_period_end if found else False,
        )


def _present(found: Sequence[stripe.Subscription]) -> stripe.Subscription | None:
    """The one that counts: the newest live one, else the newest."""
    return next((each for each in found if each.status in LIVE), found[0] if found else None)


def _adopt(customer: str, reference: str | None) -> Subscription | None:
    """A customer that a checkout says is one of our users, where that user has no other yet."""
    try:
        uid = uuid.UUID(reference or "")
    except ValueError:
        return None
    user = db.session.scalar(select(User).where(User.uid == uid))
    known = Subscription.open(user, customer) if user else None
    return known if known and known.customer_id == customer else None
