"""Personal API tokens, for the SDKs and for people's own programs."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from models.api_keys import SCOPES, ApiKey, list_keys
from models.clock import now
from models.errors import Invalid
from web.auth import current_user, logged_in
from web.body import Input
from web.fields import Choice, Text, Timestamp
from web.focusflow.shape import PageQuery, Routes
from web.shape import Listing, PageInfo

routes = Routes("api_keys", __name__, url_prefix="/auth/api-keys", description="Personal API tokens")


class NewKeySchema(Input):
    name = Text(100, required=True)
    scopes = fields.List(Choice(*SCOPES), validate=validate.Length(1, len(SCOPES)))
    expires_at = Timestamp(allow_none=True)


class KeySchema(Input):
    id = fields.Integer(required=True)
    name = fields.String(required=True)
    prefix = fields.String(required=True, metadata={"example": "dbk_Zk3rT0aQ"})
    scopes = fields.List(fields.String(), required=True, metadata={"example": ["read", "write"]})
    created_at = Timestamp(required=True)
    expires_at = Timestamp(required=True, allow_none=True)
    last_used_at = Timestamp(
        required=True, allow_none=True, metadata={"description": "To the hour; null until it is used"}
    )


class IssuedKeySchema(KeySchema):
    key = fields.String(required=True, metadata={"description": "The token itself; it is shown this once"})


def show_key(key: ApiKey) -> dict[str, Any]:
    """A token as its owner sees it later: without its text."""
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes.split(),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
    }


@routes.get("/")
@routes.arguments(PageQuery(only=("page", "page_size")), location="query")
@routes.response(200, KeySchema(many=True))
def index(query: dict[str, Any]) -> Listing:
    """List API keys, the newest first."""
    keys = list_keys(logged_in().id)
    offset = (query["page"] - 1) * query["page_size"]
    shown = [show_key(key) for key in keys[offset : offset + query["page_size"]]]
    return Listing(shown, PageInfo(query["page"], query["page_size"], len(keys)))


@routes.post("/")
@routes.arguments(NewKeySchema, example={"name": "My script", "scopes": ["read"]})
@routes.response(201, IssuedKeySchema)
def create(given: dict[str, Any]) -> dict[str, Any]:
    """Create an API key; its text is shown this once."""
    logged_in()
    expires_at = given.get("expires_at")
    if expires_at is not None and expires_at <= now():
        raise Invalid({"expires_at": ["Must be in the future"]})
    key, text = ApiKey.issue(current_user(), given["name"], given.get("scopes", SCOPES), expires_at)
    return {**show_key(key), "key": text}


@routes.delete("/<id:id>/")
@routes.response(204)
def delete(id: int) -> None:
    """Revoke an API key; it stops working at once."""
    ApiKey.of(logged_in().id, id).revoke()
