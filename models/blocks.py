"""Time blocks: planned stretches of a day, as the user's wall clock shows them.

Date and time of day are what the user meant, so they are the truth; `starts_at` is the instant which that is in the
user's time zone, kept for reminders and for contracts that speak of instants.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Self

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Time,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.categories import Category
from models.clock import instant, now
from models.db import Base, session
from models.dirty_days import mark_days
from models.errors import Conflict, NotFound
from models.events import record
from models.plans import check_limit
from models.users import User

RESTORABLE = timedelta(days=30)
_COUNTED = {"date", "duration_minutes"}
"""What of a block, beside its category and its state, goes into the statistics."""


@dataclass(frozen=True, slots=True)
class BlocksChanged:
    """What is planned or done on some days is not what it was."""

    user_id: int
    days: tuple[date, ...]


class TimeBlock(Base):
    """A stretch of time that is planned for something."""

    __tablename__ = "time_blocks"
    __table_args__ = (
        CheckConstraint("duration_minutes BETWEEN 1 AND 1440", name="duration"),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        CheckConstraint("elapsed_seconds >= 0", name="elapsed"),
        Index("ix_time_blocks_day", "owner_id", "date", "sort_order"),
        Index(
            "ix_time_blocks_upcoming",
            "starts_at",
            sqlite_where=text("completed_at IS NULL AND deleted_at IS NULL"),
            postgresql_where=text("completed_at IS NULL AND deleted_at IS NULL"),
        ),
        Index(
            "ix_time_blocks_deleted_at",
            "deleted_at",
            sqlite_where=text("deleted_at IS NOT NULL AND series_id IS NULL"),
            postgresql_where=text("deleted_at IS NOT NULL AND series_id IS NULL"),
        ),
        Index("uq_time_blocks_series", "series_id", "series_on", unique=True),
        Index("ix_time_blocks_category_id", "category_id"),
        Index("ix_time_blocks_inbox_item_id", "inbox_item_id"),
    )

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    category_id: Mapped[int] = mapped_column(ForeignKey("categories.id", ondelete="RESTRICT"))
    inbox_item_id: Mapped[int | None] = mapped_column(ForeignKey("inbox_items.id", ondelete="SET NULL"))
    series_id: Mapped[int | None] = mapped_column(ForeignKey("block_series.id", ondelete="SET NULL"))
    series_on: Mapped[dt.date | None]
    title: Mapped[str] = mapped_column(String(500))
    subtitle: Mapped[str | None] = mapped_column(String(500))
    date: Mapped[date]
    start_time: Mapped[time] = mapped_column(Time())
    duration_minutes: Mapped[int]
    starts_at: Mapped[datetime]
    is_urgent: Mapped[bool] = mapped_column(default=False)
    completed_at: Mapped[datetime | None]
    progress: Mapped[int] = mapped_column(default=0)
    elapsed_seconds: Mapped[int] = mapped_column(default=0)
    sort_order: Mapped[int]
    external_id: Mapped[str | None] = mapped_column(String(500))
    external_url: Mapped[str | None] = mapped_column(String(2000))
    external_source: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    deleted_at: Mapped[datetime | None]

    @classmethod
    def of(cls, user_id: int, uid: uuid.UUID) -> Self:
        """One of this user's blocks. Errors: NotFound."""
        block = session.scalar(select(cls).where(cls.uid == uid, cls.owner_id == user_id, cls.deleted_at.is_(None)))
        if block is None:
            raise NotFound("Block not found")
        return block

    @classmethod
    def _take_place(cls, owner: User, day: dt.date) -> int:
        """The next number in a day's order, if the plan allows one more that day. The owner is locked."""
        count, last = session.execute(
            select(func.count(), func.max(cls.sort_order)).where(
                cls.owner_id == owner.id, cls.date == day, cls.deleted_at.is_(None)
            )
        ).one()
        check_limit(owner.plan, "blocks_per_day", count, "blocks a day")
        return (last or 0) + 1

    def change(self, owner: User, category: Category | None = None, **values: Any) -> None:
        """Change what was planned. On another day the block goes to that day's end. Errors: LimitReached."""
        is_counted = category is not None or bool(_COUNTED & values.keys())
        if is_counted:
            owner.lock()
            session.refresh(self)  # somebody may have moved it meanwhile; both its days must be counted anew
        days = {self.date, values.get("date", self.date)}
        if len(days) > 1:
            self.sort_order = self._take_place(owner, values["date"])
        for name, value in values.items():
            setattr(self, name, value)
        if category is not None:
            self.category_id = category.id
        if "starts_at" not in values and {"date", "start_time"} & values.keys():
            self.starts_at = instant(self.date, self.start_time, owner.timezone)
        self.updated_at = now()
        session.flush()
        if is_counted:
            days_changed(self.owner_id, *days)

    def complete(self, worked_seconds: int = 0) -> None:
        """Mark as done, with what a session of focus on it counted. Doing it again changes nothing."""
        done = session.execute(
            update(TimeBlock)
            .where(TimeBlock.id == self.id, TimeBlock.completed_at.is_(None))
            .values(
                completed_at=now(),
                progress=100,
                elapsed_seconds=TimeBlock.elapsed_seconds + worked_seconds,
                updated_at=now(),
            )
        )
        session.refresh(self)
        if done.rowcount:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
            days_changed(self.owner_id, self.date)

    def delete(self) -> None:
        """Take it out of the day. Work that came from the inbox and is not done returns there."""
        day = session.scalar(
            update(TimeBlock)
            .where(TimeBlock.id == self.id, TimeBlock.deleted_at.is_(None))
            .values(deleted_at=now(), updated_at=now())
            .returning(TimeBlock.date)
        )
        if day is not None:
            days_changed(self.owner_id, day)

    @classmethod
    def restore(cls, owner: User, uid: uuid.UUID) -> Self:
        """Put a deleted block back where it was; one that is there stays. Errors: NotFound, LimitReached, Conflict.

        After 30 days it is gone, and what came from the inbox may have been planned anew meanwhile.
        """
        owner.lock()
        block = session.scalar(
            select(cls).where(
                cls.uid == uid,
                cls.owner_id == owner.id,
                or_(cls.deleted_at.is_(None), cls.deleted_at > now() - RESTORABLE),
            )
        )
        if block is None:
            raise NotFound("Block not found")
        if block.deleted_at is None:
            return block
        same_item = (cls.inbox_item_id == block.inbox_item_id, cls.deleted_at.is_(None))
        if block.inbox_item_id is not None and session.scalar(select(cls.id).where(*same_item).limit(1)):
            raise Conflict("The inbox item that this block came from is planned already")
        cls._take_place(owner, block.date)
        block.deleted_at, block.updated_at = None, now()
        session.flush()
        days_changed(owner.id, block.date)
        return block


def days_changed(user_id: int, *days: date) -> None:
    """Have the statistics of these days counted anew, and say so."""
    mark_days(user_id, days)
    record(BlocksChanged(user_id, days))


def move_to_zone(owner: User) -> None:
    """After a change of time zone the wall clock stays: instants of what is still planned move."""
    yesterday = (now() - timedelta(days=1)).date()
    planned = session.execute(
        select(TimeBlock.id, TimeBlock.date, TimeBlock.start_time).where(
            TimeBlock.owner_id == owner.id, TimeBlock.date >= yesterday
        )
    ).all()
    moved = [{"id": row.id, "starts_at": instant(row.date, row.start_time, owner.timezone)} for row in planned]
    if moved:
        session.execute(update(TimeBlock), moved)
