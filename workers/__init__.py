"""What happens away from a request. Every effect is a row; these find it, do it, and note how it went."""

from __future__ import annotations

from workers import (
    housekeeping,
    mail,
    reminders,
    revocations,
    schedule,
    stats,
    subscriptions,
    sync,
)
from workers.listen import listen

__all__ = [
    "housekeeping", "listen", "mail", "reminders", "revocations", "schedule", "stats", "subscriptions", "sync",
]  # fmt: skip
