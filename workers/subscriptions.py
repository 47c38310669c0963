"""Subscriptions: looking at Stripe, and storing what is so. No transaction is open while Stripe is asked."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence

from sqlalchemy import select

from celery_app import celery
from connectors import checkout, stripe
from connectors.base import ConnectorError
from models import db
from models.errors import Conflict
from models.letters import send_paid_twice, send_payment_failed
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
    """A page at Stripe on which the user pays: its id and its address. It is the only open one of his.

    Errors: ConnectorError, Conflict (there is a subscription already, perhaps since a moment ago).
    """
    with db.transaction(reading=True):
        user = db.session.get_one(User, user_id)
        known = Subscription.of_user(user_id)
        reference, email, name = str(user.uid), user.email, user.name
    if known is None:
        made = stripe.create_customer(reference, email, name)
        with db.transaction():
            known = Subscription.open(db.session.get_one(User, user_id), made)
    session_id, address = checkout.create_checkout(known.customer_id, plan, reference, success_url, cancel_url)
    checkout.close_pages(known.customer_id, before=session_id)
    # Asked last: whoever paid on an older page before it was closed is seen here, though no event has come yet.
    fetch(known.id)
    with db.transaction(reading=True):
        is_paid_for = db.session.get_one(Subscription, known.id).is_live
    if is_paid_for:
        checkout.close_pages(known.customer_id)
        raise Conflict("There is a subscription already; it can be changed on the billing page")
    return session_id, address


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
        checkout.close_pages(customer)
        stripe.cancel_subscriptions(customer)
    found = stripe.list_subscriptions(customer)
    kept = _kept(found)
    if kept is not None and not is_over:
        for doubled in _doubled(found, kept):
            _undo(subscription_id, doubled)
    with db.transaction():
        row = db.session.get(Subscription, subscription_id)
        if row is None:
            return False
        return row.absorb(
            number,
            subscription_id=kept.id if kept else None,
            plan_id=kept.plan if kept else None,
            status=kept.status if kept else None,
            period_start=kept.period_start if kept else None,
            period_end=kept.period_end if kept else None,
            cancels_at_period_end=kept.cancels_at_period_end if kept else False,
        )


def _kept(found: Sequence[stripe.Subscription]) -> stripe.Subscription | None:
    """The one that counts, of a list with the newest first: the first of the live ones, else the newest of all."""
    living = [each for each in found if each.status in LIVE]
    ours = [each for each in living if each.plan is not None]
    return next(reversed(ours or living or found[:1]), None)


def _doubled(found: Sequence[stripe.Subscription], kept: stripe.Subscription) -> list[stripe.Subscription]:
    """What our checkout sold although there was a subscription; what an operator made at Stripe is not ours to end."""
    return [each for each in found if each.status in LIVE and each.account is not None and each.id != kept.id]


def _undo(subscription_id: int, doubled: stripe.Subscription) -> None:
    """Nobody pays twice: the money goes back, the user is told once, and the subscription ends.

    It ends last, for as long as it lives the next look finds it again and does what was cut short.
    """
    log.warning("a second subscription was bought", extra={"subscription": subscription_id, "stripe": doubled.id})
    checkout.give_back(doubled.id)
    with db.transaction():
        if StripeEvent.note(f"undone {doubled.id}", "second subscription undone"):
            row = db.session.get_one(Subscription, subscription_id)
            send_paid_twice(db.session.get_one(User, row.user_id))
    checkout.cancel(doubled.id)


def _adopt(customer: str, reference: str | None) -> Subscription | None:
    """A customer that a checkout says is one of our users, where that user has no other yet."""
    try:
        uid = uuid.UUID(reference or "")
    except ValueError:
        return None
    user = db.session.scalar(select(User).where(User.uid == uid))
    known = Subscription.open(user, customer) if user else None
    return known if known and known.customer_id == customer else None
