"""Roll-ups: what blocks add up to, for each user, day and category, and the days of each month with work done.

Both are copies of what the blocks say and are made by set-based SQL: a user's changed days when they changed,
everybody's nightly. They are counted under a lock on their users, so that an older count never overwrites a newer
one. Neither table has foreign keys: checking them would take longer than counting.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    Integer,
    Table,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    extract,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite

from models.blocks import TimeBlock
from models.db import Base, Id, session
from models.dirty_days import dirty_days, take_days
from models.statements import Statement
from models.users import User
from settings import settings

SLICE = 2000
"""Users whose roll-ups are rebuilt, and who are locked, at a time."""
_CHUNK = 200
_FEW = 8

daily_totals = Table(
    "daily_totals",
    Base.metadata,
    Column("user_id", Id, primary_key=True, autoincrement=False),
    Column("date", Date, primary_key=True),
    Column("category_id", Id, primary_key=True, autoincrement=False),
    Column("planned", Integer, nullable=False),
    Column("completed", Integer, nullable=False),
    Column("minutes", Integer, nullable=False),  # of completed blocks
)
active_months = Table(
    "active_months",
    Base.metadata,
    Column("user_id", Id, primary_key=True, autoincrement=False),
    Column("month", Integer, primary_key=True, autoincrement=False),  # 12 × year + month - 1
    Column("days", Integer, nullable=False),  # bit 0 is the first of the month
)
_KEYS = ("user_id", "date", "category_id")
_FIGURES = ("planned", "completed", "minutes")


def refresh(user_id: int) -> int:
    """Count a user's changed days anew; returns how many there were."""
    if not _HOLD.rows(user=user_id):
        return 0
    days = sorted(take_days(user_id))
    if len(days) <= _FEW:
        _refresh_few(user_id, days)
        return len(days)
    for start in range(0, len(days), _CHUNK):
        chunk = days[start : start + _CHUNK]
        _count(
            and_(TimeBlock.owner_id == user_id, TimeBlock.date.in_(chunk)),
            and_(daily_totals.c.user_id == user_id, daily_totals.c.date.in_(chunk)),
        )
    for first, last in _months(days):
        _count_months(
            and_(active_months.c.user_id == user_id, active_months.c.month == month_number(first)),
            and_(daily_totals.c.user_id == user_id, daily_totals.c.date.between(first, last)),
        )
    return len(days)


def _refresh_few(user_id: int, days: list[date]) -> None:
    """As `refresh`, day by day in statements that are made once: nearly always it is one day or two."""
    for day in days:
        for statement in _DAY:
            statement.rows(user=user_id, day=day)
    for first, last in _months(days):
        for statement in _MONTH:
            statement.rows(user=user_id, month=month_number(first), first=first, last=last)


def rebuild(first: int, last: int) -> None:
    """Count everything anew for the users with ids from `first` to `last`; what is right already is not rewritten."""
    if not settings.on_sqlite:
        session.execute(text("SET LOCAL statement_timeout = '60s'"))
    _lock(User.id.between(first, last))
    session.execute(delete(dirty_days).where(dirty_days.c.user_id.between(first, last)))
    mine = daily_totals.c.user_id.between(first, last)
    _count(TimeBlock.owner_id.between(first, last), mine)
    _count_months(active_months.c.user_id.between(first, last), mine)


def slices() -> list[tuple[int, int]]:
    """Ranges of user ids that cover everybody, to be rebuilt one after the other."""
    place = func.row_number().over(order_by=User.id).label("place")
    numbered = select(User.id, place).subquery()
    ends = list(session.scalars(select(numbered.c.id).where(numbered.c.place % SLICE == 0).order_by(numbered.c.id)))
    last = session.scalar(select(func.max(User.id)))
    if last is None:
        return []
    if not ends or ends[-1] != last:
        ends.append(last)
    return list(zip([0, *(end + 1 for end in ends[:-1])], ends, strict=True))


def forget(user_id: int) -> None:
    """Remove all that was counted for a user."""
    for table in (daily_totals, active_months, dirty_days):
        session.execute(delete(table).where(table.c.user_id == user_id))


def month_number(day: date) -> int:
    """How `active_months` numbers the month of a day."""
    return day.year * 12 + day.month - 1


