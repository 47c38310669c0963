"""The plan of a run: pomodoros with short breaks between them, and a long break after every few."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MINUTE = 60_000_000
"""A minute in microseconds, the unit in which time is counted."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """Lengths in minutes; after `interval` pomodoros comes a long break, after each other one a short break."""

    focus: int = 25
    short_break: int = 5
    long_break: int = 15
    interval: int = 4

    def pomodoros(self, counted: int) -> int:
        """How many pomodoros are over after so many counted microseconds."""
        rounds, rest = divmod(counted, self._round)
        finished = (rest + self.short_break * MINUTE) // self._step
        return rounds * self.interval + min(self.interval, finished)

    def breaks(self, counted: int) -> int:
        """How many breaks are over."""
        rounds, rest = divmod(counted, self._round)
        return rounds * self.interval + min(self.interval - 1, rest // self._step)

    def focus_time(self, counted: int) -> int:
        """How much of the counted time was focus, in microseconds."""
        rounds, rest = divmod(counted, self._round)
        steps, inside = divmod(rest, self._step)
        length = self.focus * MINUTE
        within = min(self.interval * length, steps * length + min(inside, length))
        return rounds * self.interval * length + within

    def stretches(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The stretches of focus between two moments of counted time, in order."""
        length = self.focus * MINUTE
        moment = start
        while moment < end:
            rounds, rest = divmod(moment, self._round)
            number, inside = divmod(rest, self._step)
            if number >= self.interval or (number == self.interval - 1 and inside >= length):
                moment = (rounds + 1) * self._round  # the long break
            elif inside >= length:
                moment += self._step - inside  # a short break
            else:
                until = min(end, moment + length - inside)
                yield moment, until
                moment = until

    def phase(self, counted: int) -> tuple[int, int, bool]:
        """What one is in after so many counted microseconds: its start, its length, and whether it is a break."""
        rounds, rest = divmod(counted, self._round)
        number, inside = divmod(rest, self._step)
        start, length = rounds * self._round, self.focus * MINUTE
        if number < self.interval and inside < length:
            return start + number * self._step, length, False
        if number < self.interval - 1:
            return start + number * self._step + length, self.short_break * MINUTE, True
        return start + (self.interval - 1) * self._step + length, self.long_break * MINUTE, True

    @property
    def _step(self) -> int:
        return (self.focus + self.short_break) * MINUTE

    @property
    def _round(self) -> int:
        pauses = (self.interval - 1) * self.short_break + self.long_break
        return (self.interval * self.focus + pauses) * MINUTE
