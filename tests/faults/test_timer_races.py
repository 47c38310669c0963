"""The timer under many hands: one session runs, one step of each kind passes, and no time is made up."""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from models.db import session
from models.focus import FocusSession
from models.stretches import stretches
from tests.cast import Front, Person, transaction
from tests.parallel import at_once
from tests.web.focusflow.conftest import details, do, register, task

HANDS = 20
ROUNDS, CLIENTS, STEPS = 100, 4, 6


@pytest.fixture
def alice(front: Front) -> Person:
    return register(front, "alice")


def step(person: Person, path: str) -> Callable[[], int]:
    return lambda: person.post(path).status_code


def running(person: Person) -> int:
    with transaction(reading=True):
        return session.scalar(
            select(func.count()).where(FocusSession.owner_id == person.id, FocusSession.running_since.is_not(None))
        )


def test_of_twenty_starts_one_passes(alice: Person) -> None:
    made = task(alice)
    answers = at_once(*[step(alice, f"/tasks/{made['id']}/start/")] * HANDS)
    assert Counter(answers) == {200: 1, 409: HANDS - 1}
    assert running(alice) == 1
    assert len(details(alice, made)["pomodoro_sessions"]) == 1


def test_of_twenty_starts_of_different_tasks_one_passes(alice: Person) -> None:
    made = [task(alice, f"Task {number}") for number in range(HANDS)]
    answers = at_once(*[step(alice, f"/tasks/{each['id']}/start/") for each in made])
    assert Counter(answers) == {200: 1, 409: HANDS - 1}
    assert running(alice) == 1


@pytest.mark.parametrize("verb", ["pause", "resume", "complete"])
def test_of_twenty_steps_one_passes(alice: Person, verb: str) -> None:
    made = task(alice)
    do(alice, "start", made)
    if verb == "resume":
        do(alice, "pause", made)
    answers = at_once(*[step(alice, f"/tasks/{made['id']}/{verb}/")] * HANDS)
    assert Counter(answers) == {200: 1, 409: HANDS - 1}


def test_of_twenty_breaks_one_passes(alice: Person) -> None:
    answers = at_once(*[step(alice, "/pomodoro/break/start/")] * HANDS)
    assert Counter(answers) == {201: 1, 409: HANDS - 1}


def test_of_twenty_completions_of_a_session_one_passes(alice: Person) -> None:
    made = task(alice)
    id = do(alice, "start", made)["pomodoro_session"]["id"]
    answers = at_once(*[step(alice, f"/pomodoro/sessions/{id}/complete/")] * HANDS)
    assert Counter(answers) == {200: 1, 409: HANDS - 1}
    assert details(alice, made)["completed_pomodoros"] == 1


@pytest.mark.timeout(300)
def test_a_hundred_interleavings_of_four_clients_make_nothing_up(front: Front) -> None:
    chance = random.Random(20260302)
    person: Person | None = None
    for number in range(ROUNDS):
        if person is None or number % 2 == 0:  # within the documented hundred requests a minute
            person = register(front, "many")
        began = time.monotonic()
        made = task(person)
        plans = [
            [chance.choice(("start", "pause", "resume", "pause", "resume", "complete")) for _ in range(STEPS)]
            for _ in range(CLIENTS)
        ]
        answers = at_once(*[_client(person, made, plan) for plan in plans])
        passed: Counter = Counter()
        for status, verb in (pair for each in answers for pair in each):
            assert status in (200, 409), (number, verb, status)
            passed[verb] += status == 200
        assert passed["complete"] <= 1
        assert passed["resume"] <= passed["pause"] <= passed["start"] + passed["resume"] <= passed["pause"] + 1
        assert running(person) <= 1
        shown = details(person, made)
        assert shown["total_focus_seconds"] <= time.monotonic() - began + 1
        if shown["status"] != "completed":
            do(person, "complete", made)
    _no_moment_is_counted_twice(person)


def _client(person: Person, made: dict, plan: list[str]) -> Callable[[], list[tuple[int, str]]]:
    return lambda: [(person.post(f"/tasks/{made['id']}/{verb}/").status_code, verb) for verb in plan]


def _no_moment_is_counted_twice(person: Person | None) -> None:
    assert person is not None
    with transaction(reading=True):
        rows = session.execute(
            select(stretches.c.started_at, stretches.c.ended_at)
            .where(stretches.c.owner_id == person.id)
            .order_by(stretches.c.started_at)
        ).all()
    for first, second in itertools.pairwise(rows):
        assert first.ended_at <= second.started_at
