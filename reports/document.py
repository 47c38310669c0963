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
    """One column. `width` is its share of a page; hours and percents come as floats, moments as UTC instants.

    `longest` is what a page must not cut, where a text column has few values that are known.
    """

    title: str
    kind: Kind = "text"
    width: float = 1.0
    longest: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns. The rows are read once and may be very many; `total` is one more that sums them up."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Row]
    total: Row | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """A bar for each label; `unit` says what is counted."""

    title: str
    unit: str
    labels: Sequence[str]
    values: Sequence[float]

    @property
    def is_of_days(self) -> bool:
        """Whether the labels are days, which stand in a row, and not names, which lie below each other."""
        return bool(self.labels) and self.labels[0][:4].isdigit() and self.labels[0][4:5] == "-"


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
