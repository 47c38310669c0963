"""An organisation's days: always the sum of the stretches, whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from models import db
from models.stretches import stretches
from models.team_days import _split, team_days
from tests.cast import Person, transaction
from tests.web.focusflow.conftest import Clock, do, held_clock, register, task, work
from tests.web.focusflow.crew import Team, at_v2
from workers.team_days import recount_moved

ZONES = ("UTC", "America/New_York", "Asia/Kathmandu", "Africa/Cairo", "America/Santiago", "Australia/Lord_Howe")


@pytest.fixture
def clock() -> Any:
    with held_clock(datetime(2026, 3, 2, 10, 0, tzinfo=UTC)) as clock:
        yield clock


@pytest.fixture
def meet(front: Any, clock: Clock) -> Callable[..., Person]:
    return lambda name, **profile: register(front, name, lasts=True, **profile)


def stored(team: Team) -> dict[tuple[int, date], tuple[int, int]]:
    with transaction(reading=True):
        chosen = select(team_days).where(team_days.c.organization_id == team.id)
        return {(row.user_id, row.day): (row.seconds, row.hours) for row in db.session.execute(chosen)}


def recounted(team: Team, zone: str) -> dict[tuple[int, date], tuple[int, int]]:
    """The same, second by second."""
    found: dict[tuple[int, date], list[Any]] = {}
    with transaction(reading=True):
        rows = list(db.session.execute(select(stretches).where(stretches.c.organization_id == team.id)))
    for row in rows:
        for second in range(row.seconds):
            here = (row.started_at + timedelta(seconds=second)).astimezone(ZoneInfo(zone))
            day = found.setdefault((row.owner_id, here.date()), [0, 0])
            day[0], day[1] = day[0] + 1, day[1] | 1 << here.hour
    return {place: (seconds, hours) for place, (seconds, hours) in found.items()}


def test_the_days_are_the_sum_of_the_stretches(alice: Person, bob: Person, clock: Clock) -> None:
    team = Team(alice, timezone="Asia/Kathmandu")
    team.take_in(bob)
    made = task(alice)
    team.assign(made, bob)
    for _ in range(12):
        work(bob, clock, 5000, made)
        clock.wait(hours=3)
    do(bob, "start", made, pomodoro_duration=240)
    clock.wait(minutes=70)
    do(bob, "pause", made)
    clock.wait(hours=5)
    do(bob, "resume", made)
    clock.wait(minutes=31)
    do(bob, "complete", made)
    assert stored(team) == recounted(team, "Asia/Kathmandu")


def test_removing_a_session_takes_its_time_out_again(alice: Person, bob: Person, clock: Clock) -> None:
    from models.focus import FocusSession

    team = Team(alice)
    team.take_in(bob)
    made = task(alice)
    team.assign(made, bob)
    work(bob, clock, 1000, made)
    session = do(bob, "start", made, pomodoro_duration=240)["pomodoro_session"]
    clock.wait(hours=2)
    bob.post(f"/pomodoro/sessions/{session['id']}/complete/")
    with transaction():
        FocusSession.hold(bob.data["id"], session["id"]).delete()
    assert stored(team) == recounted(team, "UTC") and sum(seconds for seconds, _ in stored(team).values()) == 1000


def test_a_move_to_another_zone_counts_the_days_anew(alice: Person, bob: Person, clock: Clock) -> None:
    team = Team(alice)
    team.take_in(bob)
    made = task(alice)
    team.assign(made, bob)
    for _ in range(8):
        work(bob, clock, 4000, made)
        clock.wait(hours=2)
    assert at_v2(alice).patch(team.path(), {"timezone": "America/New_York"}).status_code == 200
    assert recount_moved() >= 1
    assert stored(team) == recounted(team, "America/New_York")
    assert recount_moved() == 0


@given(
    start=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001
    seconds=st.integers(1, 14400),
    zone=st.sampled_from(ZONES),
)
def test_a_stretch_is_split_as_the_wall_clock_goes(start: datetime, seconds: int, zone: str) -> None:
    start = start.replace(microsecond=0)
    parts: dict[date, tuple[int, int]] = {}
    for day, share, hours in _split(start, start + timedelta(seconds=seconds), seconds, zone):
        parts[day] = (parts.get(day, (0, 0))[0] + share, parts.get(day, (0, 0))[1] | hours)
    wanted: dict[date, tuple[int, int]] = {}
    for second in range(seconds):
        here = (start + timedelta(seconds=second)).astimezone(ZoneInfo(zone))
        before = wanted.get(here.date(), (0, 0))
        wanted[here.date()] = (before[0] + 1, before[1] | 1 << here.hour)
    assert parts == wanted
