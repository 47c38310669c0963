"""Time blocks: the planned day."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from marshmallow import fields, validate

from models.agenda import count_blocks, list_blocks, reorder, show_block
from models.blocks import TimeBlock
from models.categories import Category
from models.clock import today
from models.errors import Invalid
from models.horizon import look_ahead
from models.planning import plan_block
from web.auth import caller, current_user
from web.fields import Clock, Day, Flag, Int, QueryFlag, QueryInt, Text, Timestamp, Uid
from web.paging import paged
from web.shape import Listing, MessageSchema
from web.tymblok.categories import CategorySchema
from web.tymblok.shape import Camel, Routes

routes = Routes("blocks", __name__, url_prefix="/blocks", description="Time blocks")
LONGEST_RANGE_DAYS = 3660
_CLOCK = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(1440)]


class BlockSchema(Camel):
    id = fields.UUID(required=True)
    category_id = fields.UUID(required=True)
    category = fields.Nested(CategorySchema, required=True)
    title = fields.String(required=True, metadata={"example": "Review Pull Requests"})
    subtitle = fields.String(required=True, allow_none=True, metadata={"example": "Team PR queue"})
    date = fields.Date(required=True, metadata={"example": "2026-01-31"})
    start_time = fields.String(required=True, metadata={"example": "09:00"})
    end_time = fields.String(
        required=True, metadata={"example": "10:30", "description": "Past midnight it is the next day's time"}
    )
    duration_minutes = fields.Integer(required=True, metadata={"example": 90})
    is_urgent = fields.Boolean(required=True)
    is_completed = fields.Boolean(required=True)
    completed_at = Timestamp(required=True, allow_none=True)
    progress = fields.Integer(required=True, metadata={"description": "Percent"})
    elapsed_seconds = fields.Integer(required=True)
    sort_order = fields.Integer(required=True)
    external_id = fields.String(required=True, allow_none=True)
    external_url = fields.String(required=True, allow_none=True)
    external_source = fields.String(required=True, allow_none=True)
    created_at = Timestamp(required=True)
    updated_at = Timestamp(required=True)


class NewBlockSchema(Camel):
    category_id = Uid(required=True)
    title = Text(500, required=True)
    subtitle = Text(500, blank=True, allow_none=True)
    date = Day(required=True)
    start_time = Clock(required=True)
    duration_minutes = Int(1, 1440, required=True)
    is_urgent = Flag()


class BlockChangeSchema(Camel):
    category_id = Uid()
    title = Text(500)
    subtitle = Text(500, blank=True, allow_none=True)
    date = Day()
    start_time = Clock()
    duration_minutes = Int(1, 1440)
    is_urgent = Flag()
    progress = Int(0, 100)
    elapsed_seconds = Int(0, 2_592_000)


class BlocksQuery(Camel):
    date = Day(metadata={"description": "A single day; today where no date is given"})
    start_date = Day(metadata={"description": "First day of a range"})
    end_date = Day(metadata={"description": "Last day of a range"})
    completed = QueryFlag()
    page = QueryInt(1, 10**9, load_default=1)
    page_size = QueryInt(1, 1000, load_default=500)


class OrderSchema(Camel):
    date = Day(required=True)
    block_ids = fields.List(Uid(), required=True, validate=validate.Length(max=1000))


class CompletionSchema(Camel):
    id = fields.UUID(required=True)
    is_completed = fields.Boolean(required=True)
    completed_at = Timestamp(required=True)


def present_block(row: Sequence[Any]) -> dict[str, Any]:
    """A row of `list_blocks` as the contract writes a block."""
    # Taken apart at once: twenty attributes of twenty rows cost as much as the query.
    (
        uid, title, subtitle, day, start, minutes, is_urgent, completed_at, progress, elapsed_seconds, sort_order,
        external_id, external_url, external_source, created_at, updated_at,
        category_uid, category_name, category_color, category_icon, category_owner_id,
    ) = row  # fmt: skip
    begin: int = start.hour * 60 + start.minute
    end = (begin + minutes) % 1440
    return {
        "id": uid,
        "categoryId": category_uid,
        "category": {
            "id": category_uid,
            "name": category_name,
            "color": category_color,
            "icon": category_icon,
            "isSystem": category_owner_id is None,
        },
        "title": title,
        "subtitle": subtitle,
        "date": day,
        "startTime": _CLOCK[begin],
        "endTime": _CLOCK[end],
        "durationMinutes": minutes,
        "isUrgent": is_urgent,
        "isCompleted": completed_at is not None,
        "completedAt": completed_at,
        "progress": progress,
        "elapsedSeconds": elapsed_seconds,
        "sortOrder": sort_order,
        "externalId": external_id,
        "externalUrl": external_url,
        "externalSource": external_source,
        "createdAt": created_at,
        "updatedAt": updated_at,
    }


@routes.get("")
@routes.arguments(BlocksQuery, location="query")
@routes.response(200, BlockSchema(many=True))
def index(query: dict[str, Any]) -> Listing:
    """List time blocks."""
    first, last = _span(query)
    user_id, is_completed = caller().id, query.get("completed")
    look_ahead(caller(), last)
    return paged(
        query["page"],
        query["page_size"],
        lambda limit, offset: list_blocks(user_id, first, last, is_completed=is_completed, limit=limit, offset=offset),
        lambda: count_blocks(user_id, first, last, is_completed=is_completed),
        present_block,
    )


@routes.post("")
@routes.arguments(
    NewBlockSchema,
    example={
        "categoryId": "550e8400-e29b-41d4-a716-446655440000",
        "title": "Code Review",
        "subtitle": "PR #123",
        "date": "2026-01-31",
        "startTime": "14:00",
        "durationMinutes": 60,
        "isUrgent": False,
    },
)
@routes.response(201, BlockSchema)
def create(given: dict[str, Any]) -> dict[str, Any]:
    """Create a time block."""
    return present_block(plan_block(caller().id, given.pop("category_id"), "categoryId", **given))


@routes.get("/<uuid:uid>")
@routes.response(200, BlockSchema)
def show(uid: uuid.UUID) -> dict[str, Any]:
    """Get a single block."""
    return present_block(show_block(caller().id, uid))


@routes.patch("/<uuid:uid>")
@routes.arguments(BlockChangeSchema, example={"title": "Updated Title", "progress": 50})
@routes.response(200, BlockSchema)
def update(given: dict[str, Any], uid: uuid.UUID) -> dict[str, Any]:
    """Update a block."""
    block = TimeBlock.of(caller().id, uid)
    category = Category.named(caller().id, given.pop("category_id"), "categoryId") if "category_id" in given else None
    block.change(current_user(), category, **given)
    return present_block(show_block(caller().id, uid))


@routes.delete("/<uuid:uid>")
@routes.response(204)
def delete(uid: uuid.UUID) -> None:
    """Delete a block."""
    TimeBlock.of(caller().id, uid).delete()


@routes.post("/<uuid:uid>/complete")
@routes.response(200, CompletionSchema)
def complete(uid: uuid.UUID) -> dict[str, Any]:
    """Mark a block as complete."""
    block = TimeBlock.of(caller().id, uid)
    block.complete()
    return {"id": block.uid, "isCompleted": True, "completedAt": block.completed_at}


@routes.post("/<uuid:uid>/restore")
@routes.response(200, BlockSchema)
def restore(uid: uuid.UUID) -> dict[str, Any]:
    """Bring a deleted block back, within 30 days."""
    TimeBlock.restore(current_user(), uid)
    return present_block(show_block(caller().id, uid))


@routes.put("/reorder")
@routes.arguments(
    OrderSchema, example={"date": "2026-01-31", "blockIds": ["550e8400-e29b-41d4-a716-446655440000"]}
)
@routes.response(200, MessageSchema)
def put_in_order(given: dict[str, Any]) -> dict[str, Any]:
    """Reorder the blocks of a day."""
    reorder(current_user(), given["date"], given["block_ids"], "blockIds")
    return {"message": "Blocks reordered"}


def _span(query: dict[str, Any]) -> tuple[date, date]:
    """The days asked for: one, a range, or today. A range with one end is that day."""
    if "date" in query or ("start_date" not in query and "end_date" not in query):
        day = query.get("date") or today(caller().timezone)
        return day, day
    first = query.get("start_date") or query["end_date"]
    last = query.get("end_date") or first
    if last < first:
        raise Invalid({"endDate": ["Must not be before startDate"]})
    if (last - first).days > LONGEST_RANGE_DAYS:
        raise Invalid({"endDate": ["A range may cover at most ten years"]})
    return first, last
