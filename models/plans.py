"""What each plan allows. A limit holds here, at the core, whichever door a request came through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from models.errors import LimitReached

PlanId = Literal["free", "pro_monthly", "pro_yearly"]
UNLIMITED = -1


@dataclass(frozen=True, slots=True)
class Features:
    """Limits of a plan; -1 means none."""

    blocks_per_day: int
    integrations: int
    stats_history_days: int
    custom_categories: int
    export_data: bool
    priority_support: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Something a user can be on. `price` in cents of a US dollar for each `interval`."""

    id: PlanId
    name: str
    price: int
    interval: Literal["month", "year"] | None
    features: Features


_PRO = Features(UNLIMITED, UNLIMITED, UNLIMITED, UNLIMITED, True, True)
PLANS: dict[str, Plan] = {
    "free": Plan("free", "Free", 0, None, Features(10, 1, 7, 3, False, False)),
    "pro_monthly": Plan("pro_monthly", "Pro", 800, "month", _PRO),
    "pro_yearly": Plan("pro_yearly", "Pro (Annual)", 6800, "year", _PRO),
}


def check_limit(plan_id: str, feature: str, used: int, what: str) -> None:
    """Refuse one more of something when `used` has reached the plan's limit. Errors: LimitReached."""
    plan = PLANS[plan_id]
    limit: int = getattr(plan.features, feature)
    if limit != UNLIMITED and used >= limit:
        raise LimitReached(f"The {plan.name} plan allows {limit} {what}; the Pro plan lifts this limit")
