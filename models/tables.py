"""Every module that holds a table, so that the metadata is whole."""

from __future__ import annotations

from models import (  # noqa: F401
    activity,
    api_keys,
    blocks,
    categories,
    deliveries,
    dirty_days,
    feeds,
    focus,
    guesses,
    heartbeats,
    inbox,
    integrations,
    invites,
    live,
    mail,
    organizations,
    projects,
    puzzles,
    revocations,
    rollups,
    runs,
    series,
    stretches,
    subscriptions,
    tasks,
    tokens,
    users,
    webhooks,
)
