"""Webhooks of an organisation: where its events are posted to, and how that went."""

from __future__ import annotations

from typing import Any

import orjson
from marshmallow import fields, validate

from connectors import outgoing
from models import db
from models.db import Record
from models.deliveries import Delivery, count_deliveries, list_deliveries
from models.errors import Invalid
from models.webhooks import EVENTS, MOST, Webhook, list_webhooks
from web.body import Input
from web.fields import Choice, Flag, Text, Timestamp
from web.focusflow.organizations import PagesQuery
from web.focusflow.seat import allowed, seat
from web.focusflow.shape import Routes
from web.paging import paged
from web.shape import Listing, PageInfo

routes = Routes(
    "webhooks", __name__, url_prefix="/organizations/<slug>/webhooks", description="Events posted to your own server"
)
_SIGNS = "Signs the payloads (docs/webhooks.md); one is made where it is left out"
_STATES = ("pending", "delivered", "failed")


class WebhookSchema(Input):
    id = fields.Integer(required=True)
    url = fields.String(required=True)
    events = fields.List(fields.String(metadata={"enum": list(EVENTS)}), required=True)
    is_active = fields.Boolean(required=True)
    off_reason = fields.String(required=True, allow_none=True, metadata={"description": "Why it was switched off"})
    failing_since = Timestamp(required=True, allow_none=True)
    previous_secret_until = Timestamp(
        required=True, allow_none=True, metadata={"description": "Until then the secret before signs as well"}
    )
    created_at = Timestamp(required=True)


class SecretWebhookSchema(WebhookSchema):
    secret = fields.String(required=True, metadata={"description": "Shown this once"})


class NewWebhookSchema(Input):
    url = Text(2000, required=True)
    events = fields.List(
        Choice(*EVENTS), required=True, validate=validate.Length(1, 100, error="Name at least one event")
    )
    secret = Text(200, trims=False, metadata={"description": _SIGNS})


class WebhookChangeSchema(Input):
    url = Text(2000)
    events = fields.List(Choice(*EVENTS), validate=validate.Length(1, 100, error="Name at least one event"))
    is_active = Flag(metadata={"description": "`true` switches it on again, and what waits goes out"})


class SecretSchema(Input):
    secret = Text(200, trims=False, metadata={"description": _SIGNS})


class DeliveriesQuery(PagesQuery):
    state = Choice(*_STATES)


class DeliverySchema(Input):
    id = fields.Integer(required=True)
    message_id = fields.String(required=True, metadata={"description": "The header `webhook-id`"})
    event = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": list(_STATES)})
    attempts = fields.Integer(required=True)
    last_status = fields.Integer(required=True, allow_none=True, metadata={"description": "What the receiver said"})
    last_error = fields.String(required=True, allow_none=True)
    last_attempt_at = Timestamp(required=True, allow_none=True)
    next_attempt_at = Timestamp(required=True, allow_none=True)
    delivered_at = Timestamp(required=True, allow_none=True)
    created_at = Timestamp(required=True)
    payload = fields.Dict(required=True)


def _show(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": webhook.events,
        "is_active": webhook.is_active,
        "off_reason": webhook.off_reason,
        "failing_since": webhook.failing_since,
        "previous_secret_until": webhook.previous_until,
        "created_at": webhook.created_at,
    }


def _show_delivery(row: Record | Delivery) -> dict[str, Any]:
    state = "pending" if row.state == "posting" else row.state
    return {
        "id": row.id,
        "message_id": f"msg_{row.uid.hex}",
        "event": row.event,
        "state": state,
        "attempts": row.attempts,
        "last_status": row.last_status,
        "last_error": row.last_error,
        "last_attempt_at": row.last_attempt_at,
        "next_attempt_at": row.run_at if state == "pending" else None,
        "delivered_at": row.delivered_at,
        "created_at": row.created_at,
        "payload": orjson.loads(row.payload),
    }


