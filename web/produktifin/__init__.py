"""Produktifin: pomodoro sessions, history and calendar, at `api.produktifin.com/v1` and `/produktifin/v1`."""

from __future__ import annotations

from web.app import ContractApp, create_app
from web.docs import Document
from web.feed import feed_routes
from web.produktifin import auth, calendar, history, sessions, tasks
from web.produktifin.shape import shape

HOST = "api.produktifin.com"


def create() -> ContractApp:
    """The contract's app."""
    resources = (auth, sessions, tasks, history, calendar)
    feed = feed_routes(shape, "/calendar/feed")
    return create_app(shape, Document("/v1", "Produktifin", "1.0.0", [*(each.routes for each in resources), feed]))
