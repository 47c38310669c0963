"""Past sessions, and those that are planned."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from models.calendar import cancel_event, count_planned, event_of, list_planned, show_event, start_event
from models.clock import today
from models.db import Record
from models.history import (
    count_history,
    hold_session,
    list_history,
    pomodoros_done,
    resume_anew,
    session_status,
    settle,
    show_session,
    tasks_of,
)
from models.timer import read_clock
from web.auth import caller, current_user
from web.body import Input
from web.fields import Choice, QueryInt, Timestamp
from web.paging import sliced
from web.produktifin.ids import read_id, write_id
from web.produktifin.shape import Routes
from web.shape import MessageSchema

routes = Routes("history", __name__, url_prefix="/history", description="Past and planned sessions")


class HistoryQuery(Input):
    status = Choice(
        "finished", "paused", "planned", "running", metadata={"description": "All that were begun where none is given"}
    )
    limit = QueryInt(1, 100, load_default=10)
    offset = QueryInt(0, 10**9, load_default=0)


class EntrySchema(Schema):
    id = fields.String(required=True, metadata={"example": "sess_01"})
    date = Timestamp(required=True, metadata={"description": "When it began, or is planned to begin"})
    pomodoros = fields.Integer(required=True)
    status = fields.String(required=True, metadata={"example": "finished"})
    duration_total = fields.Integer(required=True, metadata={"description": "Minutes of focus"})


class HistorySchema(Schema):
    sessions = fields.List(fields.Nested(EntrySchema), required=True)
    total = fields.Integer(required=True, metadata={"description": "All that match, whatever the page"})


class DoneTaskSchema(Schema):
    title = fields.String(required=True, metadata={"example": "Write Docs"})
    is_done = fields.Boolean(required=True)


class PastSessionSchema(Schema):
    id = fields.String(required=True, metadata={"example": "sess_01"})
    status = fields.String(required=True, metadata={"example": "finished"})
    tasks = fields.List(fields.Nested(DoneTaskSchema), required=True)
    pomodoro_count = fields.Integer(required=True)
    total_time = fields.Integer(required=True, metadata={"description": "Minutes of focus"})
    created_at = Timestamp(required=True)


class ResumedSchema(Schema):
    new_session_id = fields.String(required=True, metadata={"example": "sess_09"})
    status = fields.String(required=True, metadata={"example": "running"})


@routes.get("")
@routes.arguments(HistoryQuery, location="query")
@routes.response(200, HistorySchema)
def index(query: dict[str, Any]) -> dict[str, Any]:
    """List all saved sessions, the newest first; of those planned the next first."""
    user_id, status = caller().id, query.get("status")
    settle(user_id)
    if status == "planned":
        day = today(caller().timezone)
        sessions, total = sliced(
            query["offset"],
            query["limit"],
            lambda limit, offset: list_planned(user_id, day, limit=limit, offset=offset),
            lambda: count_planned(user_id, day),
            show_planned,
        )
    else:
        sessions, total = sliced(
            query["offset"],
            query["limit"],
            lambda limit, offset: list_history(user_id, status, limit=limit, offset=offset),
            lambda: count_history(user_id, status),
            show_past,
        )
    return {"sessions": sessions, "total": total}


@routes.get("/<session_id>")
@routes.response(200, PastSessionSchema)
def show(session_id: str) -> dict[str, Any]:
    """Get detailed data of a past session."""
    if _is_planned(session_id):
        event = show_event(caller().id, read_id("cal_", session_id))
        nothing = {"tasks": [], "pomodoro_count": 0, "total_time": 0}
        return {"id": session_id, "status": event.status, **nothing, "created_at": event.created_at}
    settle(caller().id)
    row = show_session(caller().id, read_id("sess_", session_id))
    return {
        "id": session_id,
        "status": session_status(row),
        "tasks": [{"title": task.title, "is_done": task.status == "completed"} for task in tasks_of(row)],
        "pomodoro_count": pomodoros_done(row),
        "total_time": read_clock(row).focus_seconds // 60,
        "created_at": row.started_at,
    }


@routes.delete("/<session_id>")
@routes.response(200, MessageSchema)
def delete(session_id: str) -> dict[str, Any]:
    """Delete a session record, and its time from every figure."""
    if _is_planned(session_id):
        cancel_event(current_user(), event_of(caller().id, read_id("cal_", session_id)))
    else:
        hold_session(caller().id, read_id("sess_", session_id)).delete()
    return {"message": "Session deleted"}


@routes.patch("/<session_id>/resume")
@routes.response(200, ResumedSchema)
def resume(session_id: str) -> dict[str, Any]:
    """Resume a previously paused session in a new one; the old one ends with what it counted."""
    if _is_planned(session_id):
        begun = start_event(current_user(), read_id("cal_", session_id))
    else:
        begun = resume_anew(caller().id, read_id("sess_", session_id))
    return {"new_session_id": write_id("sess_", begun.uid), "status": "running"}


def show_past(row: Record) -> dict[str, Any]:
    """A row of `list_history` as the contract writes an entry."""
    return {
        "id": write_id("sess_", row.uid),
        "date": row.started_at,
        "pomodoros": pomodoros_done(row),
        "status": session_status(row),
        "duration_total": read_clock(row).focus_seconds // 60,
    }


def show_planned(row: Record) -> dict[str, Any]:
    """A row of `list_planned` as the contract writes an entry."""
    return {
        "id": write_id("cal_", row.uid),
        "date": row.starts_at,
        "pomodoros": 0,
        "status": "planned",
        "duration_total": 0,
    }


def _is_planned(id: str) -> bool:
    """Whether the list calls a planned event by this id."""
    return id.startswith("cal_")
