"""The timer against a model of it: whatever is done in whatever order, it counts what a plain stopwatch counts."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import time_machine
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from models.db import session
from models.errors import Conflict
from models.focus import FocusSession, hold_timer
from models.stretches import stretches
from models.tasks import Task
from models.users import User
from tests.cast import transaction

_numbers = itertools.count(1)
TASKS = 2
STEPS = ("start", "pause", "resume", "complete")
SPANS = (1, 999_999, 1_000_000, 29_700_000, 59_999_999, 240_000_001, 620_300_000, 1_500_000_000, 1_900_000_000)
"""Microseconds, so that pauses fall within seconds and sessions end at their time, before it and after it."""


class Stopwatch:
    """What should be: one task's state and counted microseconds, told by hand."""

    def __init__(self) -> None:
        self.state = "pending"
        self.session: str | None = None  # running, paused or None
        self.left = 0
        self.counted = 0
        self.whole_before = 0
        self.pomodoros = 0
        self.ended_at: datetime | None = None

    def tick(self, microseconds: int, present: datetime) -> None:
        """Time goes by, from the present moment on."""
        if self.session == "running":
            step = min(microseconds, self.left)
            self.left -= step
            self.counted += step
            if not self.left:
                self.end(present + timedelta(microseconds=step), is_pomodoro=True)

    def end(self, moment: datetime, *, is_pomodoro: bool) -> None:
        self.session = None
        self.ended_at = moment
        self.whole_before += self.counted // 1_000_000
        self.counted = 0
        self.pomodoros += is_pomodoro
        self.state = "in_progress"

    @property
    def seconds(self) -> int:
        return self.whole_before + self.counted // 1_000_000

    def may(self, step: str, is_free: bool) -> bool:
        if step == "start":
            return self.state != "completed" and self.session != "running" and is_free
        if step == "pause":
            return self.session == "running"
        if step == "resume":
            return self.session == "paused" and is_free
        return self.state != "completed"

    def do(self, step: str, minutes: int, present: datetime) -> None:
        if step == "start":
            if self.session == "paused":
                self.end(present, is_pomodoro=False)
            self.session, self.left, self.state = "running", minutes * 60_000_000, "in_progress"
        elif step == "pause":
            self.session = self.state = "paused"
        elif step == "resume":
            self.session, self.state = "running", "in_progress"
        else:
            if self.session:
                self.end(present, is_pomodoro=True)
            self.state = "completed"


class TimerMachine(RuleBasedStateMachine):
    """One user with two tasks; steps, waits and a worker that comes by when it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.traveller = time_machine.travel(datetime(2026, 3, 2, 22, 0, tzinfo=UTC), tick=False)
        self.clock = self.traveller.start()

    @initialize()
    def begin(self) -> None:
        with transaction():
            user = User.register(f"machine{next(_numbers)}@example.com", None)
            self.user_id = user.id
            self.ids = [Task.create(user.id, f"Task {number}").id for number in range(TASKS)]
        self.models = [Stopwatch() for _ in range(TASKS)]
        self.rest = 0
        self.began = datetime.now(UTC)

    def teardown(self) -> None:
        self.traveller.stop()

    @rule(number=st.integers(0, TASKS - 1), minutes=st.integers(1, 30))
    def go_on(self, number: int, minutes: int) -> None:
        """What somebody does who works: start, pause, resume, pause again, one thing at a time."""
        running = [at for at, each in enumerate(self.models) if each.session == "running"]
        number = running[0] if running else number
        follows = {"running": "pause", "paused": "resume", None: "start"}
        self.step(number, follows[self.models[number].session], minutes)

    @rule(number=st.integers(0, TASKS - 1), step=st.sampled_from(STEPS[:3]), minutes=st.integers(1, 30))
    def whatever(self, number: int, step: str, minutes: int) -> None:
        """A step in order or out of it."""
        self.step(number, step, minutes)

    @precondition(lambda self: any(each.seconds for each in self.models))
    @rule(number=st.integers(0, TASKS - 1))
    def finish(self, number: int) -> None:
        """Complete a task, and write down another one where that was the first time."""
        model = self.models[number]
        was_open = model.state != "completed"
        self.step(number, "complete", 0)
        if was_open and model.seconds > 60:
            self.everything_agrees()
            with transaction():
                self.ids[number] = Task.create(self.user_id, "Another").id
            self.models[number] = Stopwatch()

    def step(self, number: int, step: str, minutes: int) -> None:
        """One of the documents' verbs, which passes exactly when the model says so."""
        model = self.models[number]
        is_free = not self.rest and not any(each.session == "running" for each in self.models)
        passed = True
        try:
            with transaction():
                task = Task.hold(self.user_id, self.ids[number])
                if step == "start":
                    task.start(minutes)
                else:
                    getattr(task, step)()
        except Conflict:
            passed = False
        assert passed == model.may(step, is_free), (step, model.state, model.session)
        if passed:
            model.do(step, minutes, datetime.now(UTC))

    @rule()
    def take_a_break(self) -> None:
        is_free = not self.rest and not any(each.session == "running" for each in self.models)
        passed = True
        try:
            with transaction():
                FocusSession.start_break(session.get_one(User, self.user_id), "short")
        except Conflict:
            passed = False
        assert passed == is_free
        if passed:
            self.rest = 300_000_000

    @rule(span=st.one_of(st.sampled_from(SPANS), st.integers(0, 7_200_000_000)))
    def wait(self, span: int) -> None:
        """Microseconds go by."""
        present = datetime.now(UTC)
        self.clock.shift(timedelta(microseconds=span))
        self.rest = max(0, self.rest - span)
        for model in self.models:
            model.tick(span, present)

    @rule()
    def worker_comes_by(self) -> None:
        with transaction():
            hold_timer(self.user_id)

    @invariant()
    def everything_agrees(self) -> None:
        if not hasattr(self, "models"):
            return
        with transaction():
            hold_timer(self.user_id)
            for id, model in zip(self.ids, self.models, strict=True):
                task = Task.of(self.user_id, id)
                open_session = task.open_session()
                live = 0
                if open_session is not None and open_session.running_since is not None:
                    live = open_session.read().elapsed_seconds - open_session.counted_us // 1_000_000
                assert (task.status, task.pomodoros) == (model.state, model.pomodoros)
                assert task.focus_seconds + live == model.seconds
                ended = session.scalar(select(func.max(FocusSession.ended_at)).where(FocusSession.task_id == id))
                assert ended == model.ended_at
            running = session.scalar(
                select(func.count()).where(
                    FocusSession.owner_id == self.user_id, FocusSession.running_since.is_not(None)
                )
            )
            assert running <= 1
            banked = session.scalar(
                select(func.coalesce(func.sum(stretches.c.seconds), 0)).where(stretches.c.owner_id == self.user_id)
            )
            of_tasks = session.scalar(select(func.sum(Task.focus_seconds)).where(Task.owner_id == self.user_id))
            assert banked == of_tasks
            assert of_tasks <= (datetime.now(UTC) - self.began).total_seconds()
            _no_overlap(self.user_id)


def _no_overlap(user_id: int) -> None:
    """No moment is counted twice."""
    rows = session.execute(
        select(stretches.c.started_at, stretches.c.ended_at)
        .where(stretches.c.owner_id == user_id)
        .order_by(stretches.c.started_at)
    ).all()
    for first, second in itertools.pairwise(rows):
        assert first.ended_at <= second.started_at


def test_the_timer_does_what_a_stopwatch_would() -> None:
    run_state_machine_as_test(
        TimerMachine,
        settings=settings(
            max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
