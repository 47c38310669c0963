"""The plan of a run, against a walk through it minute by minute."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from models.cycles import MINUTE, Cycle

cycles = st.builds(
    Cycle,
    focus=st.integers(1, 60),
    short_break=st.integers(0, 20),
    long_break=st.integers(0, 40),
    interval=st.integers(1, 6),
)


def walk(cycle: Cycle, until: int) -> list[tuple[int, int, bool]]:
    """Each part of the plan that begins before a moment: start, end, whether it is a break."""
    parts, moment, number = [], 0, 0
    while moment <= until:
        number += 1
        rest = cycle.long_break if number % cycle.interval == 0 else cycle.short_break
        for length, is_break in ((cycle.focus, False), (rest, True)):
            parts.append((moment, moment + length * MINUTE, is_break))
            moment += length * MINUTE
    return parts


@given(cycles, st.integers(0, 3000 * MINUTE))
def test_counts_agree_with_a_walk(cycle: Cycle, counted: int) -> None:
    parts = walk(cycle, counted)
    assert cycle.pomodoros(counted) == sum(end <= counted for _, end, is_break in parts if not is_break)
    assert cycle.breaks(counted) == sum(end <= counted for _, end, is_break in parts if is_break)
    assert cycle.focus_time(counted) == sum(
        max(0, min(end, counted) - start) for start, end, is_break in parts if not is_break
    )
    inside = [part for part in parts if part[0] <= counted < part[1]]
    start, length, is_break = cycle.phase(counted)
    assert inside == [(start, start + length, is_break)]


@given(cycles, st.integers(0, 2000 * MINUTE), st.integers(0, 600 * MINUTE))
def test_stretches_are_the_focus_between_two_moments(cycle: Cycle, start: int, length: int) -> None:
    stretches = list(cycle.stretches(start, start + length))
    assert sum(b - a for a, b in stretches) == cycle.focus_time(start + length) - cycle.focus_time(start)
    assert all(start <= a < b <= start + length for a, b in stretches)
    assert all(first[1] <= second[0] for first, second in pairwise(stretches))


def test_the_documented_plan_takes_its_breaks() -> None:
    cycle = Cycle(25, 5, 15, 4)
    assert [cycle.pomodoros(minutes * MINUTE) for minutes in (0, 24, 25, 55, 115, 129, 130, 155)] == [
        0, 0, 1, 2, 4, 4, 4, 5,
    ]  # fmt: skip
    assert [cycle.breaks(minutes * MINUTE) for minutes in (25, 29, 30, 115, 129, 130)] == [0, 0, 1, 3, 3, 4]
