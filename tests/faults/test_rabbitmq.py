"""RabbitMQ as the broker: a sync, a webhook and a mail go through it, and it may lose all that it held.

`TEST_BROKER_URL` names a virtual host that is the tests' own; else one is made where `rabbitmqctl` may.
"""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator

import httpx
import kombu
import pytest
import redis

from sandbox.app import Address
from tests.connect import Provider, consent
from tests.faults.journal import Journal, Writer
from tests.faults.somebody import wait_for
from tests.faults.stage import Stage
from tests.faults.team import Team
from tests.receiver import Receiver

pytestmark = pytest.mark.timeout(300)
SERVER = "amqp://guest:guest@127.0.0.1:5672"
QUEUES = ("default", "sync", "webhooks", "stats", "mail")
ITEMS = 30


def control(*arguments: str) -> bool:
    try:
        return subprocess.run(["rabbitmqctl", *arguments], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@pytest.fixture
def broker() -> Iterator[str]:
    """The address of a virtual host of our own."""
    if given := os.environ.get("TEST_BROKER_URL"):
        yield given
        return
    try:
        with kombu.Connection(f"{SERVER}/", connect_timeout=2) as connection:
            connection.connect()
    except OSError as reason:
        pytest.skip(f"no RabbitMQ answers at {SERVER}: {reason}")
    name = f"daybook-{uuid.uuid4().hex[:12]}"
    if not (control("add_vhost", name) and control("set_permissions", "-p", name, "guest", ".*", ".*", ".*")):
        control("delete_vhost", name)
        pytest.skip("rabbitmqctl makes no virtual host here; TEST_BROKER_URL may name one")
    yield f"{SERVER}/{name}"
    control("delete_vhost", name)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


def test_everything_goes_through_rabbitmq(
    stage: Stage, providers: Address, receiver: Receiver, broker: str, report
) -> None:
    settings = {"BROKER_URL": broker, "WEBHOOK_ALLOWED_HOSTS": receiver.host}
    stage.serve(**settings)
    for role in ("worker", "webhooks", "beat"):
        stage.start(role, **settings)
    wait_for(lambda: httpx.get(f"{stage.url}/readyz", timeout=5).json()["worker"] == "ok", 60)
    person = Writer(stage.url, "tymblok", Journal())
    with Provider(providers, "github") as github:
        github.fill(5)
        asked = person.http.post("/tymblok/v1/integrations/github/connect", json={}).json()
        assert person.http.get(consent(asked["data"]["authUrl"])).status_code < 400
        github.fill(ITEMS)
        with stage.postgres.connect() as connection:
            connection.execute("UPDATE integrations SET next_sync_at = now(), announce_at = now()")
        synced = wait_for(lambda: items(person) == ITEMS, 60)
    team = Team(stage, receiver)
    team.happen(5)
    delivered = wait_for(lambda: len({arrival.id for arrival in receiver.arrivals}) == 5, 60)
    person.http.post("/tymblok/v1/auth/forgot-password", json={"email": person.email})
    mailed = wait_for(lambda: letters(providers, person.email) == 1, 60)
    report("RabbitMQ", f"a sync after {synced:.1f} s, 5 webhooks after {delivered:.1f} s, a mail after {mailed:.1f} s")
    assert len(receiver.arrivals) == 5
    held = redis.Redis.from_url(stage.redis.url)
    assert not any(held.exists(queue) for queue in QUEUES), "nothing went by way of Redis"
    with kombu.Connection(broker) as connection:  # the broker forgets what waits
        for queue in QUEUES:
            connection.channel().queue_delete(queue)
    for role in list(stage.roles):
        if role.name != "web":
            role.kill()
            role.start()
    team.happen(5)
    wait_for(lambda: len({arrival.id for arrival in receiver.arrivals}) == 10, 60)


def items(person: Writer) -> int:
    page = person.http.get("/tymblok/v1/inbox?pageSize=1").json()
    found: int = page["meta"]["pagination"]["totalItems"]
    return found


def letters(providers: Address, email: str) -> int:
    mails = httpx.get(f"{providers}/outbox.json", trust_env=False).json()
    return sum(email in mail["envelope"]["to"] and "Reset" in mail["subject"] for mail in mails)
