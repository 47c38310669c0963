"""Days whose statistics are no longer what the blocks say.

A log, written by the transaction that changes a block. Whoever counts anew takes the rows that he sees and then looks
at the blocks; a change that is not committed yet keeps its row, so no change can fall between the two. Rows are never
updated, so a change waits for nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Column, Date, Exists, ForeignKey, Table, bindparam, delete, exists, insert, select

from models.db import Base, Id, session
from models.statements import Statement

dirty_days = Table(
    "dirty_days",
    Base.metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("date", Date, nullable=False),
)


def mark_days(user_id: int, days: Iterable[date]) -> None:
    """Have a user's days counted anew."""
    for day in sorted(set(days)):
        _MARK.rows(user=user_id, day=day)


_MARK = Statement(insert(dirty_days).values(user_id=bindparam("user"), date=bindparam("day")).inline())


def take_days(user_id: int) -> set[date]:
    """The days to count anew; whoever takes them must count them in the same transaction."""
    taken = session.execute(delete(dirty_days).where(dirty_days.c.user_id == user_id).returning(dirty_days.c.date))
    return set(taken.scalars())


def has_dirty_days(user_id: int) -> Exists:
    """Whether a user has days to count anew, as a part of a statement."""
    return exists().where(dirty_days.c.user_id == user_id)


def users_with_dirty_days(limit: int) -> list[int]:
    """Whose statistics wait, in the order of their ids."""
    waiting = select(dirty_days.c.user_id).distinct().order_by(dirty_days.c.user_id).limit(limit)
    return list(session.scalars(waiting))
