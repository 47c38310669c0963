"""FocusFlow's shape: bare bodies, `{error: {code, message, details}}`, numbered pages, and its error codes."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlencode

from flask import request
from marshmallow import Schema, fields
from werkzeug.datastructures import MultiDict
from werkzeug.urls import iri_to_uri

from models import errors
from web.body import Input
from web.fields import QueryInt, Text
from web.routes import Routes as BaseRoutes
from web.shape import Failure, Limit, Listing, Shape

_LOGIN_PATHS = ("register", "login", "refresh", "logout")


class ErrorBodySchema(Schema):
    code = fields.String(required=True, metadata={"example": "VALIDATION_ERROR"})
    message = fields.String(required=True)
    details = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "Each wrong field with sentences about it"},
    )


class ErrorSchema(Schema):
    error = fields.Nested(ErrorBodySchema, required=True)


class FocusFlow(Shape):
    contract = "focusflow"
    description = (
        "Projects, tasks and the focus timer. Documented paths end in a slash; they answer without it too. "
        "Live events come over the WebSocket `/ws/pomodoro/`."
    )
    error_schema = ErrorSchema
    uncoded = "VALIDATION_ERROR"
    errors = {
        errors.Invalid: (400, "VALIDATION_ERROR"),
        errors.ResetTokenInvalid: (400, "VALIDATION_ERROR"),
        errors.TokenExpired: (401, "TOKEN_EXPIRED"),
        errors.RefreshExpired: (401, "TOKEN_EXPIRED"),
        errors.Unauthenticated: (401, "AUTHENTICATION_FAILED"),
        errors.Forbidden: (403, "PERMISSION_DENIED"),
        errors.NotFound: (404, "NOT_FOUND"),
        errors.Conflict: (409, "CONFLICT"),
        errors.TooMany: (429, "RATE_LIMIT_EXCEEDED"),
        errors.Unavailable: (503, "INTERNAL_ERROR"),
        errors.Refusal: (500, "INTERNAL_ERROR"),
    }

    def success(self, data: Any) -> Any:
        if not isinstance(data, Listing):
            return data
        page = data.page
        return {
            "count": page.total,
            "next": _address(page.number + 1) if page.number < page.pages else None,
            "previous": _address(page.number - 1) if page.number > 1 else None,
            "results": data,
        }

    def failure(self, failure: Failure) -> Any:
        error: dict[str, Any] = {"code": failure.code, "message": failure.message}
        if failure.fields:
            error["details"] = failure.fields
        return {"error": error}

    def documented(self, schema: Any) -> Any:
        """The schema, or a page of it; pages are made once for each, or apispec would number the names."""
        return _page_of(schema) if getattr(schema, "many", False) else schema

    def limit(self, method: str, path: str) -> Limit | None:
        _, _, version, *rest = f"{path}/".split("/")
        resource = rest[0] if rest else ""
        if version not in ("v1", "v2") or f"/{resource}".startswith(("/docs", "/openapi.json")):
            return None
        if version == "v2":
            # Within an organisation the organisation's own limits hold (web/focusflow/seat.py).
            return None if resource == "organizations" and rest[1] else Limit("focusflow-v2", 300)
        if method == "POST" and resource == "auth" and rest[1] in _LOGIN_PATHS:
            return Limit("focusflow-auth", 10, "address")
        if resource == "analytics":
            return Limit("focusflow-analytics", 30)
        return Limit("focusflow", 100)


def _address(number: int) -> str:
    """The present address with another page number."""
    query = MultiDict(request.args)
    query["page"] = str(number)
    return f"{iri_to_uri(request.base_url)}?{urlencode(list(query.items(multi=True)))}"


shape = FocusFlow()
FILE = {"type": "string", "format": "binary"}
"""The schema of an answer that is a file; without one the document would not name its content type."""
_pages: dict[type[Schema], Schema] = {}


def _page_of(schema: Any) -> Schema:
    kind = type(schema)
    if kind not in _pages:
        name = kind.__name__.removesuffix("Schema") + "Page"
        members = {
            "count": fields.Integer(required=True, metadata={"description": "Of all pages"}),
            "next": fields.String(required=True, allow_none=True),
            "previous": fields.String(required=True, allow_none=True),
            "results": fields.Nested(kind, many=True, required=True),
        }
        _pages[kind] = type(name, (Schema,), members)()
    return _pages[kind]


Routes = partial(BaseRoutes, shape=shape)
"""FocusFlow's blueprints."""


class PageQuery(Input):
    """What every list understands."""

    page = QueryInt(1, 10**9, load_default=1)
    page_size = QueryInt(1, 100, load_default=20, metadata={"description": "At most 100"})
    ordering = Text(50, metadata={"description": "A field to sort by; `-` before it turns the order around"})
