"""Connected accounts."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from connectors.base import ConnectorError
from models import db
from models.errors import Conflict, NotFound, UpstreamFailed
from models.integrations import PROVIDERS, Integration, list_integrations
from settings import settings
from web.auth import caller, current_user
from web.fields import Choice, Text, Timestamp
from web.tymblok.shape import Camel, Routes
from workers.connections import ask_consent
from workers.sync import sync

routes = Routes("integrations", __name__, url_prefix="/integrations", description="Connected accounts")


class RunSchema(Camel):
    new = fields.Integer(required=True)
    changed = fields.Integer(required=True)
    closed = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    skipped = fields.Integer(required=True, metadata={"description": "Members that could not be read"})


class IntegrationSchema(Camel):
    id = fields.UUID(required=True)
    provider = fields.String(required=True, metadata={"example": "github"})
    external_username = fields.String(required=True, allow_none=True, metadata={"example": "johndoe"})
    external_avatar_url = fields.String(required=True, allow_none=True)
    last_sync_at = Timestamp(required=True, allow_none=True)
    last_sync_error = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, metadata={"enum": ["ok", "retrying", "needs_reconnect"]})
    next_sync_at = Timestamp(required=True, allow_none=True)
    last_run = fields.Nested(RunSchema, required=True, allow_none=True)
    created_at = Timestamp(required=True)


class ConnectSchema(Camel):
    redirect_uri = Text(2000, metadata={"description": "Where the browser goes in the end; must be allowed"})


class ConsentSchema(Camel):
    auth_url = fields.String(required=True, metadata={"example": "https://github.com/login/oauth/authorize?..."})
    state = fields.String(required=True)


class DisconnectQuery(Camel):
    items = Choice("keep", "remove", load_default="keep")


class SyncSchema(Camel):
    items_synced = fields.Integer(required=True, metadata={"example": 5})
    last_sync_at = Timestamp(required=True, allow_none=True)
    is_complete = fields.Boolean(required=True, metadata={"description": "false: the rest arrives in the background"})


def show_integration(integration: Integration) -> dict[str, Any]:
    """An integration as the contract writes one, and its health."""
    return {
        "id": integration.uid,
        "provider": integration.provider,
        "externalUsername": integration.external_username,
        "externalAvatarUrl": integration.external_avatar_url,
        "lastSyncAt": integration.last_sync_at,
        "lastSyncError": integration.last_sync_error,
        "state": integration.state,
        "nextSyncAt": integration.next_sync_at,
        "lastRun": integration.last_run,
        "createdAt": integration.created_at,
    }


@routes.get("")
@routes.response(200, IntegrationSchema(many=True))
def index() -> list[dict[str, Any]]:
    """List connected integrations."""
    return [show_integration(integration) for integration in list_integrations(caller().id)]


@routes.post("/<provider>/connect")
@routes.arguments(ConnectSchema, required=False)
@routes.response(200, ConsentSchema)
def connect(given: dict[str, Any], provider: str) -> dict[str, Any]:
    """Start the OAuth flow for an integration."""
    try:
        address, state = ask_consent(current_user(), provider, given.get("redirect_uri"))
    except ConnectorError as error:
        raise UpstreamFailed(error.message) from error
    return {"authUrl": address, "state": state}


@routes.delete("/<provider>")
@routes.arguments(DisconnectQuery, location="query")
@routes.response(204)
def disconnect(query: dict[str, Any], provider: str) -> None:
    """Disconnect an integration; its items stay unless `items=remove`."""
    _known(provider)
    Integration.of(caller().id, provider).disconnect(removes_items=query["items"] == "remove")


@routes.post("/<provider>/sync")
@routes.response(200, SyncSchema)
def trigger(provider: str) -> dict[str, Any]:
    """Trigger a manual sync; what takes longer than 20 seconds goes on in the background."""
    _known(provider)
    integration = Integration.of(caller().id, provider)
    integration_id, needs_reconnect = integration.id, integration.state == "needs_reconnect"
    if needs_reconnect:
        raise Conflict(integration.last_sync_error or f"{provider} must be connected again")
    db.release()
    outcome = sync(integration_id, settings.sync_request_seconds)
    if outcome.error is not None:
        raise UpstreamFailed(outcome.error.message)
    synced = db.session.get_one(Integration, integration_id)
    return {
        "itemsSynced": outcome.counts.synced,
        "lastSyncAt": synced.last_sync_at,
        "isComplete": outcome.is_complete,
    }


def _known(provider: str) -> None:
    if provider not in PROVIDERS:
        raise NotFound(f"There is no provider named {provider}")
