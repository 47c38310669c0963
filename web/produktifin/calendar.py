"""The calendar: planned sessions, some of which repeat."""

from __future__ import annotations

import calendar
from datetime import date, datetime
from typing import Any

from marshmallow import Schema, fields

from models.calendar import cancel_event, change_event, count_events, event_of, list_events, plan_event, show_event
from models.calendar import start_event as begin
from models.clock import local, today
from models.db import Record
from models.errors import Invalid
from models.horizon import look_ahead
from models.series import REPEATS
from web.auth import caller, current_user
from web.body import Input
from web.fields import Choice, Day, Int, QueryInt, Text, Timestamp
from web.paging import sliced
from web.produktifin.ids import read_id, write_id
from web.produktifin.shape import Routes
from web.shape import MessageSchema

routes = Routes("calendar", __name__, url_prefix="/calendar/events", description="Planned sessions")
LONGEST_RANGE_DAYS = 3660
SCOPE = "`this` event alone, or the `following` ones too"
_CORE = {"title": "title", "date": "starts_at", "duration": "minutes", "repeat": "repeat", "repeat_until": "ends_on"}
"""The contract's words for an event → the core's."""


class NewEventSchema(Input):
    title = Text(500, required=True)
    date = Timestamp(required=True)
    duration = Int(1, 1440, metadata={"description": "Minutes; the profile's pomodoro where it is left out"})
    repeat = Choice(*REPEATS, load_default="none")
    repeat_until = Day(allow_none=True, load_default=None, metadata={"description": "The last day"})


class EventChangeSchema(Input):
    title = Text(500)
    date = Timestamp()
    duration = Int(1, 1440)
    repeat = Choice(*REPEATS, metadata={"description": "Another rule is for this event and those after it"})
    repeat_until = Day(allow_none=True)
    scope = Choice("this", "following", load_default="this", metadata={"description": SCOPE})


class EventsQuery(Input):
    start = Day(metadata={"description": "First day; without both, the current month"})
    end = Day(metadata={"description": "Last day"})
    limit = QueryInt(1, 1000, load_default=1000)
    offset = QueryInt(0, 10**9, load_default=0)


class ScopeQuery(Input):
    scope = Choice("this", "following", load_default="this", metadata={"description": SCOPE})


class PlannedSchema(Schema):
    event_id = fields.String(required=True, metadata={"example": "cal_01"})
    status = fields.String(required=True, metadata={"example": "planned"})


class EventSchema(Schema):
    id = fields.String(required=True, metadata={"example": "cal_01"})
    title = fields.String(required=True, metadata={"example": "Morning Focus"})
    status = fields.String(required=True, metadata={"description": "planned, running, paused or finished"})
    date = Timestamp(required=True)
    duration = fields.Integer(required=True, metadata={"description": "Minutes"})
    repeat = fields.String(required=True, metadata={"example": "none"})


class EventDetailSchema(EventSchema):
    repeat_until = fields.Date(required=True, allow_none=True)
    session_id = fields.String(required=True, allow_none=True, metadata={"description": "The last one begun on it"})
    created_at = Timestamp(required=True)


class EventsSchema(Schema):
    events = fields.List(fields.Nested(EventSchema), required=True)
    total = fields.Integer(required=True, metadata={"description": "All that match, whatever the page"})


class BegunSchema(Schema):
    session_id = fields.String(required=True, metadata={"example": "sess_10"})
    status = fields.String(required=True, metadata={"example": "running"})


@routes.post("")
@routes.arguments(
    NewEventSchema,
    example={"title": "Morning Focus", "date": "2025-10-06T08:00:00Z", "duration": 25, "repeat": "none"},
)
@routes.response(201, PlannedSchema)
def create(given: dict[str, Any]) -> dict[str, Any]:
    """Schedule a planned Pomodoro session; one that repeats keeps its time of day in the user's zone."""
    user = current_user()
    last = given["repeat_until"]
    _check_last(last, given["date"])
    minutes = given.get("duration", user.focus_duration)
    event = plan_event(user, given["title"], given["date"], minutes, given["repeat"], last)
    return {"event_id": write_id("cal_", event.uid), "status": "planned"}


