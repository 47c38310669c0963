"""The calendar: what is planned, seen as events at an instant, some of which repeat.

An event is a time block. It is `planned` until a session of focus begins on it, then `running` or `paused` as that
session is, and `finished` once the block is done.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import case, exists, func, literal, select

from models.blocks import TimeBlock
from models.categories import Category
from models.clock import local
from models.cycles import Cycle
from models.db import Record, session
from models.errors import Conflict, NotFound
from models.focus import FocusSession, hold_timer
from models.planning import plan_from
from models.series import CATEGORY, BlockSeries, Repeat
from models.users import User

Scope = Literal["this", "following"]
_COLUMNS = {"title": "title", "minutes": "duration_minutes"}
_OPEN = FocusSession.ended_at.is_(None)


def plan_event(
    owner: User, title: str, starts_at: datetime, minutes: int, repeat: Repeat = "none", ends_on: date | None = None
) -> TimeBlock:
    """Plan a session of focus; one that repeats is laid out ahead. Errors: LimitReached, Invalid, Conflict."""
    event = plan_from(
        owner, Category.system(CATEGORY), title=title, duration_minutes=minutes, **_wall_clock(owner, starts_at)
    )
    if repeat != "none":
        BlockSeries.begin(owner, event, repeat, ends_on)
    return event


def change_event(owner: User, event: TimeBlock, changes: dict[str, Any], scope: Scope = "this") -> None:
    """Change one event; with the scope `following`, or another rule, also those after it.

    `changes` may hold title, starts_at, minutes, repeat and ends_on (the rule's last day, None for none).
    Errors: LimitReached.
    """
    owner.lock()
    session.refresh(event)
    day, day_of_rule = event.date, event.series_on
    moved = _wall_clock(owner, changes["starts_at"]) if "starts_at" in changes else {}
    values = {column: changes[name] for name, column in _COLUMNS.items() if name in changes}
    event.change(owner, **values, **moved)
    repeat, ends_on = changes.get("repeat"), changes.get("ends_on")
    if event.series_id is None or day_of_rule is None:
        if repeat not in (None, "none"):
            BlockSeries.begin(owner, event, repeat, ends_on)
        return
    series = session.get_one(BlockSeries, event.series_id)
    if repeat == "none":
        event.series_id = event.series_on = None
        series.end_before(day_of_rule)
    elif scope == "following" or repeat is not None or "ends_on" in changes:
        if moved:
            values["start_time"] = moved["start_time"]
        series.change_after(day_of_rule, owner, **values)
        if event.date != day or repeat not in (None, series.repeat):
            series.begin_anew(owner, event, repeat or series.repeat)
        if "ends_on" in changes:
            series.end_on(owner, ends_on)


def cancel_event(owner: User, event: TimeBlock, scope: Scope = "this") -> None:
    """Take an event out of the calendar; with the scope `following` also those after it."""
    owner.lock()
    session.refresh(event)
    if scope == "following" and event.series_id is not None and event.series_on is not None:
        series, day = session.get_one(BlockSeries, event.series_id), event.series_on
        series.drop_after(day)
        series.ends_on = day - timedelta(days=1)
    event.delete()


def start_event(owner: User, event_uid: uuid.UUID) -> FocusSession:
    """Begin a run on a planned event, with the pomodoros of the owner's profile. Errors: NotFound, Conflict."""
    hold_timer(owner.id)
    event = event_of(owner.id, event_uid)
    if event.completed_at is not None:
        raise Conflict("This event is finished already")
    if session.scalar(select(FocusSession.id).where(FocusSession.block_id == event.id, _OPEN).limit(1)):
        raise Conflict("This event has been started already")
    focus = min(owner.focus_duration, event.duration_minutes)
    cycle = Cycle(focus, owner.short_break, owner.long_break, owner.long_break_interval)
    return FocusSession.start_run(owner.id, cycle, block=event)


def event_of(user_id: int, uid: uuid.UUID) -> TimeBlock:
    """One of this user's events. Errors: NotFound."""
    try:
        return TimeBlock.of(user_id, uid)
    except NotFound:
        raise NotFound("Event not found") from None


def list_events(user_id: int, first: date, last: date, *, limit: int, offset: int = 0) -> list[Record]:
    """What is planned on some days, in order, in one statement."""
    return list(
        session.execute(
            _EVENTS.where(*_within(user_id, first, last))
            .order_by(TimeBlock.starts_at, TimeBlock.id)
            .limit(limit)
            .offset(offset)
        )
    )


def count_events(user_id: int, first: date, last: date) -> int:
    """How many events `list_events` has in all."""
    return session.scalar(select(func.count()).select_from(TimeBlock).where(*_within(user_id, first, last))) or 0


def list_planned(user_id: int, first: date, *, limit: int, offset: int = 0) -> list[Record]:
    """What is planned from a day on and not begun, the next first."""
    return list(
        session.execute(
            _EVENTS.where(*_ahead(user_id, first))
            .order_by(TimeBlock.starts_at, TimeBlock.id)
            .limit(limit)
            .offset(offset)
        )
    )


def count_planned(user_id: int, first: date) -> int:
    """How many events `list_planned` has in all."""
    return session.scalar(select(func.count()).select_from(TimeBlock).where(*_ahead(user_id, first))) or 0


def show_event(user_id: int, uid: uuid.UUID) -> Record:
    """One event, with the last session begun on it as `session_uid`. Errors: NotFound."""
    begun = (
        select(FocusSession.uid)
        .where(FocusSession.block_id == TimeBlock.id)
        .order_by(FocusSession.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    row = session.execute(
        _EVENTS.add_columns(begun.label("session_uid"), BlockSeries.ends_on).where(
            TimeBlock.owner_id == user_id, TimeBlock.uid == uid, TimeBlock.deleted_at.is_(None)
        )
    ).first()
    if row is None:
        raise NotFound("Event not found")
    return row


def _within(user_id: int, first: date, last: date) -> tuple[Any, ...]:
    return TimeBlock.owner_id == user_id, TimeBlock.deleted_at.is_(None), TimeBlock.date.between(first, last)


def _ahead(user_id: int, first: date) -> tuple[Any, ...]:
    return *_within(user_id, first, date.max), TimeBlock.completed_at.is_(None), ~_HAS_OPEN


def _wall_clock(owner: User, moment: datetime) -> dict[str, Any]:
    """An instant as the columns of a block in its owner's zone."""
    moment = moment.replace(microsecond=0)
    there = local(moment, owner.timezone)
    return {"date": there.date(), "start_time": there.time(), "starts_at": moment}


_HAS_OPEN = exists().where(FocusSession.block_id == TimeBlock.id, _OPEN)
_STATUS = case(
    (TimeBlock.completed_at.is_not(None), literal("finished")),
    (_HAS_OPEN.where(FocusSession.running_since.is_not(None)), literal("running")),
    (_HAS_OPEN, literal("paused")),
    else_=literal("planned"),
)
_EVENTS = select(
    TimeBlock.uid,
    TimeBlock.title,
    TimeBlock.starts_at,
    TimeBlock.duration_minutes,
    TimeBlock.created_at,
    _STATUS.label("status"),
    BlockSeries.repeat,
).outerjoin(BlockSeries, BlockSeries.id == TimeBlock.series_id)
