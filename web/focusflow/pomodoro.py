"""Sessions: the one that is active, breaks, and what was worked."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from models.db import Record
from models.errors import NotFound
from models.focus import FocusSession
from models.timer import read_clock
from models.worklists import active_session, count_sessions, list_sessions, session_filter
from web.auth import caller, current_user
from web.body import Input
from web.fields import Choice, Day, QueryFlag, QueryInt, Timestamp
from web.focusflow.punctual import punctual_caller
from web.focusflow.shape import PageQuery, Routes
from web.paging import paged
from web.shape import Listing

routes = Routes("pomodoro", __name__, url_prefix="/pomodoro", description="Sessions of focus and breaks")


class TaskNameSchema(Input):
    id = fields.Integer(required=True)
    title = fields.String(required=True)


class TimedSchema(Input):
    id = fields.Integer(required=True)
    started_at = Timestamp(required=True)
    ended_at = Timestamp(required=True, allow_none=True)
    duration_minutes = fields.Integer(required=True, metadata={"example": 25})
    actual_duration_seconds = fields.Integer(required=True, metadata={"description": "Counted so far"})
    completed = fields.Boolean(required=True)


class SessionSchema(TimedSchema):
    task = fields.Nested(TaskNameSchema, required=True, allow_none=True)
    is_break = fields.Boolean(required=True)


class ActiveSchema(Input):
    id = fields.Integer(required=True)
    task = fields.Nested(TaskNameSchema, required=True, allow_none=True)
    started_at = Timestamp(required=True)
    duration_minutes = fields.Integer(required=True)
    is_break = fields.Boolean(required=True)
    elapsed_seconds = fields.Integer(required=True)
    remaining_seconds = fields.Integer(required=True)
    paused_at = Timestamp(required=True, allow_none=True, metadata={"description": "Null while it runs"})


class NewBreakSchema(Input):
    break_type = Choice("short", "long", load_default="short")


class BreakSchema(Input):
    id = fields.Integer(required=True)
    is_break = fields.Boolean(required=True)
    break_type = fields.String(required=True, metadata={"enum": ["short", "long"]})
    duration_minutes = fields.Integer(required=True, metadata={"example": 5})
    started_at = Timestamp(required=True)
    ends_at = Timestamp(required=True)


class EndedSchema(Input):
    id = fields.Integer(required=True)
    completed = fields.Boolean(required=True)
    ended_at = Timestamp(required=True)
    actual_duration_seconds = fields.Integer(required=True)


class SessionsQuery(PageQuery):
    date = Day(metadata={"description": "The day on which it began"})
    task = QueryInt(1)
    is_break = QueryFlag()


def show_timed(row: Record) -> dict[str, Any]:
    """A row of `list_sessions` as the contract writes a task's session."""
    clock = read_clock(row)
    return {
        "id": row.id,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "duration_minutes": clock.duration_minutes,
        "actual_duration_seconds": clock.elapsed_seconds if clock.is_break else clock.focus_seconds,
        "completed": row.completed,
    }


def show_session(row: Record) -> dict[str, Any]:
    """A row of `list_sessions` as the contract writes a session."""
    return {**show_timed(row), "task": _name_task(row), "is_break": row.kind != "focus"}


def _name_task(row: Record) -> dict[str, Any] | None:
    return None if row.task_id is None else {"id": row.task_id, "title": row.task_title}


@routes.get("/active/")
@routes.response(200, ActiveSchema)
def active() -> dict[str, Any]:
    """Get the active session: the one that runs, else the one paused last; of a run its present part."""
    row = active_session(punctual_caller().id)
    if row is None:
        raise NotFound("No active session")
    clock = read_clock(row).phase
    return {
        "id": row.id,
        "task": _name_task(row),
        "started_at": row.started_at,
        "duration_minutes": clock.duration_minutes,
        "is_break": clock.is_break,
        "elapsed_seconds": clock.elapsed_seconds,
        "remaining_seconds": clock.remaining_seconds,
        "paused_at": row.paused_at,
    }


@routes.post("/break/start/")
@routes.arguments(NewBreakSchema, example={"break_type": "short"})
@routes.response(201, BreakSchema)
def start_break(given: dict[str, Any]) -> dict[str, Any]:
    """Start a break of the profile's length."""
    rest = FocusSession.start_break(current_user(), given["break_type"])
    return {
        "id": rest.id,
        "is_break": True,
        "break_type": given["break_type"],
        "duration_minutes": rest.duration_minutes,
        "started_at": rest.started_at,
        "ends_at": rest.ends_at,
    }


@routes.post("/sessions/<id:id>/complete/")
@routes.response(200, EndedSchema)
def complete(id: int) -> dict[str, Any]:
    """Complete a session, before its time too."""
    ended = FocusSession.hold(caller().id, id)
    ended.complete()
    clock = ended.read()
    return {
        "id": ended.id,
        "completed": ended.completed,
        "ended_at": ended.ended_at,
        "actual_duration_seconds": clock.elapsed_seconds if clock.is_break else clock.focus_seconds,
    }


@routes.get("/sessions/")
@routes.arguments(SessionsQuery, location="query")
@routes.response(200, SessionSchema(many=True))
def index(query: dict[str, Any]) -> Listing:
    """List my sessions."""
    who = punctual_caller()
    wanted = session_filter(who.timezone, **{name: query.get(name) for name in ("date", "task", "is_break")})
    ordering = query.get("ordering", "-started_at")
    return paged(
        query["page"],
        query["page_size"],
        lambda limit, offset: list_sessions(who.id, wanted, ordering=ordering, limit=limit, offset=offset),
        lambda: count_sessions(who.id, wanted),
        show_session,
    )
