"""Subscriptions: what a user pays for at Stripe, and the plan that follows from it.

Stripe's events come late, doubled and in any order, so none is believed: each one has the present state fetched. Every
fetch takes a number before it starts, and its result is stored only where no fetch that started later was quicker.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now
from models.db import Base, session
from models.events import record
from models.plans import PLANS
from models.users import User

STATUSES = {
    "active": "active",
    "trialing": "trialing",
    "past_due": "past_due",
    "unpaid": "past_due",
    "canceled": "canceled",
}
"""Stripe's states in the contract's words. One whose first payment is not made yet (incomplete) is no subscription."""
LIVE = ("active", "trialing", "past_due")
"""States that are worth their plan. Stripe itself tries a declined card again while a subscription is past due."""
_CONFIRMATION = timedelta(minutes=15)
_LATER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class SubscriptionDue:
    """A subscription should be looked at now."""

    subscription_id: int


class Subscription(Base):
    """A user's account at Stripe and the subscription that counts there; `plan_id` is None without one."""

    __tablename__ = "subscriptions"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    customer_id: Mapped[str] = mapped_column(String(100), unique=True)
    subscription_id: Mapped[str | None] = mapped_column(String(100))
    plan_id: Mapped[str | None] = mapped_column(String(20))
    status: Mapped[str | None] = mapped_column(String(30))
    period_start: Mapped[datetime | None]
    period_end: Mapped[datetime | None]
    cancels_at_period_end: Mapped[bool] = mapped_column(default=False)
    fetches: Mapped[int] = mapped_column(default=0)
    stored_fetch: Mapped[int] = mapped_column(default=0)
    look_at: Mapped[datetime | None] = mapped_column(index=True)
    """When the worker fetches next: after a period's end nothing is believed that no event has confirmed."""
    ends_with_account: Mapped[bool] = mapped_column(default=False)
    """The account is closed, so the worker cancels what is still running."""
    created_at: Mapped[datetime] = mapped_column(default=now)

    @classmethod
    def of_user(cls, user_id: int) -> Self | None:
        """A user's account at Stripe, if there is one."""
        return session.scalar(select(cls).where(cls.user_id == user_id))

    @classmethod
    def of_customer(cls, customer_id: str) -> Self | None:
        """Whose customer this is."""
        return session.scalar(select(cls).where(cls.customer_id == customer_id))

    @classmethod
    def open(cls, user: User, customer_id: str) -> Self:
        """Note a user's account at Stripe; the first one stays."""
        user.lock()
        known = cls.of_user(user.id)
        if known is None:
            known = cls(user_id=user.id, customer_id=customer_id, fetches=0, stored_fetch=0)
            session.add(known)
            session.flush()
        return known

    def begin_fetch(self) -> int:
        """Take the number of a fetch that is about to start."""
        return session.scalars(
            update(Subscription)
            .where(Subscription.id == self.id)
            .values(fetches=Subscription.fetches + 1)
            .returning(Subscription.fetches)
        ).one()

    def absorb(
        self,
        fetch: int,
        *,
        subscription_id: str | None,
        plan_id: str | None,
        status: str | None,
        period_start: datetime | None,
        period_end: datetime | None,
        cancels_at_period_end: bool,
    ) -> bool:
        """Store what a fetch found, and the user's plan with it; False where a later fetch was quicker."""
        owner = session.get_one(User, self.user_id)
        owner.lock()
        is_live = status in LIVE
        stored = session.execute(
            update(Subscription)
            .where(Subscription.id == self.id, Subscription.stored_fetch < fetch)
            .values(
                stored_fetch=fetch,
                subscription_id=subscription_id,
                plan_id=plan_id,
                status=status,
                period_start=period_start,
                period_end=period_end,
                cancels_at_period_end=cancels_at_period_end,
                look_at=period_end + _CONFIRMATION if is_live and period_end else None,
            )
        )
        if stored.rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
            return False
        session.refresh(self)
        if subscription_id is not None:  # who never had one keeps the plan that an operator gave him
            owner.plan = plan_id if is_live and plan_id in PLANS else "free"
        return True

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    def postpone(self) -> None:
        """Stripe did not answer: look again later."""
        self.look_at = now() + _LATER

    def end_with_account(self) -> None:
        """The account is closed: have the worker cancel what is running."""
        self.ends_with_account = True
        self.look_at = now()
        record(SubscriptionDue(self.id))


class StripeEvent(Base):
    """An event whose effect is stored, so that its repeats have none."""

    __tablename__ = "stripe_events"

    event_id: Mapped[str] = mapped_column(String(100), unique=True)
    type: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)

    @classmethod
    def is_known(cls, event_id: str) -> bool:
        return session.scalar(select(cls.id).where(cls.event_id == event_id)) is not None

    @classmethod
    def note(cls, event_id: str, type: str) -> bool:
        """Remember an event; False where somebody did at the same moment."""
        try:
            with session.begin_nested():
                session.add(cls(event_id=event_id, type=type[:100]))
        except IntegrityError:
            return False
        return True


def plan_and_subscription(user_id: int) -> tuple[str, Subscription | None]:
    """The plan that a user is on, and his account at Stripe if there is one."""
    found = session.execute(
        select(User.plan, Subscription)
        .outerjoin(Subscription, Subscription.user_id == User.id)
        .where(User.id == user_id)
    ).one()
    return found.plan, found.Subscription


def end_subscription(user: User) -> None:
    """Have a closed account's subscription cancelled."""
    subscription = Subscription.of_user(user.id)
    if subscription is not None:
        subscription.end_with_account()
