"""Every module that holds a table, so that the metadata is whole."""

from __future__ import annotations

from models import (  # noqa: F401
    blocks,
    categories,
    guesses,
    heartbeats,
    inbox,
    integrations,
    mail,
    puzzles,
    tokens,
    users,
)
