"""A user's days: their bounds as instants, which of them an instant lies in, and whose share a stretch is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement

from models.clock import day_start
from models.local_hours import hour_number


class Days:
    """The local days from `first` to `last`, both inclusive."""

    def __init__(self, first: date, last: date, zone_name: str) -> None:
        self.first, self.last, self.zone_name = first, last, zone_name
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

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=number) for number in range(self.count))

    def number_of(self, column: Any) -> ColumnElement[int]:
        """In SQL, 1 for instants of the first day and so on; 0 or less before it, more than `count` after the last."""
        return (hour_number(column, self.first, self.last, self.zone_name) + 24) // 24

    def day(self, number: int) -> date:
        """The day of a number that `number_of` gave."""
        return self.first + timedelta(days=number - 1)

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

