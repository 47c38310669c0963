"""Blocks that repeat: a rule on the wall clock, laid out as ordinary time blocks some way ahead.

What repeats at nine repeats at nine, whatever the clocks do at night; the instants move. An occurrence is a row like
any other block, so it can be moved, done or deleted alone; `series_on` remembers which day of the rule it stands for,
and no day is laid out twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, Self

from dateutil.relativedelta import relativedelta
from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    String,
    Time,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.blocks import TimeBlock, days_changed
from models.categories import Category
from models.clock import instant, now, today
from models.db import Base, session
from models.errors import Conflict, Invalid
from models.focus import FocusSession
from models.plans import PLANS, UNLIMITED
from models.users import User

Repeat = Literal["none", "daily", "weekly", "monthly"]
REPEATS: tuple[Repeat, ...] = ("none", "daily", "weekly", "monthly")
CATEGORY = "Deep Work"
AHEAD = timedelta(days=92)
"""How far ahead of today a series is always laid out; the worker adds a day each night."""
FARTHEST = timedelta(days=731)
"""How far ahead a series is laid out for somebody who looks there."""
BEHIND = timedelta(days=366)
"""How long ago a series may begin; what is over is not worth a row for each day."""
MOST = 200
"""Series of one user that go on."""
_STEPS = {"daily": relativedelta(days=1), "weekly": relativedelta(weeks=1), "monthly": relativedelta(months=1)}


class BlockSeries(Base):
    """What repeats, and how far it is laid out. A month without its day has it on its last day."""

    __tablename__ = "block_series"
    __table_args__ = (
        CheckConstraint("repeat IN ('daily', 'weekly', 'monthly')", name="repeat"),
        CheckConstraint("duration_minutes BETWEEN 1 AND 1440", name="duration"),
    )

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(500))
    start_time: Mapped[time] = mapped_column(Time())
    duration_minutes: Mapped[int]
    repeat: Mapped[str] = mapped_column(String(10))
    first_on: Mapped[date]
    ends_on: Mapped[date | None]
    laid_out_until: Mapped[date] = mapped_column(index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)

    @classmethod
    def begin(cls, owner: User, first: TimeBlock, repeat: Repeat, ends_on: date | None) -> Self:
        """Repeat a block from its day on. The owner is locked. Errors: Invalid, Conflict."""
        day = today(owner.timezone)
        _check_beginning(first, day)
        going_on = or_(cls.ends_on.is_(None), and_(cls.ends_on >= day, cls.ends_on >= cls.first_on))
        living = session.scalar(select(func.count()).select_from(cls).where(cls.owner_id == owner.id, going_on)) or 0
        if living >= MOST:
            raise Conflict(f"A calendar holds at most {MOST} events that repeat")
        series = cls(
            owner_id=owner.id,
            title=first.title,
            start_time=first.start_time,
            duration_minutes=first.duration_minutes,
            repeat=repeat,
            first_on=first.date,
            ends_on=ends_on,
            laid_out_until=first.date,
        )
        session.add(series)
        session.flush()
        first.series_id, first.series_on = series.id, first.date
        series.lay_out(owner)
        return series

    def lay_out(self, owner: User, until: date | None = None) -> None:
        """Write the blocks of the days up to `until`, at most two years ahead. The owner is locked.

        A day that is full on the owner's plan is left out: the series takes no room that a block would not get.
        """
        day = today(owner.timezone)
        near = max(day, self.first_on) + AHEAD
        last = min(until or near, max(near, day + FARTHEST), self.ends_on or date.max)
        days = self._open_days(last)
        if days:
            self._write(owner, days)
        self.laid_out_until = max(self.laid_out_until, last)
        session.flush()

    def _open_days(self, last: date) -> list[date]:
        after = self.laid_out_until
        days = list(occurrences(self.first_on, self.repeat, after, last))
        taken = set(
            session.scalars(
                select(TimeBlock.series_on).where(
                    TimeBlock.series_id == self.id, TimeBlock.series_on > after, TimeBlock.series_on <= last
                )
            )
        )
        return [day for day in days if day not in taken]

    def _write(self, owner: User, days: list[date]) -> None:
        limit = PLANS[owner.plan].features.blocks_per_day
        present = {
            row.date: row
            for row in session.execute(
                select(TimeBlock.date, func.count().label("blocks"), func.max(TimeBlock.sort_order).label("last"))
                .where(
                    TimeBlock.owner_id == owner.id,
                    TimeBlock.date.between(days[0], days[-1]),
                    TimeBlock.deleted_at.is_(None),
                )
                .group_by(TimeBlock.date)
            )
        }
        roomy = [day for day in days if limit == UNLIMITED or day not in present or present[day].blocks < limit]
        category = Category.system(CATEGORY).id
        rows = [
            {
                "owner_id": owner.id,
                "category_id": category,
                "title": self.title,
                "date": day,
                "start_time": self.start_time,
                "duration_minutes": self.duration_minutes,
                "starts_at": instant(day, self.start_time, owner.timezone),
                "sort_order": (present[day].last if day in present else 0) + 1,
                "series_id": self.id,
                "series_on": day,
            }
            for day in roomy
        ]
        if rows:
            session.execute(insert(TimeBlock), rows)
            days_changed(owner.id, *roomy)

    def change_after(self, day: date, owner: User, **values: Any) -> None:
        """Change title, time of day or length from the occurrence after `day` on; what was moved alone stays there."""
        time_before = self.start_time
        for name, value in values.items():
            setattr(self, name, value)
        rows = session.execute(
            select(TimeBlock.id, TimeBlock.date, TimeBlock.series_on, TimeBlock.start_time).where(*self._waiting(day))
        ).all()
        changes = []
        for row in rows:
            change: dict[str, Any] = {**values, "id": row.id, "updated_at": now()}
            if row.date != row.series_on or row.start_time != time_before:
                change.pop("start_time", None)
            if "start_time" in change:
                change["starts_at"] = instant(row.date, self.start_time, owner.timezone)
            changes.append(change)
        for keys in {tuple(change) for change in changes}:  # rows of one statement name the same columns
            session.execute(update(TimeBlock), [change for change in changes if tuple(change) == keys])
        if "duration_minutes" in values:
            days_changed(self.owner_id, *(row.date for row in rows))

    def begin_anew(self, owner: User, first: TimeBlock, repeat: str) -> None:
        """Follow another rule from this occurrence on. The owner is locked. Errors: Invalid."""
        _check_beginning(first, today(owner.timezone))
        self.drop_after(first.series_on or first.date)
        session.execute(  # an occurrence that was deleted may stand for the day that this one takes
            update(TimeBlock)
            .where(TimeBlock.series_id == self.id, TimeBlock.series_on == first.date, TimeBlock.id != first.id)
            .values(series_id=None, series_on=None)
        )
        first.series_on = self.first_on = self.laid_out_until = first.date
        self.repeat = repeat
        self.lay_out(owner)

    def end_on(self, owner: User, last: date | None) -> None:
        """Have another last day, or none. The owner is locked."""
        if last is not None:
            self.drop_after(last)
            self.laid_out_until = min(self.laid_out_until, max(last, self.first_on))
        self.ends_on = last
        self.lay_out(owner)

    def end_before(self, day: date) -> None:
        """Have no occurrence on this day of the rule or after it, except those begun or done."""
        self.drop_after(day - timedelta(days=1))
        self.ends_on = day - timedelta(days=1)
        session.flush()

    def drop_after(self, day: date) -> None:
        """Remove the occurrences after a day that nobody has begun."""
        session.flush()
        gone = session.execute(delete(TimeBlock).where(*self._waiting(day)).returning(TimeBlock.date))
        days_changed(self.owner_id, *gone.scalars())

    def _waiting(self, day: date) -> tuple[Any, ...]:
        return (
            TimeBlock.series_id == self.id,
            TimeBlock.series_on > day,
            TimeBlock.deleted_at.is_(None),
            TimeBlock.completed_at.is_(None),
            TimeBlock.progress == 0,
            TimeBlock.elapsed_seconds == 0,
            ~exists().where(FocusSession.block_id == TimeBlock.id),
        )


def _check_beginning(first: TimeBlock, day: date) -> None:
    if first.date < day - BEHIND:
        raise Invalid({"date": ["An event that repeats may begin a year ago at most"]})


def occurrences(first: date, repeat: str, after: date, until: date) -> Iterator[date]:
    """The days of a rule that begins on `first`, later than `after`, up to `until`."""
    step = _STEPS[repeat]
    months = (after.year - first.year) * 12 + after.month - first.month
    passed = {"daily": (after - first).days, "weekly": (after - first).days // 7, "monthly": months}[repeat]
    number = max(0, passed)
    while (day := first + step * number) <= until:
        if day > after:
            yield day
        number += 1
