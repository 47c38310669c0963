"""Produktifin's shape: plain answers, and refusals as `{error: text}`."""

from __future__ import annotations

from functools import partial
from typing import Any

from marshmallow import Schema, fields

from models import errors
from models.errors import MISSING
from web.routes import Routes as BaseRoutes
from web.shape import Failure, Limit, Shape


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

    def limit(self, method: str, path: str) -> Limit | None:
        # None is documented; this one keeps a flood of passwords from taking the machine.
        return Limit("produktifin-auth", 60, "address") if path.startswith("/v1/auth/") else None


shape = Produktifin()
Routes = partial(BaseRoutes, shape=shape)
"""Produktifin's blueprints."""
