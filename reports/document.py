"""What a report says, whatever file it becomes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

Kind = Literal["text", "count", "hours", "percent", "day", "moment"]
Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `width` is its share of a page; hours and percents come as floats, moments as UTC instants."""

    title: str
    kind: Kind = "text"
    width: float = 1.0


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns. The rows are read once and may be very many."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Row]


@dataclass(frozen=True, slots=True)
class Chart:
    """A bar for each label; `unit` says what is counted."""

    title: str
    unit: str
    labels: Sequence[str]
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Report:
    """Figures first, then charts and small tables, then the one table that may be long."""

    title: str
    organization: str
    first: date
    last: date
    zone: str
    made_at: datetime
    main: Table
    facts: Sequence[tuple[str, str]] = ()
    charts: Sequence[Chart] = ()
    summaries: Sequence[Table] = field(default_factory=tuple)

    @property
    def period(self) -> str:
        return f"{self.first} to {self.last}" if self.first != self.last else str(self.first)
