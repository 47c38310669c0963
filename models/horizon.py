"""How far ahead series are laid out: always some way, by the worker; farther when somebody looks there."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_, select

from models import db
from models.clock import today
from models.db import Record, session
from models.series import AHEAD, FARTHEST, BlockSeries
from models.users import User

_WORKER_MAY_LAG = timedelta(days=31)


def look_ahead(who: Record, last: date) -> None:
    """Lay out a user's series as far as he looks, in a reading transaction. Near days are always there."""
    day = today(who.timezone)
    last = min(last, day + FARTHEST)
    if last <= day + AHEAD - _WORKER_MAY_LAG:
        return
    if session.scalar(select(BlockSeries.id).where(*_due(who.id, last)).limit(1)) is None:
        return
    with db.writing():
        lay_out_all(who.id, last)


def lay_out_all(user_id: int, until: date | None = None) -> int:
    """Lay out a user's series, by default as far as always; returns how many there were to do."""
    owner = session.get_one(User, user_id)
    owner.lock()
    wanted = _due(user_id, until or today(owner.timezone) + AHEAD)
    due = session.scalars(select(BlockSeries).where(*wanted).execution_options(populate_existing=True)).all()
    for series in due:
        series.lay_out(owner, until)
    return len(due)


def owners_of_due_series(until: date, after: int, limit: int) -> list[int]:
    """Whose series are not laid out up to a day, by rising id after `after`."""
    return list(
        session.scalars(
            select(BlockSeries.owner_id)
            .join(User, User.id == BlockSeries.owner_id)
            .where(BlockSeries.laid_out_until < until, _GOES_ON, User.deleted_at.is_(None), User.id > after)
            .distinct()
            .order_by(BlockSeries.owner_id)
            .limit(limit)
        )
    )


_GOES_ON = or_(BlockSeries.ends_on.is_(None), BlockSeries.ends_on > BlockSeries.laid_out_until)


def _due(user_id: int, until: date) -> tuple[Any, ...]:
    return BlockSeries.owner_id == user_id, BlockSeries.laid_out_until < until, _GOES_ON

