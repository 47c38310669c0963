"""Sessions are closed when their time is up, whether a client is there or not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from models.cycles import Cycle
from models.db import session
from models.focus import FocusSession
from models.live import LiveEvent
from models.tasks import Task
from models.users import User
from settings import settings
from tests.cast import transaction
from workers.focus import close_overdue
from workers.schedule import TICKS

START = datetime(2046, 3, 2, 10, 0, tzinfo=UTC)
"""Long after anything that another test left running."""


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as traveller:
        with transaction():
            while close_overdue():
                pass
        yield traveller


def somebody(name: str) -> tuple[int, int]:
    """A user and a task of his."""
    with transaction():
        user = User.register(f"{name}@focus-worker.example.com", None)
        return user.id, Task.create(user.id, name).id


def events(user_id: int) -> list[tuple[str, dict]]:
    with transaction(reading=True):
        chosen = select(LiveEvent.kind, LiveEvent.data).where(LiveEvent.user_id == user_id).order_by(LiveEvent.id)
        return [tuple(row) for row in session.execute(chosen)]


def test_a_session_whose_time_is_up_is_closed_and_told(clock: time_machine.Traveller) -> None:
    user, id = somebody("up")
    with transaction():
        began = Task.hold(user, id).start(25).id
    clock.shift(timedelta(minutes=24, seconds=59))
    with transaction():
        assert close_overdue() == 0
    clock.shift(timedelta(seconds=2))
    with transaction():
        assert close_overdue() == 1
    assert events(user)[-1] == (
        "pomodoro_completed",
        {"session_id": began, "task_id": id, "completed_at": "2046-03-02T10:25:00Z", "play_sound": True},
    )
    with transaction():
        assert close_overdue() == 0
    assert [kind for kind, _ in events(user)] == ["task_started", "pomodoro_completed"]


def test_the_tick_comes_often_enough_to_be_within_two_seconds() -> None:
    assert TICKS["close_sessions"] <= 1


def test_a_forgotten_run_is_paused_at_its_hours(clock: time_machine.Traveller) -> None:
    user, _ = somebody("run")
    with transaction():
        began = FocusSession.start_run(user, Cycle()).id
    clock.shift(timedelta(hours=settings.focus_run_hours + 5))
    with transaction():
        assert close_overdue() == 1
    with transaction(reading=True):
        run = FocusSession.of(user, began)
        assert run.paused_at == START + timedelta(hours=settings.focus_run_hours)
        assert run.read().elapsed_seconds == settings.focus_run_hours * 3600
        assert run.ended_at is None
    with transaction():
        FocusSession.hold(user, began).resume()
        assert close_overdue() == 0


def test_many_are_closed_in_bounded_steps_and_the_longest_waiting_first(clock: time_machine.Traveller) -> None:
    everybody = [somebody(f"many{number}") for number in range(7)]
    for user, id in everybody:
        with transaction():
            Task.hold(user, id).start(25)
        clock.shift(timedelta(seconds=1))
    clock.shift(timedelta(hours=1))
    closed = []
    while True:
        with transaction():
            count = close_overdue(limit=3)
        if not count:
            break
        closed.append(count)
    assert closed == [3, 3, 1]
    for user, id in everybody:
        with transaction(reading=True):
            assert (Task.of(user, id).focus_seconds, Task.of(user, id).pomodoros) == (1500, 1)
