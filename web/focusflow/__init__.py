"""FocusFlow: projects, tasks and the focus timer, at `api.focusflow.com/api/v1` and `/focusflow/api/v1`."""

from __future__ import annotations

from web.app import ContractApp, create_app
from web.docs import Document
from web.focusflow import analytics, api_keys, auth, export, feed, live, pomodoro, profile, projects, tasks, timer
from web.focusflow.shape import shape

HOST = "api.focusflow.com"
VERSION_1 = (auth, profile, api_keys, feed, projects, tasks, timer, pomodoro, analytics, export)


def create() -> ContractApp:
    """The contract's app."""
    app = create_app(shape, Document("/api/v1", "FocusFlow", "1.0.0", [resource.routes for resource in VERSION_1]))
    app.wsgi_app = live.beside(app.wsgi_app)  # type: ignore[method-assign, assignment]
    return app
