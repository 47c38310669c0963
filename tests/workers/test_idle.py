"""Idle alerts: within working hours, once for each pause, of employees alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from models.db import session
from models.live import LiveEvent
from tests.cast import Person, transaction
from tests.web.focusflow.conftest import Clock, do, held_clock, register, task, work
from tests.web.focusflow.crew import Team, at_v2
from workers.idle import watch


@pytest.fixture
def clock() -> Any:
    """Monday 2 March 2026, 09:00 UTC, when work begins."""
    with held_clock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) as clock:
        yield clock


@pytest.fixture
def meet(front: Any, clock: Clock) -> Callable[..., Person]:
    return lambda name, **profile: register(front, name, lasts=True, **profile)


def heard(person: Person) -> list[dict[str, Any]]:
    """The idle alerts that somebody was told."""
    with transaction(reading=True):
        chosen = select(LiveEvent.data).where(LiveEvent.user_id == person.data["id"], LiveEvent.kind == "employee_idle")
        return list(session.scalars(chosen.order_by(LiveEvent.id)))


def test_who_has_not_begun_after_three_quarters_of_an_hour_is_idle(alice: Person, bob: Person, clock: Clock) -> None:
    team = Team(alice)
    team.take_in(bob)
    clock.wait(minutes=44)
    watch()
    assert heard(alice) == []
    clock.wait(minutes=1)
    watch()
    assert heard(alice) == [
        {
            "user": {"id": bob.data["id"], "username": bob.data["username"], "first_name": "Bob"},
            "idle_since": "2026-03-02T09:00:00Z",
            "idle_duration_minutes": 45,
        }
    ]
    assert heard(bob) == []


def test_a_pause_is_told_once_and_the_next_one_again(alice: Person, bob: Person, clock: Clock) -> None:
    team = Team(alice)
    team.take_in(bob)
    made = task(alice)
    team.assign(made, bob)
    clock.wait(minutes=50)
    for _ in range(3):
        watch()
        clock.wait(minutes=1)
    work(bob, clock, 600, made)
    clock.wait(minutes=50)
    for _ in range(3):
        watch()
    assert [each["idle_since"] for each in heard(alice)] == ["2026-03-02T09:00:00Z", "2026-03-02T10:03:00Z"]


def test_nobody_is_idle_while_his_clock_runs(alice: Person, bob: Person, clock: Clock) -> None:
    team = Team(alice)
    team.take_in(bob)
    made = task(alice)
    team.assign(made, bob)
    do(bob, "start", made, pomodoro_duration=240)
    clock.wait(minutes=90)
    watch()
    assert heard(alice) == []
    do(bob, "pause", made)
    clock.wait(minutes=50)
    watch()
    assert [each["idle_since"] for each in heard(alice)] == ["2026-03-02T10:30:00Z"]


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 2, 8, 59, tzinfo=UTC),
        datetime(2026, 3, 2, 17, 0, tzinfo=UTC),
        datetime(2026, 3, 2, 23, tzinfo=UTC),
        datetime(2026, 3, 7, 12, tzinfo=UTC),
        datetime(2026, 3, 8, 12, tzinfo=UTC),
    ],
)
def test_nobody_is_idle_outside_of_working_hours(alice: Person, bob: Person, clock: Clock, moment: datetime) -> None:
    team = Team(alice)
    team.take_in(bob)
    clock.set(moment)
    watch()
    assert heard(alice) == []


def test_working_hours_are_the_teams(alice: Person, bob: Person, clock: Clock) -> None:
    team = Team(alice, timezone="Asia/Kathmandu")
    at_v2(alice).patch(team.path(), {"working_days": [7]})
    team.take_in(bob)
    clock.set(datetime(2026, 3, 8, 4, 30, tzinfo=UTC))  # Sunday, 10:15 there
    watch()
    assert [each["idle_since"] for each in heard(alice)] == ["2026-03-08T03:15:00Z"]


def test_managers_who_left_or_are_idle_themselves_are_left_alone(
    alice: Person, bob: Person, charlie: Person, clock: Clock
) -> None:
    team = Team(alice)
    team.take_in(bob, "manager"), team.take_in(charlie)
    team.remove(charlie)
    clock.wait(minutes=60)
    watch()
    assert heard(alice) == heard(bob) == []


def test_who_joins_late_is_given_his_time(alice: Person, bob: Person, clock: Clock) -> None:
    team = Team(alice)
    clock.wait(hours=2)
    team.take_in(bob)
    clock.wait(minutes=40)
    watch()
    assert heard(alice) == []
    clock.wait(minutes=5)
    watch()
    assert [each["idle_since"] for each in heard(alice)] == ["2026-03-02T11:00:00Z"]
