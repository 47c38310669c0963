"""A6: Redis is killed and all that it held is gone while syncs, webhooks and mails wait; each is done once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from sandbox.app import Address
from tests.connect import Provider, consent
from tests.faults.journal import Journal, Writer
from tests.faults.somebody import wait_for
from tests.faults.stage import Stage
from tests.faults.team import Team
from tests.receiver import Receiver

pytestmark = pytest.mark.timeout(540)
ITEMS = 5


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


def test_an_emptied_redis_costs_no_sync_no_webhook_and_no_mail(
    stage: Stage, providers: Address, receiver: Receiver, is_long: bool, report
) -> None:
    effects = 200 if is_long else 40
    syncs, events = effects // 2, effects // 2
    settings = {"WEBHOOK_ALLOWED_HOSTS": receiver.host}
    stage.serve(**settings)
    with Provider(providers, "github") as github:
        github.fill(ITEMS)
        github.control("POST", "/rate", resource="search", limit=10_000)  # all have the same account, and its quota
        people = [Writer(stage.url, "tymblok", Journal()) for _ in range(syncs)]
        for person in people:
            asked = person.http.post("/tymblok/v1/integrations/github/connect", json={}).json()
            assert person.http.get(consent(asked["data"]["authUrl"])).status_code < 400
        team = Team(stage, receiver)
        began = datetime.now(UTC)
        team.happen(events)
        with stage.postgres.connect() as connection:
            connection.execute("UPDATE integrations SET next_sync_at = now(), announce_at = now(), lease_until = NULL")
        # It is begun, no more than that, and then there is no Redis.
        github.fault("delay", seconds=1.0, times=None)
        receiver.seconds = 1.0
        staff = [stage.start(role, **settings) for role in ("worker", "webhooks", "beat")]
        wait_for(lambda: receiver.arrivals or done(stage, began)["syncs"] > 0, 90, pause=0.05)
        stage.redis.lose_everything()
        time.sleep(3)
        left = done(stage, began)
        assert left["syncs"] < syncs
        github.mend()
        receiver.seconds = 0.0
        stage.redis.start()
        wanted = {"syncs": syncs, "deliveries": events, "mails": mails_in_all(stage)}

        def is_done() -> bool:
            for role in staff:  # what a supervisor does: beat ends when its lock is gone
                if role.process is not None and role.process.poll() is not None:
                    role.start()
            return done(stage, began) == wanted

        took = wait_for(is_done, 120, pause=0.5)
    report("A6", f"{left} of {wanted} done when Redis was gone; all {took:.1f} s after it was back")
    heard = Counter(arrival.id for arrival in receiver.arrivals)
    assert len(heard) == events
    assert sum(heard.values()) - events <= 16, "one that was being posted may be posted again, under the same id"
    for person in people:
        items = [item["externalId"] for item in person.http.get("/tymblok/v1/inbox?pageSize=100").json()["data"]]
        assert len(items) == len(set(items)) == ITEMS
    outbox = httpx.get(f"{providers}/outbox.json", trust_env=False).json()
    mails = Counter((tuple(mail["envelope"]["to"]), mail["subject"]) for mail in outbox)
    assert set(mails.values()) == {1}


def done(stage: Stage, began: datetime) -> dict[str, int]:
    """How many effects of each kind have been had."""
    asked = {
        "syncs": "SELECT count(*) FROM integrations WHERE last_sync_at > %s AND last_sync_error IS NULL",
        "deliveries": "SELECT count(*) FROM webhook_deliveries WHERE delivered_at > %s",
        "mails": "SELECT count(*) FROM mails WHERE sent_at > %s",
    }
    with stage.postgres.connect() as connection:
        return {name: connection.execute(sql, (began,)).fetchall()[0][0] for name, sql in asked.items()}


def mails_in_all(stage: Stage) -> int:
    with stage.postgres.connect() as connection:
        found = connection.execute("SELECT count(*) FROM mails").fetchone()
    return found[0] if found else 0
