"""Reminders: a word before a block starts, and one in the evening. Each has a row, so it is sent once.

Only people whose e-mail address is verified are written to, and never those whose account is closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    ForeignKey,
    Integer,
    Table,
    cast,
    exists,
    func,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from models.agenda import list_blocks
from models.blocks import TimeBlock
from models.clock import local, now
from models.db import Base, Id, Instant, session
from models.expiry import drop
from models.letters import send_block_reminder, send_daily_summary
from models.live import tell
from models.users import User
from settings import settings

GRACE = timedelta(minutes=1)
"""How long after its start a block is still reminded of, where the worker was not quicker."""
BATCH = 200


@dataclass(frozen=True, slots=True)
class BlockStartsSoon:
    """A planned block is about to start."""

    user_id: int
    block_id: str
    title: str
    starts_at: datetime


block_reminders = Table(
    "block_reminders",
    Base.metadata,
    Column("block_id", Id, ForeignKey("time_blocks.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("starts_at", Instant, primary_key=True, index=True),  # a block that moves to another time is announced again
)
daily_summaries = Table(
    "daily_summaries",
    Base.metadata,
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("date", Date, primary_key=True, index=True),
)


def remind_of_blocks(limit: int = BATCH) -> int:
    """Announce the blocks that start soon and were not announced; returns how many."""
    claimed = session.execute(_insert(block_reminders, _starting(limit)))
    ids = list(claimed.scalars())
    for block, owner in session.execute(
        select(TimeBlock, User).join(User, User.id == TimeBlock.owner_id).where(TimeBlock.id.in_(ids))
    ):
        tell(BlockStartsSoon(owner.id, str(block.uid), block.title, block.starts_at))
        send_block_reminder(owner, block.title, local(block.starts_at, owner.timezone), block.duration_minutes)
    return len(ids)


def summarize_days(limit: int = BATCH) -> int:
    """Write to those whose evening has come and whose day, or tomorrow, has something in it; returns to how many."""
    written = 0
    for day, zones in _evenings().items():
        claimed = session.execute(_insert(daily_summaries, _waiting(day, zones, limit)))
        for user_id in list(claimed.scalars()):
            written += _summarize(session.get_one(User, user_id), day)
    return written


def forget_old_reminders(before: datetime) -> int:
    """Drop rows of blocks that nobody is reminded of any more; returns how many."""
    return drop(block_reminders, block_reminders.c.starts_at < before)


def forget_old_summaries(before: datetime) -> int:
    """Drop rows of days that nobody is written about any more; returns how many."""
    return drop(daily_summaries, daily_summaries.c.date < before.date())


def _summarize(user: User, day: date) -> bool:
    tomorrow = day + timedelta(days=1)
    rows = list_blocks(user.id, day, tomorrow, limit=200)
    today_blocks = [row for row in rows if row.date == day]
    planned = [row for row in rows if row.date == tomorrow]
    done = [row for row in today_blocks if row.completed_at is not None]
    if not done and not planned:
        return False
    plan = [(f"{row.start_time:%H:%M}", row.title) for row in planned]
    send_daily_summary(user, day, len(done), len(today_blocks), sum(row.duration_minutes for row in done), plan)
    return True


def _starting(limit: int) -> Any:
    """Ids and starts of blocks whose owners' minutes have begun and that nobody was reminded of."""
    moment = now()
    longest = session.scalar(select(func.max(User.reminder_minutes)).where(User.block_reminder)) or 0
    announced = exists().where(
        block_reminders.c.block_id == TimeBlock.id, block_reminders.c.starts_at == TimeBlock.starts_at
    )
    return (
        select(TimeBlock.id, TimeBlock.starts_at)
        .join(User, User.id == TimeBlock.owner_id)
        .where(
            TimeBlock.completed_at.is_(None),
            TimeBlock.deleted_at.is_(None),
            TimeBlock.starts_at.between(moment - GRACE, moment + timedelta(minutes=longest)),
            TimeBlock.starts_at <= _later(moment, User.reminder_minutes),
            User.block_reminder,
            *_reachable(),
            ~announced,
        )
        .order_by(TimeBlock.starts_at)
        .limit(limit)
    )


def _waiting(day: date, zones: Sequence[str], limit: int) -> Any:
    """Those of some time zones who have not had their summary of a day."""
    had = exists().where(daily_summaries.c.user_id == User.id, daily_summaries.c.date == day)
    return (
        select(User.id, literal(day))
        .where(User.daily_summary, *_reachable(), User.timezone.in_(zones), ~had)
        .order_by(User.id)
        .limit(limit)
    )


def _evenings() -> dict[date, list[str]]:
    """The days whose evening it is now, each with the time zones where it is."""
    found: dict[date, list[str]] = {}
    zones = select(User.timezone).where(User.daily_summary, *_reachable()).distinct()
    for zone in session.scalars(zones):
        there = local(now(), zone)
        if there.hour >= settings.summary_hour:
            found.setdefault(there.date(), []).append(zone)
    return found


def _reachable() -> tuple[ColumnElement[bool], ...]:
    return User.deleted_at.is_(None), User.email_verified_at.is_not(None)


def _later(moment: datetime, minutes: Any) -> Any:
    """A moment some minutes on, where the minutes stand in a column."""
    if settings.on_sqlite:
        shift = func.printf("+%d minutes", minutes)
        return func.strftime("%Y-%m-%d %H:%M:%f000", moment.strftime("%Y-%m-%d %H:%M:%S"), shift)
    return literal(moment) + func.make_interval(0, 0, 0, 0, 0, cast(minutes, Integer))


def _insert(table: Table, chosen: Any) -> Any:
    """Insert what is chosen, without what somebody else inserted at the same moment; returns the first column."""
    made: Any = (sqlite if settings.on_sqlite else postgresql).insert(table)
    first = table.columns[0]
    return made.from_select(list(table.columns), chosen).on_conflict_do_nothing().returning(first)
