"""An export put into an empty account: the same projects, tasks, sessions and days, under new numbers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import exists, insert, select

from models.clock import ZONES
from models.cycles import MINUTE
from models.db import session
from models.errors import Conflict, Invalid
from models.exports import FIELDS, Kind
from models.focus import FocusSession
from models.projects import Project
from models.spreadsheets import read
from models.stretches import stretches
from models.tasks import STATUSES, Task
from models.users import User

_LISTS: dict[str, Kind] = {"projects": "project", "tasks": "task", "pomodoro_sessions": "session"}
_PROFILE = ("first_name", "last_name", "focus_duration", "short_break", "long_break", "long_break_interval")


def read_export(text: str) -> Iterator[tuple[Kind, dict[str, Any]]]:
    """The records of an exported file, JSON or CSV. Errors: ValueError."""
    if not text.lstrip().startswith("{"):
        yield from read(text)
        return
    whole = json.loads(text)
    yield "user", whole.get("user") or {}
    for name, kind in _LISTS.items():
        for record in whole.get(name) or []:
            yield kind, record


def import_records(owner: User, records: Iterable[tuple[Kind, dict[str, Any]]]) -> dict[Kind, int]:
    """Write exported records into an account without projects, tasks and sessions; returns how many of each kind.

    A session that was running when it was exported is paused in the copy. Errors: Conflict, Invalid.
    """
    owner.lock()
    if any(session.scalar(select(exists().where(kind.owner_id == owner.id))) for kind in (Project, Task, FocusSession)):
        raise Conflict("The account is not empty; import into a new one")
    counts: dict[Kind, int] = dict.fromkeys(FIELDS, 0)
    copy = _Copy(owner)
    for kind, record in records:
        try:
            getattr(copy, f"add_{kind}")(record)
        except (KeyError, TypeError, ValueError) as error:
            raise Invalid({kind: [f"Record {record.get('id')} cannot be read: {error}"]}) from error
        counts[kind] += 1
    session.flush()
    return counts


class _Copy:
    """What was written so far: new numbers by old ones."""

    def __init__(self, owner: User) -> None:
        self.owner = owner
        self.projects: dict[int, int] = {}
        self.tasks: dict[int, Task] = {}

    def add_user(self, record: dict[str, Any]) -> None:
        values = {name: record[name] for name in _PROFILE if record.get(name) is not None}
        if record.get("timezone") in ZONES:
            values["timezone"] = record["timezone"]
        self.owner.change(**values)

    def add_project(self, record: dict[str, Any]) -> None:
        made = Project.create(
            self.owner.id,
            record["name"],
            description=record["description"] or "",
            color_code=record["color_code"],
            is_active=bool(record["is_active"]),
            created_at=_instant(record["created_at"]),
        )
        self.projects[record["id"]] = made.id

    def add_task(self, record: dict[str, Any]) -> None:
        if record["status"] not in STATUSES:
            raise ValueError(f"there is no status {record['status']!r}")
        project = record.get("project_id")
        task = Task(
            owner_id=self.owner.id,
            title=record["title"],
            description=record["description"] or "",
            # Whether it is paused is for its session to say.
            status="in_progress" if record["status"] == "paused" else record["status"],
            project_id=None if project is None else self.projects[project],
            estimated_pomodoros=record.get("estimated_pomodoros"),
            focus_seconds=0,
            pomodoros=0,
            started_at=_instant(record.get("started_at")),
            completed_at=_instant(record.get("ended_at")),
            created_at=_instant(record["created_at"]),
        )
        session.add(task)
        session.flush()
        self.tasks[record["id"]] = task

    def add_session(self, record: dict[str, Any]) -> None:
        old_task = record.get("task_id")
        task = None if old_task is None else self.tasks[old_task]
        started, ended = _moment(record["started_at"]), _instant(record.get("ended_at"))
        parts = [(_moment(start), _moment(end), int(seconds)) for start, end, seconds in record["stretches"]]
        made = FocusSession(
            owner_id=self.owner.id,
            task_id=None if task is None else task.id,
            kind=record["kind"],
            planned_seconds=record.get("planned_seconds"),
            cycle_focus=record.get("cycle_focus"),
            cycle_short_break=record.get("cycle_short_break"),
            cycle_long_break=record.get("cycle_long_break"),
            cycle_interval=record.get("cycle_interval"),
            started_at=started,
            ended_at=ended,
            paused_at=None if ended else _instant(record.get("paused_at")) or _last(parts, started),
            counted_us=int(record["counted_us"]),
            pomodoros=int(record["pomodoros"]),
            completed=bool(record["completed"]),
        )
        if made.counted_us > 366 * 24 * 60 * MINUTE:
            raise ValueError("more than a year was counted")
        session.add(made)
        session.flush()
        if parts:
            session.execute(
                insert(stretches),
                [
                    {
                        "owner_id": self.owner.id,
                        "session_id": made.id,
                        "started_at": start,
                        "ended_at": end,
                        "seconds": seconds,
                    }
                    for start, end, seconds in parts
                ],
            )
        if task is not None:
            task.focus_seconds += sum(seconds for _, _, seconds in parts)
            task.pomodoros += made.pomodoros
            if ended is None:
                task.status = "paused"


def _last(parts: list[tuple[datetime, datetime, int]], started: datetime) -> datetime:
    return parts[-1][1] if parts else started


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment


def _instant(text: str | None) -> datetime | None:
    return None if text is None else _moment(text)
