"""Every module that holds a table, so that the metadata is whole."""

from __future__ import annotations

from models import (  # noqa: F401
    blocks,
    categories,
    dirty_days,
    feeds,
    focus,
    guesses,
    heartbeats,
    inbox,
    integrations,
    live,
    mail,
    projects,
    puzzles,
    revocations,
    rollups,
    runs,
    series,
    stretches,
    tasks,
    tokens,
    users,
)
