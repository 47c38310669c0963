"""Tymblok's shape: `{data, meta}`, camelCase, and its error codes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from marshmallow import Schema, fields
from marshmallow.fields import Field

from models import errors
from models.clock import now
from models.plans import PLANS
from settings import settings
from web.body import Input
from web.fields import Timestamp
from web.json import written
from web.routes import Routes as BaseRoutes
from web.shape import Failure, Limit, Listing, Shape
from web.telemetry import request_id


def camel(name: str) -> str:
    """`start_time` → `startTime`."""
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


class Camel(Input):
    """A schema whose fields are camelCase on the wire."""

    def on_bind_field(self, field_name: str, field_obj: Field) -> None:
        field_obj.data_key = field_obj.data_key or camel(field_name)


class PaginationSchema(Camel):
    page = fields.Integer(required=True)
    page_size = fields.Integer(required=True)
    total_items = fields.Integer(required=True)
    total_pages = fields.Integer(required=True)


class LimitedToSchema(Camel):
    history_days = fields.Integer(required=True, metadata={"example": 7, "description": "Today and the days before"})
    plan = fields.String(required=True, metadata={"example": "free"})


class MetaSchema(Camel):
    timestamp = Timestamp(required=True)
    request_id = fields.String(required=True, metadata={"example": "req_abc123"})
    pagination = fields.Nested(PaginationSchema)
    limited_to = fields.Nested(
        LimitedToSchema,
        metadata={"description": "Where the plan keeps fewer days than were asked for: what the figures count"},
    )


@dataclass(frozen=True, slots=True)
class Limited:
    """Figures, and the plan that cut their history where one did."""

    data: Any
    plan: str | None


class DetailSchema(Schema):
    field = fields.String(required=True)
    message = fields.String(required=True)


class ErrorBodySchema(Schema):
    code = fields.String(required=True, metadata={"example": "VALIDATION_ERROR"})
    message = fields.String(required=True)
    details = fields.List(fields.Nested(DetailSchema))


class ErrorSchema(Schema):
    error = fields.Nested(ErrorBodySchema, required=True)
    meta = fields.Nested(MetaSchema, required=True)


class Tymblok(Shape):
    contract = "tymblok"
    access_seconds = settings.access_seconds_tymblok
    description = "Plan the day as time blocks. Every answer is `{data, meta}`, every refusal `{error, meta}`."
    error_schema = ErrorSchema
    uncoded = "VALIDATION_ERROR"
    errors = {
        errors.Invalid: (400, "VALIDATION_ERROR"),
        errors.ResetTokenInvalid: (400, "AUTH_TOKEN_INVALID"),
        errors.InvalidCredentials: (401, "AUTH_INVALID_CREDENTIALS"),
        errors.TokenExpired: (401, "AUTH_TOKEN_EXPIRED"),
        errors.TokenInvalid: (401, "AUTH_TOKEN_INVALID"),
        errors.RefreshExpired: (401, "AUTH_REFRESH_EXPIRED"),
        errors.Unauthenticated: (401, "AUTH_TOKEN_INVALID"),
        errors.Forbidden: (403, "FORBIDDEN"),
        errors.NotFound: (404, "NOT_FOUND"),
        errors.Conflict: (409, "CONFLICT"),
        errors.TooMany: (429, "RATE_LIMITED"),
        errors.UpstreamFailed: (502, "INTEGRATION_ERROR"),
        errors.Unavailable: (503, "INTERNAL_ERROR"),
        errors.Refusal: (500, "INTERNAL_ERROR"),
    }

    def spell(self, name: str) -> str:
        return camel(name)

    def success(self, data: Any) -> Any:
        meta: dict[str, Any] = {"timestamp": now(), "requestId": request_id()}
        if isinstance(data, Listing):
            page = data.page
            meta["pagination"] = {
                "page": page.number,
                "pageSize": page.size,
                "totalItems": page.total,
                "totalPages": page.pages,
            }
        if isinstance(data, Limited):
            if data.plan is not None:
                kept = PLANS[data.plan].features.stats_history_days
                meta["limitedTo"] = {"historyDays": kept, "plan": data.plan}
            data = data.data
        return {"data": written(data), "meta": meta}  # once for the answer and for its tag

    def lasting(self, body: Any) -> Any:
        passing = ("timestamp", "requestId")
        return [body["data"], {name: value for name, value in body["meta"].items() if name not in passing}]

    def failure(self, failure: Failure) -> Any:
        error: dict[str, Any] = {"code": failure.code, "message": failure.message}
        if failure.fields:
            error["details"] = [
                {"field": name, "message": sentence}
                for name, sentences in failure.fields.items()
                for sentence in sentences
            ]
        return {"error": error, "meta": {"timestamp": now(), "requestId": request_id()}}

    def documented(self, schema: Any) -> Any:
        """The schema in its envelope; made once for each, or apispec would number the names."""
        return _enveloped(schema)

    def limit(self, method: str, path: str) -> Limit | None:
        if method == "POST" and path.startswith("/v1/auth/"):
            return Limit("tymblok-auth", 10, "address")
        if path.startswith("/v1/docs") or path in ("/v1/openapi.json", "/v1/subscriptions/webhook"):
            return None
        return Limit("tymblok", 100)


shape = Tymblok()
_envelopes: dict[tuple[type[Schema], bool], Schema] = {}


def _enveloped(schema: Any) -> Schema:
    key = (type(schema), bool(schema.many))
    if key not in _envelopes:
        name = type(schema).__name__.removesuffix("Schema") + ("List" if schema.many else "") + "Answer"
        inner = fields.Nested(type(schema), many=schema.many, required=True)
        envelope = type(name, (Schema,), {"data": inner, "meta": fields.Nested(MetaSchema, required=True)})
        _envelopes[key] = envelope()
    return _envelopes[key]


Routes = partial(BaseRoutes, shape=shape)
"""Tymblok's blueprints."""
