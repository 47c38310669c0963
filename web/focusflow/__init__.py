"""FocusFlow: projects, tasks and the timer at `api.focusflow.com/api/v1`, teams at `…/api/v2`; `/focusflow/…` too."""

from __future__ import annotations

from web.app import ContractApp, create_app
from web.docs import Document
from web.feed import feed_routes
from web.focusflow import (
    analytics,
    api_keys,
    auth,
    dashboard,
    export,
    invites,
    live,
    members,
    organizations,
    pomodoro,
    profile,
    projects,
    reports,
    tasks,
    team_analytics,
    team_tasks,
    timer,
    webhooks,
)
from web.focusflow.shape import shape

HOST = "api.focusflow.com"
VERSION_1 = (auth, profile, api_keys, projects, tasks, timer, pomodoro, analytics, export)
VERSION_2 = (organizations, members, invites, team_tasks, dashboard, team_analytics, reports, webhooks)


def create() -> ContractApp:
    """The contract's app, with a document for each version."""
    feed = feed_routes(shape, "/auth/calendar-feed/")
    app = create_app(
        shape,
        Document("/api/v1", "FocusFlow", "1.0.0", [*(each.routes for each in VERSION_1), feed]),
        Document("/api/v2", "FocusFlow for teams", "2.0.0", [each.routes for each in VERSION_2]),
    )
    app.wsgi_app = live.beside(app.wsgi_app)  # type: ignore[method-assign, assignment]
    return app
