"""What happens away from a request. Every effect is a row; these find it, do it, and note how it went."""

from __future__ import annotations

from workers import (
    channels,
    focus,
    housekeeping,
    idle,
    mail,
    reminders,
    revocations,
    schedule,
    series,
    stats,
    subscriptions,
    sync,
    team_days,
    webhooks,
)
from workers.listen import listen

__all__ = [
    "channels",
    "focus",
    "housekeeping",
    "idle",
    "listen",
    "mail",
    "reminders",
    "revocations",
    "schedule",
    "series",
    "stats",
    "subscriptions",
    "sync",
    "team_days",
    "webhooks",
]
