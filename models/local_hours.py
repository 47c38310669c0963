"""Hours of a place's wall clock in SQL: which hour of a span of days an instant lies in.

The zone's changes in the span are written into the statement, so the database's own idea of zones is never asked, and
zones that stand 45 minutes off are right as well.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, case, cast, func, literal

from models.clock import zone
from settings import settings

_EPOCH = date(1970, 1, 1)
_DAY = timedelta(days=1)


def hour_number(column: Any, first: date, last: date, zone_name: str) -> ColumnElement[int]:
    """In SQL: 0 for instants in the first hour of the day `first`, and so on; negative for those before it."""
    offset, changes = _offsets(first - _DAY, last + _DAY, zone_name)
    shift: ColumnElement[int] = literal(offset)
    if changes:
        spans = []
        for moment, following in changes:
            spans.append((column < moment, literal(offset)))
            offset = following
        shift = case(*spans, else_=literal(offset))
    return (_seconds(column) + shift) // literal(3600) - (first - _EPOCH).days * 24


def _seconds(column: Any) -> ColumnElement[int]:
    """Unix time of an instant, in SQL."""
    if settings.on_sqlite:
        return cast(func.strftime("%s", column), Integer)
    return cast(func.floor(func.date_part("epoch", column)), BigInteger)  # a double; `extract` counts in slow decimals


@lru_cache(maxsize=256)
def _offsets(first: date, last: date, zone_name: str) -> tuple[int, tuple[tuple[datetime, int], ...]]:
    """The offset from UTC at the start in seconds, and each moment at which it becomes another."""
    place = zone(zone_name)

    def offset(moment: datetime) -> int:
        return int((moment.astimezone(place).utcoffset() or timedelta()).total_seconds())

    moment, end = datetime.combine(first, time.min, UTC), datetime.combine(last + _DAY, time.min, UTC)
    began = present = offset(moment)
    changes = []
    while moment < end:
        following = moment + _DAY
        if offset(following) != present:
            low, high = moment, following
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                low, high = (middle, high) if offset(middle) == present else (low, middle)
            change = high.replace(microsecond=0)
            present = offset(following)
            changes.append((change, present))
        moment = following
    return began, tuple(changes)
