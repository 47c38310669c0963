"""Pomodoro Timer's shape: `{status, message, data}`, refusals as `{status, errors}` with the documented texts."""

from __future__ import annotations

from functools import partial
from typing import Any

from marshmallow import Schema, fields

from models import errors
from web.routes import Routes as BaseRoutes
from web.shape import Failure, Limit, Shape


class AnswerSchema(Schema):
    """What every good answer holds; most add `data`."""

    status = fields.Integer(required=True, metadata={"description": "The HTTP status"})
    message = fields.String(required=True)


class ErrorSchema(Schema):
    status = fields.Integer(required=True, metadata={"description": "The HTTP status", "example": 400})
    errors = fields.String(required=True, metadata={"example": "Invalid Format"})


class PomodoroTimer(Shape):
    contract = "pomodoro-timer"
    description = "Accounts for a pomodoro timer. The refresh token is a cookie that scripts cannot read."
    error_schema = ErrorSchema
    errors = {  # the contract has texts where others have codes; without one the refusal's own words go out
        errors.Invalid: (400, "Invalid Format"),
        errors.ResetTokenInvalid: (400, "Invalid Format"),
        errors.InvalidCredentials: (401, "Invalid Username or Password"),
        errors.RefreshExpired: (401, "Refresh Token Invalid"),
        errors.Unauthenticated: (401, "Acces Token Invalid"),
        errors.Forbidden: (403, ""),
        errors.NotFound: (404, ""),
        errors.Conflict: (409, ""),
        errors.TooMany: (429, ""),
        errors.UpstreamFailed: (502, ""),
        errors.Unavailable: (503, ""),
        errors.Refusal: (500, ""),
    }

    def failure(self, failure: Failure) -> Any:
        return {"status": failure.status, "errors": failure.code or failure.message}

    def limit(self, method: str, path: str) -> Limit | None:
        # None is documented; this one keeps a flood of passwords from taking the machine.
        return Limit("pomodoro-timer-auth", 60, "address") if path.startswith("/api/v1/auth/") else None


shape = PomodoroTimer()
Routes = partial(BaseRoutes, shape=shape)
"""Pomodoro Timer's blueprints."""


def answer(status: int, message: str, data: Any = None) -> dict[str, Any]:
    """A good answer's body."""
    body = {"status": status, "message": message}
    return body if data is None else {**body, "data": data}
