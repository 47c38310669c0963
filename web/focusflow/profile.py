"""The caller's own account."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from models.focus import LONGEST_MINUTES
from models.users import User
from web.auth import current_user
from web.body import Input
from web.fields import Int, Text, Timestamp, Zone
from web.focusflow.auth import UserNameSchema, name_user
from web.focusflow.shape import Routes

routes = Routes("profile", __name__, url_prefix="/auth", description="The caller's own account")
_LENGTHS = ("focus_duration", "short_break", "long_break", "long_break_interval")


class PomodoroSettingsSchema(Input):
    focus_duration = fields.Integer(required=True, metadata={"description": "Minutes", "example": 25})
    short_break = fields.Integer(required=True, metadata={"description": "Minutes", "example": 5})
    long_break = fields.Integer(required=True, metadata={"description": "Minutes", "example": 15})
    long_break_interval = fields.Integer(required=True, metadata={"description": "Pomodoros", "example": 4})


class ProfileSchema(UserNameSchema):
    first_name = fields.String(required=True)
    last_name = fields.String(required=True)
    timezone = fields.String(required=True, metadata={"description": "Where the user's days begin"})
    pomodoro_settings = fields.Nested(PomodoroSettingsSchema, required=True)
    created_at = Timestamp(required=True)


class PomodoroChangeSchema(Input):
    focus_duration = Int(1, LONGEST_MINUTES)
    short_break = Int(1, LONGEST_MINUTES)
    long_break = Int(1, LONGEST_MINUTES)
    long_break_interval = Int(1, 20)


class ProfileChangeSchema(Input):
    first_name = Text(150, blank=True)
    last_name = Text(150, blank=True)
    timezone = Zone()
    pomodoro_settings = fields.Nested(
        PomodoroChangeSchema, metadata={"description": "What is left out stays as it is"}
    )


def show_profile(user: User) -> dict[str, Any]:
    """A user as the contract writes a profile."""
    return {
        **name_user(user),
        "first_name": user.first_name,
        "last_name": user.last_name,
        "timezone": user.timezone,
        "pomodoro_settings": {name: getattr(user, name) for name in _LENGTHS},
        "created_at": user.created_at,
    }


@routes.get("/profile/")
@routes.response(200, ProfileSchema)
def show() -> dict[str, Any]:
    """Get the profile."""
    return show_profile(current_user())


@routes.patch("/profile/")
@routes.arguments(
    ProfileChangeSchema,
    example={
        "first_name": "John",
        "timezone": "Asia/Kathmandu",
        "pomodoro_settings": {"focus_duration": 30, "short_break": 5},
    },
)
@routes.response(200, ProfileSchema)
def update(given: dict[str, Any]) -> dict[str, Any]:
    """Update the profile."""
    user = current_user()
    user.change(**{**given.pop("pomodoro_settings", {}), **given})
    return show_profile(user)
