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
    worked_on: int | None = None
    """The task that the seconds belong to, also when its time is up."""
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
        task = ("focused", row.task_id, row.title) if row.ends_at > moment else ("idle", None, None)
        span = (row.running_since, min(row.ends_at, moment), seconds)
        running[row.owner_id] = Presence(*task, *span, row.task_id, row.project_id)  # type: ignore[arg-type]
    return paused | running