def _check_address(url: str) -> None:
    """Whether events may be posted there. Names are looked up, so no transaction is open meanwhile."""
    db.release()
    try:
        outgoing.check(url)
    except outgoing.Refused as error:
        raise Invalid({"url": [str(error)]}) from error


@routes.get("/")
@allowed("configure webhooks")
@routes.response(200, WebhookSchema(many=True))
def index() -> Listing:
    """List the organization's webhooks, without their secrets. There are so few that one page holds them."""
    found = [_show(webhook) for webhook in list_webhooks(seat().id)]
    return Listing(found, PageInfo(1, MOST, len(found)))


@routes.post("/")
@allowed("configure webhooks")
@routes.arguments(
    NewWebhookSchema,
    example={
        "url": "https://your-server.com/webhooks/focusflow",
        "events": ["task_completed", "employee_idle"],
        "secret": "your-webhook-secret",
    },
)
@routes.response(201, SecretWebhookSchema)
def create(given: dict[str, Any]) -> dict[str, Any]:
    """Configure a webhook. Its address must be a public one."""
    _check_address(given["url"])
    webhook, secret = Webhook.create(seat().id, **{"secret": None, **given})
    return {**_show(webhook), "secret": secret}


@routes.get("/<id:webhook_id>/")
@allowed("configure webhooks")
@routes.response(200, WebhookSchema)
def show(webhook_id: int) -> dict[str, Any]:
    """Get a webhook, without its secret."""
    return _show(Webhook.of(seat().id, webhook_id))


@routes.patch("/<id:webhook_id>/")
@allowed("configure webhooks")
@routes.arguments(WebhookChangeSchema, example={"events": ["task_completed"], "is_active": True})
@routes.response(200, WebhookSchema)
def update(given: dict[str, Any], webhook_id: int) -> dict[str, Any]:
    """Change a webhook, or switch it off and on."""
    Webhook.of(seat().id, webhook_id)
    if "url" in given:
        _check_address(given["url"])
    webhook = Webhook.of(seat().id, webhook_id)
    webhook.change(**given)
    return _show(webhook)


@routes.delete("/<id:webhook_id>/")
@allowed("configure webhooks")
@routes.response(204)
def delete(webhook_id: int) -> None:
    """Delete a webhook and what waits for it."""
    db.session.delete(Webhook.of(seat().id, webhook_id))


@routes.post("/<id:webhook_id>/rotate-secret/")
@allowed("configure webhooks")
@routes.arguments(SecretSchema)
@routes.response(200, SecretWebhookSchema)
def rotate(given: dict[str, Any], webhook_id: int) -> dict[str, Any]:
    """Replace the secret; for 24 hours both sign."""
    webhook = Webhook.of(seat().id, webhook_id)
    secret = webhook.rotate(given.get("secret"))
    return {**_show(webhook), "secret": secret}


@routes.get("/<id:webhook_id>/deliveries/")
@allowed("configure webhooks")
@routes.arguments(DeliveriesQuery, location="query")
@routes.response(200, DeliverySchema(many=True))
def deliveries(query: dict[str, Any], webhook_id: int) -> Listing:
    """List what was posted to a webhook or is on its way, the newest first."""
    webhook, state = Webhook.of(seat().id, webhook_id), query.get("state")
    return paged(
        query["page"],
        query["page_size"],
        lambda limit, offset: list_deliveries(webhook.id, limit=limit, offset=offset, state=state),
        lambda: count_deliveries(webhook.id, state),
        _show_delivery,
    )


@routes.post("/<id:webhook_id>/deliveries/<id:delivery_id>/redeliver/")
@allowed("configure webhooks")
@routes.response(200, DeliverySchema)
def redeliver(webhook_id: int, delivery_id: int) -> dict[str, Any]:
    """Post an event once more, with the same id."""
    delivery = Delivery.of(Webhook.of(seat().id, webhook_id).id, delivery_id)
    delivery.redeliver()
    return _show_delivery(delivery)
