"""Everything that a person recorded, piece by piece, so that an account of any size leaves in a bounded memory.

Each record is flat and plain, the same in every format, and complete enough for `models/imports.py` to put it into an
empty account. Instants keep their fractions of a second.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Select, select

from models import db
from models.db import Record, session
from models.focus import FocusSession
from models.focus_stats import running_focus
from models.projects import Project
from models.stretches import stretches
from models.tasks import Task, belongs_to
from models.timer import read_clock
from models.users import User

Kind = Literal["user", "project", "task", "session"]
CHUNK = 100
"""Rows that are read at one time; until they are written, nobody else is answered where greenlets share a process."""
FIELDS: dict[Kind, tuple[str, ...]] = {
    "user": (
        "id", "email", "username", "first_name", "last_name", "timezone",
        "focus_duration", "short_break", "long_break", "long_break_interval", "created_at",
    ),
    "project": ("id", "name", "description", "color_code", "is_active", "created_at"),
    "task": (
        "id", "title", "description", "status", "project_id", "estimated_pomodoros", "completed_pomodoros",
        "total_focus_seconds", "created_at", "started_at", "ended_at",
    ),
    "session": (
        "id", "task_id", "kind", "is_break", "started_at", "ended_at", "paused_at", "duration_minutes",
        "actual_duration_seconds", "completed", "pomodoros", "planned_seconds", "cycle_focus", "cycle_short_break",
        "cycle_long_break", "cycle_interval", "counted_us", "stretches",
    ),
}  # fmt: skip
"""What a record of each kind says, in the order of the columns."""


def exported(user_id: int) -> Iterator[tuple[Kind, dict[str, Any]]]:
    """An account's records: the user, then projects, tasks and sessions in the order in which they were made.

    Opens a short transaction for each hundred, and none while the caller writes.
    """
    with db.transaction(reading=True):
        user = session.get_one(User, user_id)
        record = {name: getattr(user, name) for name in FIELDS["user"]}
    yield "user", _plain(record)
    for row in _rows(select(Project.__table__).where(Project.owner_id == user_id), Project.__table__.c.id):
        yield "project", _plain({name: getattr(row, name) for name in FIELDS["project"]})
    for row in _rows(select(Task.__table__).where(belongs_to(user_id)), Task.__table__.c.id):
        yield "task", _plain(_task(row))
    yield from _sessions(user_id)


def _rows(chosen: Select[Any], id: Any) -> Iterator[Record]:
    last = 0
    while True:
        with db.transaction(reading=True):
            rows = list(session.execute(chosen.where(id > last).order_by(id).limit(CHUNK)))
        yield from rows
        if len(rows) < CHUNK:
            return
        last = rows[-1].id


def _task(row: Record) -> dict[str, Any]:
    return {
        **{name: getattr(row, name, None) for name in FIELDS["task"]},
        "completed_pomodoros": row.pomodoros,
        "total_focus_seconds": row.focus_seconds,
        "ended_at": row.completed_at,
    }


def _sessions(user_id: int) -> Iterator[tuple[Kind, dict[str, Any]]]:
    table = FocusSession.__table__
    chunk: list[Record] = []
    for row in _rows(select(table).where(table.c.owner_id == user_id), table.c.id):
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield from _with_stretches(user_id, chunk)
            chunk = []
    yield from _with_stretches(user_id, chunk)


def _with_stretches(user_id: int, rows: list[Record]) -> Iterator[tuple[Kind, dict[str, Any]]]:
    found: dict[int, list[tuple[str, str, int]]] = defaultdict(list)
    if not rows:
        return
    with db.transaction(reading=True):
        for id, start, end, seconds in session.execute(
            select(stretches.c.session_id, stretches.c.started_at, stretches.c.ended_at, stretches.c.seconds)
            .where(
                stretches.c.owner_id == user_id,
                stretches.c.session_id.between(rows[0].id, rows[-1].id),
            )
            .order_by(stretches.c.id)
        ):
            found[id].append((instant_text(start), instant_text(end), seconds))
        live = running_focus(user_id)
    for row in rows:
        if row.running_since is not None and live is not None:
            found[row.id] += [(instant_text(a), instant_text(b), seconds) for a, b, seconds in live.stretches]
        yield "session", _plain(_session(row)) | {"stretches": found[row.id]}


def _session(row: Record) -> dict[str, Any]:
    clock = read_clock(row)
    return {
        **{name: getattr(row, name, None) for name in FIELDS["session"]},
        "is_break": clock.is_break,
        "duration_minutes": clock.duration_minutes,
        "actual_duration_seconds": clock.elapsed_seconds if clock.is_break else clock.focus_seconds,
        "counted_us": clock.worked_us,
    }


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    return {name: instant_text(value) if isinstance(value, datetime) else value for name, value in record.items()}


def instant_text(moment: datetime) -> str:
    """An instant with its fractions of a second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
