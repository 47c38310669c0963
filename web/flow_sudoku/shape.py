"""Flow Sudoku's shape: plain answers, refusals as `{error: {code, message}}`, and its three limits."""

from __future__ import annotations

from functools import partial
from typing import Any

from marshmallow import Schema, fields

from models import errors
from web.routes import Routes as BaseRoutes
from web.shape import Failure, Limit, Shape


class ErrorBodySchema(Schema):
    code = fields.String(required=True, metadata={"example": "INVALID_CREDENTIALS"})
    message = fields.String(required=True, metadata={"example": "Email or password is incorrect"})


class ErrorSchema(Schema):
    error = fields.Nested(ErrorBodySchema, required=True)


class FlowSudoku(Shape):
    contract = "flow-sudoku"
    description = "Keep a player's puzzle sessions in step on all devices."
    error_schema = ErrorSchema
    uncoded = "INVALID_REQUEST"
    errors = {
        errors.Invalid: (400, "INVALID_REQUEST"),
        errors.ResetTokenInvalid: (400, "INVALID_REQUEST"),
        errors.InvalidCredentials: (401, "INVALID_CREDENTIALS"),
        errors.Unauthenticated: (401, "UNAUTHORIZED"),
        errors.Forbidden: (403, "FORBIDDEN"),
        errors.NotFound: (404, "NOT_FOUND"),
        errors.Conflict: (409, "CONFLICT"),
        errors.TooMany: (429, "RATE_LIMIT"),
        errors.UpstreamFailed: (502, "INTERNAL_ERROR"),
        errors.Unavailable: (503, "INTERNAL_ERROR"),
        errors.Refusal: (500, "INTERNAL_ERROR"),
    }

    def failure(self, failure: Failure) -> Any:
        message = failure.message
        for name, sentences in failure.fields.items():
            message = f"{name}: {sentences[0]}"
            break
        return {"error": {"code": failure.code, "message": message}}

    def limit(self, method: str, path: str) -> Limit | None:
        resource = path.removeprefix("/v1/").partition("/")[0]
        if resource == "auth":
            return Limit("flow-sudoku-auth", 5, "user" if method == "GET" else "address")
        if resource == "sessions":
            return Limit("flow-sudoku-sessions", 20)
        return Limit("flow-sudoku-subscription", 10) if resource == "subscription" else None


shape = FlowSudoku()
Routes = partial(BaseRoutes, shape=shape)
"""Flow Sudoku's blueprints."""
