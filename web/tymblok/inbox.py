"""The inbox: what waits to be planned."""

from __future__ import annotations

import uuid
from typing import Any

from marshmallow import fields

from models.agenda import show_block
from models.categories import Category
from models.db import Record
from models.inbox import InboxItem, count_inbox, list_inbox, own_id
from web.auth import caller, current_user
from web.fields import Choice, Clock, Day, Int, QueryFlag, QueryInt, Text, Timestamp, Uid
from web.paging import paged
from web.shape import Listing
from web.tymblok.blocks import BlockSchema, present_block
from web.tymblok.shape import Camel, Routes

routes = Routes("inbox", __name__, url_prefix="/inbox", description="What waits to be planned")

SOURCES = ("manual", "github", "jira", "google-calendar", "slack", "google-drive", "notion", "linear")
TYPES = ("task", "update", "reminder", "event")


class InboxItemSchema(Camel):
    id = fields.UUID(required=True)
    title = fields.String(required=True, metadata={"example": "Review Q4 Planning Doc"})
    description = fields.String(required=True, allow_none=True)
    source = fields.String(required=True, metadata={"example": "google-drive"})
    type = fields.String(required=True, metadata={"example": "task"})
    priority = fields.String(required=True, metadata={"example": "normal"})
    external_id = fields.String(required=True, allow_none=True, metadata={"example": "doc-123"})
    external_url = fields.String(required=True, allow_none=True)
    starts_at = Timestamp(required=True, allow_none=True, metadata={"description": "Of an event"})
    ends_at = Timestamp(required=True, allow_none=True)
    is_dismissed = fields.Boolean(required=True)
    completed_at = Timestamp(
        required=True, allow_none=True, metadata={"description": "When the task made from it was completed"}
    )
    created_at = Timestamp(required=True)


class NewItemSchema(Camel):
    title = Text(500, required=True)
    description = Text(20_000, blank=True, allow_none=True)
    type = Choice(*TYPES)
    priority = Choice("normal", "high")


class ScheduleSchema(Camel):
    date = Day(required=True)
    start_time = Clock(required=True)
    duration_minutes = Int(1, 1440, required=True)
    category_id = Uid(required=True)


class InboxQuery(Camel):
    source = Choice(*SOURCES)
    type = Choice(*TYPES)
    include_dismissed = QueryFlag(load_default=False)
    search = Text(200, blank=True, metadata={"description": "In title and description, without regard to case"})
    page = QueryInt(1, 10**9, load_default=1)
    page_size = QueryInt(1, 1000, load_default=500)


def show_item(row: Record | InboxItem) -> dict[str, Any]:
    """An inbox item as the contract writes one."""
    return {
        "id": row.uid,
        "title": row.title,
        "description": row.description,
        "source": row.source,
        "type": row.type,
        "priority": row.priority,
        "externalId": own_id(row.external_id),
        "externalUrl": row.external_url,
        "startsAt": row.starts_at,
        "endsAt": row.ends_at,
        "isDismissed": row.dismissed_at is not None,
        "completedAt": row.completed_at,
        "createdAt": row.created_at,
    }


@routes.get("")
@routes.arguments(InboxQuery, location="query")
@routes.response(200, InboxItemSchema(many=True))
def index(query: dict[str, Any]) -> Listing:
    """List inbox items, the newest first."""
    user_id = caller().id
    wanted = {
        "source": query.get("source"),
        "type": query.get("type"),
        "includes_dismissed": query["include_dismissed"],
        "search": query.get("search"),
    }
    return paged(
        query["page"],
        query["page_size"],
        lambda limit, offset: list_inbox(user_id, **wanted, limit=limit, offset=offset),
        lambda: count_inbox(user_id, **wanted),
        show_item,
    )


@routes.post("")
@routes.arguments(
    NewItemSchema, example={"title": "Research caching strategies", "type": "task", "priority": "normal"}
)
@routes.response(201, InboxItemSchema)
def create(given: dict[str, Any]) -> dict[str, Any]:
    """Create a manual inbox item."""
    return show_item(InboxItem.write(caller().id, **given))


@routes.delete("/<uuid:uid>")
@routes.response(204)
def dismiss(uid: uuid.UUID) -> None:
    """Dismiss an inbox item."""
    InboxItem.of(caller().id, uid).dismiss()


@routes.post("/<uuid:uid>/restore")
@routes.response(200, InboxItemSchema)
def restore(uid: uuid.UUID) -> dict[str, Any]:
    """Bring a dismissed item back, within 30 days."""
    item = InboxItem.of(caller().id, uid)
    item.restore()
    return show_item(item)


@routes.post("/<uuid:uid>/schedule")
@routes.arguments(
    ScheduleSchema,
    example={
        "date": "2026-01-31",
        "startTime": "15:00",
        "durationMinutes": 45,
        "categoryId": "550e8400-e29b-41d4-a716-446655440000",
    },
)
@routes.response(201, BlockSchema)
def schedule(given: dict[str, Any], uid: uuid.UUID) -> dict[str, Any]:
    """Schedule an inbox item as a block."""
    item = InboxItem.of(caller().id, uid)
    category = Category.named(caller().id, given["category_id"], "categoryId")
    block = item.schedule(
        current_user(), category, given["date"], given["start_time"], given["duration_minutes"]
    )
    return present_block(show_block(caller().id, block.uid))
