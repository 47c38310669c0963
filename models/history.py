"""Past sessions of focus, whichever door began them: pomodoros and runs, not breaks."""

from __future__ import annotations

import uuid
from typing import Any, Literal

from sqlalchemy import func, select

from models import db
from models.db import Record, session
from models.errors import Conflict, NotFound
from models.focus import CLOCK, FocusSession, hold_timer, is_overdue
from models.runs import RunTask, tasks_of_runs
from models.tasks import Task
from models.timer import read_clock

Status = Literal["running", "paused", "finished"]


def session_status(row: Any) -> Status:
    """What a session's row, or object, is at."""
    if row.ended_at is not None:
        return "finished"
    return "running" if row.paused_at is None else "paused"


def breaks_taken(row: Any) -> int:
    """How many breaks of its cycle a session has behind it."""
    reading = read_clock(row)
    return 0 if reading.cycle is None else reading.cycle.breaks(reading.worked_us)


def pomodoros_done(row: Any) -> int:
    """How many pomodoros a session has behind it."""
    reading = read_clock(row)
    return row.pomodoros if reading.cycle is None else reading.cycle.pomodoros(reading.worked_us)


def settle(user_id: int) -> None:
    """In a reading transaction, close what is past its time, if no worker has yet."""
    if is_overdue(user_id):
        with db.writing():
            hold_timer(user_id)


def list_history(user_id: int, status: Status | None, *, limit: int, offset: int = 0) -> list[Record]:
    """Sessions of that status, or all; the newest first."""
    return list(
        session.execute(
            _SESSIONS.where(*_wanted(user_id, status))
            .order_by(FocusSession.started_at.desc(), FocusSession.id.desc())
            .limit(limit)
            .offset(offset)
        )
    )


def count_history(user_id: int, status: Status | None) -> int:
    """How many sessions `list_history` has in all."""
    wanted = _wanted(user_id, status)
    return session.scalar(select(func.count()).select_from(FocusSession).where(*wanted)) or 0


def show_session(user_id: int, uid: uuid.UUID) -> Record:
    """One session. Errors: NotFound."""
    row = session.execute(_SESSIONS.where(*_focus_of(user_id), FocusSession.uid == uid)).first()
    if row is None:
        raise NotFound("Session not found")
    return row


def hold_session(user_id: int, uid: uuid.UUID) -> FocusSession:
    """One session to change, with the timer held. Errors: NotFound."""
    held = FocusSession.hold_run(user_id, uid)
    if held.is_break:
        raise NotFound("Session not found")
    return held


def tasks_of(row: Any) -> list[Record]:
    """What a session was worked on: the tasks on its list, or the one that it times. uid, title, status."""
    listed = tasks_of_runs([row.id])
    if listed or row.task_id is None:
        return listed
    return list(session.execute(select(Task.uid, Task.title, Task.status).where(Task.id == row.task_id)))


def resume_anew(user_id: int, uid: uuid.UUID) -> FocusSession:
    """Begin a session like a paused one, with its tasks; the paused one ends with what it counted.

    Errors: NotFound, Conflict.
    """
    old = hold_session(user_id, uid)
    if old.paused_at is None:
        raise Conflict("Only a paused session can be resumed")
    if old.task is not None:
        return old.task.start(old.duration_minutes)
    cycle, block = old.cycle, old.block
    old.abandon()
    if cycle is None:
        return FocusSession.begin(user_id, "focus", planned_seconds=old.planned_seconds, block=block)
    again = FocusSession.start_run(user_id, cycle, block=block)
    RunTask.attach(again, [session.get_one(Task, row.id) for row in tasks_of_runs([old.id])])
    return again


def _focus_of(user_id: int) -> tuple[Any, ...]:
    return FocusSession.owner_id == user_id, FocusSession.kind == "focus"


def _wanted(user_id: int, status: Status | None) -> tuple[Any, ...]:
    if status is None:
        return _focus_of(user_id)
    state = {
        "running": FocusSession.running_since.is_not(None),
        "paused": FocusSession.paused_at.is_not(None),
        "finished": FocusSession.ended_at.is_not(None),
    }[status]
    return (*_focus_of(user_id), state)


_SESSIONS = select(
    *CLOCK,
    FocusSession.id,
    FocusSession.uid,
    FocusSession.task_id,
    FocusSession.started_at,
    FocusSession.paused_at,
    FocusSession.ended_at,
    FocusSession.pomodoros,
)
