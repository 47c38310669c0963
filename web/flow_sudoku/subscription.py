"""What the player pays for: the same subscription as at the other doors."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from models.plans import PLANS
from models.subscriptions import STATUSES, plan_and_subscription
from web.auth import caller
from web.fields import Timestamp
from web.flow_sudoku.shape import Routes

routes = Routes("subscription", __name__, url_prefix="/subscription", description="What the player pays for")


class StandingSchema(Schema):
    tier = fields.String(required=True, metadata={"example": "studio"})
    status = fields.String(required=True, metadata={"example": "active"})
    current_period_end = Timestamp(required=True, allow_none=True)
    cancel_at_period_end = fields.Boolean(required=True)


def tier(plan_id: str) -> str:
    """The contract's word for a plan: any that costs money is `studio`."""
    return "studio" if PLANS[plan_id].price else "free"


def standing(user_id: int) -> dict[str, Any]:
    """A user's subscription as the contract writes it; without one that is or was, the free tier is active."""
    plan_id, found = plan_and_subscription(user_id)
    status = STATUSES.get(found.status or "") if found else None
    real = found if status else None
    return {
        "tier": tier(plan_id),
        "status": status or "active",
        "current_period_end": real.period_end if real else None,
        "cancel_at_period_end": real.cancels_at_period_end if real else False,
    }


@routes.get("/status")
@routes.response(200, StandingSchema)
def status() -> dict[str, Any]:
    """Check the subscription."""
    return standing(caller().id)
