"""A slow provider never has all workers: so many runs at a time, the next one as soon as a place is free."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from models import db
from models.integrations import Integration
from sandbox.app import Address
from settings import settings
from tests.cast import Person
from tests.connect import Provider, connect, integration_id
from tests.workers.due import due
from workers.sync import sync_integration

PLACES = 2


@pytest.fixture
def linear(sandbox: Address, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setattr("workers.sync.settings", settings.model_copy(update={"sync_concurrency": PLACES}))
    with db.transaction():
        db.session.execute(update(Integration).values(lease_until=None, parked_at=None))
    with Provider(sandbox, "linear") as each:
        yield each


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What a run had the workers told when it ended."""
    told: list[int] = []
    monkeypatch.setattr("workers.sync.announce", lambda task, number, queue_name: told.append(number))
    return told


def make_due(*numbers: int) -> None:
    with db.transaction():
        past = datetime.now(UTC) - timedelta(seconds=1)
        values = {"next_sync_at": past, "announce_at": past}
        db.session.execute(update(Integration).where(Integration.id.in_(numbers)).values(values))


def parked() -> set[int]:
    with db.transaction(reading=True):
        return set(db.session.scalars(select(Integration.id).where(Integration.parked_at.is_not(None))))


def running() -> int:
    with db.transaction(reading=True):
        held = select(func.count()).where(Integration.lease_until > datetime.now(UTC))
        return db.session.scalar(held) or 0


def test_no_more_than_the_budget_run_at_once_and_all_are_done(
    meet: Callable[..., Person], linear: Provider, announced: list[int]
) -> None:
    numbers = [integration_id(person, "linear") for person in _connected(meet, "linear", 5)]
    make_due(*numbers)
    linear.forget_requests()
    linear.fault("delay", seconds=0.6, times=None, path="/graphql")
    threads = [threading.Thread(target=sync_integration, args=(number,)) for number in numbers]
    most = 0
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        most = max(most, running())
        time.sleep(0.02)
    assert most == PLACES and len(linear.requests("/graphql")) == PLACES
    assert len(announced) == PLACES and len(parked()) == 1, "each run that ended took one up"
    linear.mend()
    while announced:
        sync_integration(announced.pop())
    assert len(linear.requests("/graphql")) == len(numbers) and not parked()
    sync_integration(numbers[0])
    assert len(linear.requests("/graphql")) == len(numbers), "announced once more, it is not due"


def test_another_provider_does_not_wait(
    meet: Callable[..., Person], linear: Provider, github: Provider, announced: list[int]
) -> None:
    busy = [integration_id(person, "linear") for person in _connected(meet, "linear", PLACES)]
    (waiting,) = [integration_id(person, "linear") for person in _connected(meet, "linear", 1)]
    (free,) = [integration_id(person, "github") for person in _connected(meet, "github", 1)]
    make_due(waiting, free)
    with db.transaction():
        for number in busy:
            db.session.get_one(Integration, number).lease()
    linear.forget_requests()
    github.forget_requests()
    sync_integration(waiting)
    sync_integration(free)
    assert linear.requests() == [] and github.requests()
    assert waiting in parked()


def _connected(meet: Callable[..., Person], name: str, count: int) -> list[Person]:
    people = [meet("dora") for _ in range(count)]
    for person in people:
        connect(person, name, "jun")
    return people


def test_what_is_parked_is_due_again_when_nobody_took_it_up(
    alice: Person, linear: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(alice, "linear", "jun")
    number = integration_id(alice, "linear")
    make_due(number)
    with db.transaction():
        assert not db.session.get_one(Integration, number).has_room(0)
    assert number in parked() and number not in due()
    make_due(number)
    assert number in due()
    sync_integration(number)
    assert number not in parked()
