"""Every module that holds a table, so that the metadata is whole."""

from __future__ import annotations

from models import (  # noqa: F401
    blocks,
    categories,
    dirty_days,
    focus,
    guesses,
    heartbeats,
    identities,
    inbox,
    integrations,
    live,
    mail,
    projects,
    revocations,
    rollups,
    runs,
    stretches,
    subscriptions,
    tasks,
    tokens,
    users,
)