def _lock(whose: ColumnElement[bool]) -> list[int]:
    """Lock users in the order of their ids, against others who count; returns the ids."""
    ids = select(User.id).where(whose).order_by(User.id).with_for_update(key_share=True)
    return list(session.scalars(ids))


def _count(blocks: ColumnElement[bool], totals: ColumnElement[bool]) -> None:
    for statement in _counting(blocks, totals):
        session.execute(statement)


def _count_months(months: ColumnElement[bool], totals: ColumnElement[bool]) -> None:
    for statement in _counting_months(months, totals):
        session.execute(statement)


def _counting(blocks: ColumnElement[bool], totals: ColumnElement[bool]) -> tuple[Any, Any]:
    """What makes the stored totals of a scope, named once for each table, what its blocks add up to."""
    still_there = exists().where(
        TimeBlock.owner_id == daily_totals.c.user_id,
        TimeBlock.date == daily_totals.c.date,
        TimeBlock.category_id == daily_totals.c.category_id,
        TimeBlock.deleted_at.is_(None),
    )
    gone = delete(daily_totals).where(totals, ~still_there)
    minutes = func.sum(TimeBlock.duration_minutes).filter(TimeBlock.completed_at.is_not(None))
    counted = (
        select(
            TimeBlock.owner_id.label("user_id"),
            TimeBlock.date,
            TimeBlock.category_id,
            func.count().label("planned"),
            func.count(TimeBlock.completed_at).label("completed"),
            cast(func.coalesce(minutes, 0), Integer).label("minutes"),
        )
        .where(blocks, TimeBlock.deleted_at.is_(None))
        .group_by(TimeBlock.owner_id, TimeBlock.date, TimeBlock.category_id)
        .subquery()
    )
    stored = daily_totals.alias("stored")
    differing = (
        select(counted)
        .outerjoin(stored, and_(*(stored.c[name] == counted.c[name] for name in _KEYS)))
        .where(or_(stored.c.planned.is_(None), *(stored.c[name] != counted.c[name] for name in _FIGURES)))
        .order_by(*(counted.c[name] for name in _KEYS))  # in the index's own order: half the time of any other
    )
    upsert: Any = (sqlite if settings.on_sqlite else postgresql).insert(daily_totals)
    upsert = upsert.from_select([*_KEYS, *_FIGURES], differing)
    changed = upsert.on_conflict_do_update(
        index_elements=list(_KEYS), set_={name: upsert.excluded[name] for name in _FIGURES}
    )
    return gone, changed


def _counting_months(months: ColumnElement[bool], totals: ColumnElement[bool]) -> tuple[Any, Any]:
    """What makes the months of a scope, named once for each table, what the totals say."""
    gone = delete(active_months).where(months)
    day = daily_totals.c.date
    month = cast(extract("year", day), Integer) * 12 + cast(extract("month", day), Integer) - 1
    bit = literal_column("1", Integer).bitwise_lshift(cast(extract("day", day), Integer) - 1)
    active = (
        select(daily_totals.c.user_id, month.label("month"), func.sum(bit.distinct()).label("days"))
        .where(totals, daily_totals.c.completed > 0)
        .group_by(daily_totals.c.user_id, month)
    )
    return gone, insert(active_months).from_select(["user_id", "month", "days"], active)


def _months(days: Iterable[date]) -> list[tuple[date, date]]:
    """First and last day of each month that one of these days lies in."""
    firsts = sorted({day.replace(day=1) for day in days})
    return [(first, first.replace(day=monthrange(first.year, first.month)[1])) for first in firsts]


_user = bindparam("user", type_=Id)
_day, _first, _last = (bindparam(name, type_=Date()) for name in ("day", "first", "last"))
_HOLD = Statement(select(User.id).where(User.id == _user).with_for_update(key_share=True))
_DAY = [
    Statement(each)
    for each in _counting(
        and_(TimeBlock.owner_id == _user, TimeBlock.date == _day),
        and_(daily_totals.c.user_id == _user, daily_totals.c.date == _day),
    )
]
_MONTH = [
    Statement(each)
    for each in _counting_months(
        and_(active_months.c.user_id == _user, active_months.c.month == bindparam("month", type_=Integer())),
        and_(daily_totals.c.user_id == _user, daily_totals.c.date.between(_first, _last)),
    )
]
