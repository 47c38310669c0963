"""A user's days in SQL: which day of a span an instant lies in, by the bounds that the one clock gives.

The database's own idea of time zones is never asked, so both databases and Python agree on every midnight.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, event, func
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

from models.clock import day_start
from models.db import engine
from settings import settings

_STORED = "%Y-%m-%d %H:%M:%S.%f"
"""How SQLite keeps an instant."""


class Days:
    """The local days from `first` to `last`, both inclusive."""

    def __init__(self, first: date, last: date, zone_name: str) -> None:
        self.first, self.last = first, last
        self.count = (last - first).days + 1
        starts: list[datetime] = []
        for year in range(first.year, last.year + 2):
            starts += _starts(year, zone_name)
        skipped = (first - date(first.year, 1, 1)).days
        self.bounds = starts[skipped : skipped + self.count + 1]

    @property
    def start(self) -> datetime:
        """The first instant."""
        return self.bounds[0]

    @property
    def end(self) -> datetime:
        """The first instant after the last day."""
        return self.bounds[-1]

    def __iter__(self) -> Any:
        return (self.first + timedelta(days=number) for number in range(self.count))

    def day(self, number: int) -> date:
        """The day of a number that `number_of` gave."""
        return self.first + timedelta(days=number - 1)

    def number_of(self, column: Any) -> ColumnElement[int]:
        """In SQL, 1 for instants of the first day and so on; 0 before it, `count` + 1 after the last."""
        if settings.on_sqlite:
            texts = json.dumps([bound.astimezone(UTC).strftime(_STORED) for bound in self.bounds])
            return func.day_number(column, texts, type_=Integer)
        return func.width_bucket(column, cast(self.bounds, ARRAY(TIMESTAMP(timezone=True))), type_=Integer)

    def split(self, start: datetime, end: datetime, seconds: int) -> list[tuple[date, int]]:
        """The whole seconds of a stretch, shared out over the days that it lies in; what lies outside is left out."""
        shares: list[tuple[date, int]] = []
        given = 0
        number = bisect_right(self.bounds, start)
        while True:
            until = self.bounds[number] if number < len(self.bounds) else end
            passed = seconds if until >= end else min(seconds, max(0, (until - start) // timedelta(seconds=1)))
            if passed > given and 1 <= number <= self.count:
                shares.append((self.day(number), passed - given))
            given = passed
            if until >= end:
                return shares
            number += 1


@lru_cache(maxsize=512)
def _starts(year: int, zone_name: str) -> Sequence[datetime]:
    """The first instant of each day of a year."""
    first = date(year, 1, 1)
    length = (date(year + 1, 1, 1) - first).days
    return [day_start(first + timedelta(days=number), zone_name) for number in range(length)]


@lru_cache(maxsize=64)
def _parsed(texts: str) -> list[str]:
    found: list[str] = json.loads(texts)
    return found


def _day_number(moment: str | None, texts: str) -> int | None:
    return None if moment is None else bisect_right(_parsed(texts), moment)


if settings.on_sqlite:

    @event.listens_for(engine, "connect")
    def _teach_sqlite(connection: Any, _record: Any) -> None:
        connection.create_function("day_number", 2, _day_number, deterministic=True)
