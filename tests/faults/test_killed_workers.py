"""Workers that are killed in mid-sync, and a broker that forgets everything: no item is lost, none comes twice."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from sqlalchemy import func, select, update

from bench.crowd import make_due, settle
from models import db
from models.inbox import InboxItem
from models.integrations import Integration
from sandbox.app import Address
from tests.cast import Person
from tests.connect import Provider, connect, integration_id
from tests.staff import Broker, beat, employed, wait_for, worker

pytestmark = [pytest.mark.timeout(300), pytest.mark.chaos]
ITEMS = 450
WAITING = 200


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    made = Broker(tmp_path)
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def _nobody_else_is_due() -> None:
    with db.transaction():
        db.session.execute(update(Integration).values(next_sync_at=None, announce_at=None))


def items(number: int) -> int:
    with db.transaction(reading=True):
        held = select(func.count()).where(InboxItem.integration_id == number, InboxItem.closed_at.is_(None))
        return db.session.scalar(held) or 0


def running() -> int:
    with db.transaction(reading=True):
        return db.session.scalar(select(func.count()).where(Integration.lease_token.is_not(None))) or 0


def synced_since(moment: datetime) -> int:
    with db.transaction(reading=True):
        return db.session.scalar(select(func.count()).where(Integration.last_sync_at > moment)) or 0


def test_a_killed_child_costs_half_a_minute_and_a_killed_worker_two(
    alice: Person, bob: Person, github: Provider, broker: Broker
) -> None:
    github.fill(30)
    numbers = []
    for person in (alice, bob):
        connect(person, "github")
        numbers.append(integration_id(person, "github"))
    github.fill(ITEMS)
    github.fault("delay", seconds=1.0, times=None, path="/issues")
    with employed(beat(broker), worker("first", broker), worker("second", broker)) as staff:
        _, first, second = staff
        wait_for(lambda: bool(first.children and second.children), 60)
        make_due(numbers)
        wait_for(lambda: running() == 2 and all(items(number) > 100 for number in numbers), 60)
        os.kill(first.children[0], signal.SIGKILL)
        second.kill()
        github.mend()
        staff.append(worker("third", broker))
        took = wait_for(lambda: running() == 0 and all(items(number) == ITEMS for number in numbers), 120)
    assert took < 30
    for person in (alice, bob):
        listed = [item["externalId"] for item in person.get("/inbox", pageSize="1000").json["data"]]
        assert len(listed) == len(set(listed)) == ITEMS


def test_a_broker_that_forgot_everything_costs_no_sync(
    sandbox: Address, github: Provider, broker: Broker
) -> None:
    numbers = settle(sandbox, WAITING, f"waiting-{uuid4().hex[:8]}")
    github.fault("delay", seconds=0.5, times=None, path="/issues")
    queue = redis.Redis.from_url(broker.url)
    with employed(beat(broker), worker("only", broker, 2)) as staff:
        wait_for(lambda: bool(staff[1].children), 60)
        began = datetime.now(UTC)
        make_due(numbers)
        wait_for(lambda: int(queue.llen("sync")) > WAITING / 2, 60)
        broker.stop()
        github.mend()
        broker.start()
        assert queue.llen("sync") == 0 and synced_since(began) < WAITING
        wait_for(lambda: synced_since(began) == WAITING, 120)
        assert [each.process.poll() for each in staff] == [None, None], "neither had to be started again"
    with db.transaction(reading=True):
        errors = select(func.count()).where(Integration.id.in_(numbers), Integration.last_sync_error.is_not(None))
        assert db.session.scalar(errors) == 0
