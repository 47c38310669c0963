"""Pomodoro Timer: accounts with a refresh cookie, at `/pomodoro-timer/api/v1`. The contract names no host."""

from __future__ import annotations

from web.app import ContractApp, create_app
from web.docs import Document
from web.pomodoro_timer import auth
from web.pomodoro_timer.shape import shape


def create() -> ContractApp:
    """The contract's app."""
    return create_app(shape, Document("/api/v1", "Pomodoro Timer", "1.0.0", [auth.routes]))
