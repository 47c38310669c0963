"""Produktifin's shape: plain answers, and refusals as `{error: text}`."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from models import errors
from models.errors import MISSING, Refusal
from web.routes import Routes as BaseRoutes
from web.shape import Failure, HttpRefusal, Limit, Shape


class ErrorSchema(Schema):
    error = fields.String(required=True, metadata={"example": "Invalid or expired token"})


class Produktifin(Shape):
    contract = "produktifin"
    description = "Pomodoro sessions that follow a cycle, their history, and a calendar of planned ones."
    error_schema = ErrorSchema
    errors = {  # the contract has texts where others have codes; without one the refusal's own words go out
        errors.Invalid: (400, ""),
        errors.ResetTokenInvalid: (400, ""),
        errors.InvalidCredentials: (401, "Invalid email or password"),
        errors.Unauthenticated: (401, "Invalid or expired token"),
        errors.Forbidden: (403, ""),
        errors.NotFound: (404, ""),
        errors.Conflict: (409, ""),
        errors.TooMany: (429, ""),
        errors.UpstreamFailed: (502, ""),
        errors.Unavailable: (503, ""),
        errors.Refusal: (500, ""),
    }

    def failure(self, failure: Failure) -> Any:
        for name, sentences in failure.fields.items():
            if MISSING in sentences:
                return {"error": f"Missing required field: {name}"}
        for name, sentences in failure.fields.items():
            return {"error": f"{name}: {sentences[0]}"}
        return {"error": failure.code or failure.message}

    def describe(self, refusal: Refusal) -> Failure:
        failure = super().describe(refusal)
        if isinstance(refusal, HttpRefusal):  # 405, 413, 415 have no documented texts
            return Failure(failure.status, "", failure.message)
        return failure

    def limit(self, method: str, path: str) -> Limit | None:
        # None is documented; this one keeps a flood of passwords from taking the machine.
        return Limit("produktifin-auth", 60, "address") if path.startswith("/v1/auth/") else None


shape = Produktifin()


class Routes(BaseRoutes):
    """Produktifin's blueprints."""

    def __init__(self, name: str, import_name: str, **options: Any) -> None:
        super().__init__(name, import_name, shape=shape, **options)


class MessageSchema(Schema):
    """A sentence for the person who asked."""

    message = fields.String(required=True)
