"""Tymblok: time blocks, inbox and integrations, at `api.tymblok.app/v1` and `/tymblok/v1`."""

from __future__ import annotations

from web.app import ContractApp, create_app
from web.docs import Document
from web.feed import feed_routes
from web.tymblok import (
    auth,
    blocks,
    calendars,
    categories,
    inbox,
    integrations,
    oauth,
    settings,
    stats,
    subscriptions,
    users,
)
from web.tymblok.shape import shape

HOST = "api.tymblok.app"


def create() -> ContractApp:
    """The contract's app."""
    resources = (
        auth, oauth, users, settings, blocks, categories, inbox, integrations, calendars, stats, subscriptions,
    )  # fmt: skip
    feed = feed_routes(shape, "/settings/calendar-feed")
    return create_app(shape, Document("/v1", "Tymblok", "1.0.0", [*(each.routes for each in resources), feed]))
