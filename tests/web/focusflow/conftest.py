"""Alice, Bob and Charlie at FocusFlow's door, and the steps that many stories share."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from tests.cast import PASSWORD, Front, Person

BASE = "/focusflow/api/v1"
_numbers = itertools.count(1)


def register(front: Front, name: str, *, lasts: bool = False, **profile: Any) -> Person:
    """A new account at FocusFlow; its home address differs from those of others.

    With `lasts` he calls with a personal token, which no leap of the clock makes invalid.
    """
    number = next(_numbers)
    email = f"{name}-f{number}@example.com"
    body = {"email": email, "username": f"{name}{number}f", "password": PASSWORD, "first_name": name.title(), **profile}
    home = Front(f"127.201.{number // 250 % 250}.{number % 250 + 1}")
    answer = home.call("POST", f"{BASE}/auth/register/", body)
    assert answer.status_code == 201, answer.text
    person = Person(front, BASE, answer.json["tokens"]["access"], email, answer.json)
    if lasts:
        person.token = person.post("/auth/api-keys/", {"name": "test"}).json["key"]
    return person


@pytest.fixture
def meet(front: Front, request: pytest.FixtureRequest) -> Callable[..., Person]:
    """Somebody new at FocusFlow; where a test holds the clock it is held before anybody registers."""
    lasts = "clock" in request.fixturenames
    if lasts:
        request.getfixturevalue("clock")
    return lambda name, **profile: register(front, name, lasts=lasts, **profile)


def project(person: Person, name: str = "Personal Development", **more: Any) -> dict[str, Any]:
    answer = person.post("/projects/", {"name": name, **more})
    assert answer.status_code == 201, answer.text
    return answer.json


def task(person: Person, title: str = "Write blog post", **more: Any) -> dict[str, Any]:
    answer = person.post("/tasks/", {"title": title, **more})
    assert answer.status_code == 201, answer.text
    return answer.json


def do(person: Person, verb: str, made: dict[str, Any], expect: int = 200, **body: Any) -> dict[str, Any]:
    """One of a task's verbs."""
    answer = person.post(f"/tasks/{made['id']}/{verb}/", body or None)
    assert answer.status_code == expect, answer.text
    return answer.json


def details(person: Person, made: dict[str, Any]) -> dict[str, Any]:
    return person.get(f"/tasks/{made['id']}/").json


class Clock:
    """The one clock, held: it moves only when a test moves it."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller

    def wait(self, **span: float) -> None:
        self._traveller.shift(timedelta(**span))

    def set(self, moment: datetime) -> None:
        self._traveller.move_to(moment, tick=False)


@contextmanager
def held_clock(start: datetime = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)) -> Iterator[Clock]:
    with time_machine.travel(start, tick=False) as traveller:
        yield Clock(traveller)


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Monday 2 March 2026, 10:00 UTC."""
    with held_clock() as clock:
        yield clock


def work(person: Person, clock: Clock, seconds: float, made: dict[str, Any] | None = None) -> dict[str, Any]:
    """A session of so many seconds on a task, completed before its time."""
    made = made or task(person)
    session = do(person, "start", made, pomodoro_duration=240)["pomodoro_session"]
    clock.wait(seconds=seconds)
    answer = person.post(f"/pomodoro/sessions/{session['id']}/complete/")
    assert answer.status_code == 200, answer.text
    return answer.json
