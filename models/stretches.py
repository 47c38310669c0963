"""Stretches of focus: from when to when somebody really worked, the ground of every figure about time.

A stretch is written when a clock stops. Pauses and breaks are the gaps between stretches, so a day's time is a sum
over the stretches in it. Each carries whole seconds that add up exactly to those of its session.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, func, insert, select, text

from models.cycles import Cycle
from models.db import Base, Id, Instant, session

SECOND = 1_000_000
_DAY = timedelta(days=1)
_IN_TEAM = text("organization_id IS NOT NULL")

stretches = Table(
    "focus_stretches",
    Base.metadata,
    Column("id", Id, primary_key=True),
    Column("owner_id", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("organization_id", Id, ForeignKey("organizations.id", ondelete="SET NULL"), nullable=True),
    Column("task_id", Id, nullable=True),  # of an organisation's; no key: what was worked stays when the task is gone
    Column("session_id", Id, ForeignKey("focus_sessions.id", ondelete="CASCADE"), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant, nullable=False),
    Column("seconds", Integer, nullable=False),
    CheckConstraint("seconds > 0", name="seconds"),
    CheckConstraint("ended_at >= started_at", name="order"),
    Index("ix_focus_stretches_owner", "owner_id", "started_at"),
    Index("ix_focus_stretches_session_id", "session_id"),
    Index(
        "ix_focus_stretches_task", "task_id", "started_at", "ended_at", sqlite_where=_IN_TEAM,
        postgresql_where=_IN_TEAM,
    ),
    Index(
        "ix_focus_stretches_team", "organization_id", "started_at", "ended_at", "owner_id", "seconds", "task_id",
        sqlite_where=_IN_TEAM, postgresql_where=_IN_TEAM,
    ),
)
"""No class: these rows are written once, never changed, and read as sums."""


def write_stretches(
    owner_id: int,
    organization_id: int | None,
    task_id: int | None,
    session_id: int,
    began: datetime,
    before: int,
    spans: Sequence[tuple[int, int]],
    cycle: Cycle | None,
) -> list[tuple[datetime, datetime, int]]:
    """Write what a session counted since `began`, when `before` microseconds were counted; returns the stretches.

    `spans` are stretches of focus in the session's own counted time. Seconds are differences of running totals, so
    that no fraction is lost between them.
    """
    rows: list[dict[str, Any]] = []
    for start, end in spans:
        seconds = _focus(end, cycle) - _focus(start, cycle)
        if seconds:
            rows.append(
                {
                    "owner_id": owner_id,
                    "organization_id": organization_id,
                    "task_id": task_id,
                    "session_id": session_id,
                    "started_at": began + timedelta(microseconds=start - before),
                    "ended_at": began + timedelta(microseconds=end - before),
                    "seconds": seconds,
                }
            )
    if rows:
        session.execute(insert(stretches), rows)
    return [(row["started_at"], row["ended_at"], row["seconds"]) for row in rows]


def first_uncounted(owner_id: int, moment: datetime) -> datetime:
    """The moment, or the end of what its owner has counted beyond it: a clock set back counts no minute twice."""
    counted = session.scalar(
        select(func.max(stretches.c.ended_at)).where(
            stretches.c.owner_id == owner_id,
            # A clock that was wrong by more than a day is a matter for people, not a reason to stop a timer.
            stretches.c.started_at.between(moment - _DAY, moment + _DAY),
        )
    )
    return moment if counted is None else max(moment, counted)


def last_worked(organization_id: int, since: datetime) -> dict[int, datetime]:
    """When each member of an organisation last worked for it, of those who did since then."""
    chosen = (
        select(stretches.c.owner_id, func.max(stretches.c.ended_at).label("last"))
        .where(stretches.c.organization_id == organization_id, stretches.c.started_at > since - _DAY)
        .group_by(stretches.c.owner_id)
    )
    return {row.owner_id: row.last for row in session.execute(chosen)}


def _focus(counted: int, cycle: Cycle | None) -> int:
    return (counted if cycle is None else cycle.focus_time(counted)) // SECOND
