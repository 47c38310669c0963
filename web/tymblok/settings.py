"""How the app looks and when it writes to the user."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from models.users import User
from web.auth import current_user
from web.fields import Choice, Flag, Int
from web.tymblok.shape import Camel, Routes

routes = Routes("settings", __name__, url_prefix="/settings", description="Appearance and notifications")


class NotificationsSchema(Camel):
    block_reminder = Flag()
    reminder_minutes = Int(0, 1440)
    daily_summary = Flag()


class CalendarSchema(Camel):
    events_as_blocks = Flag(metadata={"description": "Events of a connected calendar become time blocks"})


class SettingsSchema(Camel):
    theme = Choice("light", "dark", "system")
    high_contrast = Flag()
    reduce_motion = Flag()
    text_size = Choice("small", "medium", "large")
    notifications = fields.Nested(NotificationsSchema)
    calendar = fields.Nested(CalendarSchema)


def show_settings(user: User) -> dict[str, Any]:
    """Settings as the contract writes them."""
    return {
        "theme": user.theme,
        "highContrast": user.high_contrast,
        "reduceMotion": user.reduce_motion,
        "textSize": user.text_size,
        "notifications": {
            "blockReminder": user.block_reminder,
            "reminderMinutes": user.reminder_minutes,
            "dailySummary": user.daily_summary,
        },
        "calendar": {"eventsAsBlocks": user.events_as_blocks},
    }


@routes.get("")
@routes.response(200, SettingsSchema)
def show() -> dict[str, Any]:
    """Get the user's settings."""
    return show_settings(current_user())


@routes.patch("")
@routes.arguments(SettingsSchema, example={"theme": "light", "highContrast": True})
@routes.response(200, SettingsSchema)
def update(given: dict[str, Any]) -> dict[str, Any]:
    """Update the user's settings; what is not named stays."""
    user = current_user()
    user.change(**given.pop("notifications", {}), **given.pop("calendar", {}), **given)
    return show_settings(user)
