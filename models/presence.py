"""What the members of an organisation are doing for it now. Their personal work does not show, not even as time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select

from models.clock import now
from models.db import Record, session
from models.focus import FocusSession
from models.tasks import Task
from models.timer import SECOND, worked_us

Status = Literal["focused", "paused", "idle"]


@dataclass(frozen=True, slots=True)
class Presence:
    """What somebody is doing; of a running clock also from when to when it ran, and the seconds that it counted."""

    status: Status
    task_id: int | None = None
    task_title: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    seconds: int = 0
    project_id: int | None = None


IDLE = Presence("idle")


def presences(organization_id: int, user_ids: Sequence[int] | None = None) -> dict[int, Presence]:
    """By user id, those who are at work on the organisation's tasks, or have paused one."""
    wanted = (
        select(
            FocusSession.owner_id,
            FocusSession.counted_us,
            FocusSession.running_since,
            FocusSession.ends_at,
            Task.id.label("task_id"),
            Task.title,
            Task.project_id,
        )
        .outerjoin(Task, Task.id == FocusSession.task_id)
        .where(FocusSession.organization_id == organization_id, FocusSession.ended_at.is_(None))
        .order_by(FocusSession.paused_at)
    )
    if user_ids is not None:
        wanted = wanted.where(FocusSession.owner_id.in_(user_ids))
    return _by_person(session.execute(wanted), now())


def _by_person(rows: Iterable[Record], moment: datetime) -> dict[int, Presence]:
    paused: dict[int, Presence] = {}
    running: dict[int, Presence] = {}
    for row in rows:
        if row.running_since is None:
            paused[row.owner_id] = Presence("paused", row.task_id, row.title)
            continue
        seconds = worked_us(row, moment) // SECOND - row.counted_us // SECOND
        # Its time may be up although nobody has closed it yet: the seconds count, but nobody works on it any more.
        is_at_work = row.ends_at > moment
        running[row.owner_id] = Presence(
            "focused" if is_at_work else "idle",
            row.task_id if is_at_work else None,
            row.title if is_at_work else None,
            since=row.running_since,
            until=min(row.ends_at, moment),
            seconds=seconds,
            project_id=row.project_id,
        )
    return paused | running
