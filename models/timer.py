"""What a session's clock shows at a moment. Rows and objects of a session are read alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from models.clock import now
from models.cycles import MINUTE, Cycle

SECOND = 1_000_000
"""In microseconds, the unit in which time is counted."""
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """A clock that was read. `worked_us` is never less than an earlier reading, and never more than planned."""

    worked_us: int
    planned_seconds: int | None
    cycle: Cycle | None
    is_break: bool

    @property
    def elapsed_seconds(self) -> int:
        """Whole seconds counted, of a run with its breaks."""
        return self.worked_us // SECOND

    @property
    def focus_seconds(self) -> int:
        """Whole seconds of focus among those counted."""
        if self.is_break:
            return 0
        return (self.worked_us if self.cycle is None else self.cycle.focus_time(self.worked_us)) // SECOND

    @property
    def remaining_seconds(self) -> int:
        """Seconds left of the planned length, so that with those elapsed they make the whole; of a run 0."""
        return 0 if self.planned_seconds is None else self.planned_seconds - self.elapsed_seconds

    @property
    def duration_minutes(self) -> int:
        """The planned length; of a run that of one of its pomodoros."""
        if self.cycle is not None:
            return self.cycle.focus
        return (self.planned_seconds or 0) // 60

    @property
    def phase(self) -> Reading:
        """Of a run the pomodoro or break that it is in, as a clock of its own; else the session itself."""
        if self.cycle is None:
            return self
        start, length, is_break = self.cycle.phase(self.worked_us)
        return Reading(self.worked_us - start, length // MINUTE * 60, None, is_break)


def cycle_of(row: Any) -> Cycle | None:
    """The plan of a run; None for a pomodoro or a break."""
    if row.cycle_focus is None:
        return None
    return Cycle(row.cycle_focus, row.cycle_short_break or 0, row.cycle_long_break or 0, row.cycle_interval or 1)


def worked_us(row: Any, moment: datetime | None = None) -> int:
    """Microseconds that a session has counted up to a moment, now where none is given."""
    if row.running_since is None or row.ends_at is None:
        return row.counted_us or 0
    until = min(moment or now(), row.ends_at)
    return row.counted_us + max(0, (until - row.running_since) // _TICK)


def read_clock(row: Any, moment: datetime | None = None) -> Reading:
    """Read a session's clock at a moment, now where none is given."""
    worked = worked_us(row, moment)
    if row.planned_seconds is not None:
        worked = min(worked, row.planned_seconds * SECOND)
    return Reading(worked, row.planned_seconds, cycle_of(row), row.kind != "focus")