@routes.get("")
@routes.arguments(EventsQuery, location="query")
@routes.response(200, EventsSchema)
def index(query: dict[str, Any]) -> dict[str, Any]:
    """Get the calendar events of some days, by default of the current month. Series show two years ahead."""
    user_id = caller().id
    first, last = _span(query)
    look_ahead(caller(), last)
    events, total = sliced(
        query["offset"],
        query["limit"],
        lambda limit, offset: list_events(user_id, first, last, limit=limit, offset=offset),
        lambda: count_events(user_id, first, last),
        present,
    )
    return {"events": events, "total": total}


@routes.get("/<event_id>")
@routes.response(200, EventDetailSchema)
def show(event_id: str) -> dict[str, Any]:
    """View details of a specific planned session."""
    return detail(show_event(caller().id, read_id("cal_", event_id)))


@routes.patch("/<event_id>")
@routes.arguments(EventChangeSchema, example={"date": "2025-10-07T09:00:00Z"})
@routes.response(200, EventDetailSchema)
def update(given: dict[str, Any], event_id: str) -> dict[str, Any]:
    """Update a planned session (e.g. reschedule)."""
    event = event_of(caller().id, read_id("cal_", event_id))
    scope = given.pop("scope")
    _check_last(given.get("repeat_until"), given.get("date", event.starts_at))
    change_event(current_user(), event, {_CORE[name]: value for name, value in given.items()}, scope)
    return detail(show_event(caller().id, event.uid))


@routes.delete("/<event_id>")
@routes.arguments(ScopeQuery, location="query")
@routes.response(200, MessageSchema)
def delete(query: dict[str, Any], event_id: str) -> dict[str, Any]:
    """Delete a planned session."""
    cancel_event(current_user(), event_of(caller().id, read_id("cal_", event_id)), query["scope"])
    return {"message": "Event deleted"}


@routes.post("/<event_id>/start")
@routes.response(201, BegunSchema)
def start(event_id: str) -> dict[str, Any]:
    """Start a planned session: a new active Pomodoro session."""
    begun = begin(current_user(), read_id("cal_", event_id))
    return {"session_id": write_id("sess_", begun.uid), "status": "running"}


def present(row: Record) -> dict[str, Any]:
    """A row of `list_events` as the contract writes an event."""
    return {
        "id": write_id("cal_", row.uid),
        "title": row.title,
        "status": row.status,
        "date": row.starts_at,
        "duration": row.duration_minutes,
        "repeat": row.repeat or "none",
    }


def detail(row: Record) -> dict[str, Any]:
    """What `show_event` gives as the contract writes an event."""
    return {
        **present(row),
        "repeat_until": row.ends_on,
        "session_id": None if row.session_uid is None else write_id("sess_", row.session_uid),
        "created_at": row.created_at,
    }


def _check_last(last: date | None, starts_at: datetime) -> None:
    """Whether a series may end on that day. Errors: Invalid."""
    if last is not None and last < local(starts_at, caller().timezone).date():
        raise Invalid({"repeat_until": ["Must not be before date"]})


def _span(query: dict[str, Any]) -> tuple[date, date]:
    """The days asked for. Of a month of which one end is given, the rest; without any, the current month."""
    day = query.get("start") or query.get("end") or today(caller().timezone)
    first = query.get("start") or day.replace(day=1)
    last = query.get("end") or day.replace(day=calendar.monthrange(day.year, day.month)[1])
    if last < first:
        raise Invalid({"end": ["Must not be before start"]})
    if (last - first).days > LONGEST_RANGE_DAYS:
        raise Invalid({"end": ["A range may cover at most ten years"]})
    return first, last
