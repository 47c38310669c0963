"""A7: Redis hangs under load; requests are answered all the same, and what they caused happens afterwards."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from tests.faults.journal import PASSWORD, Load
from tests.faults.somebody import wait_for
from tests.faults.stage import Stage
from tests.faults.team import Team
from tests.receiver import Receiver

pytestmark = pytest.mark.timeout(300)
TRIES = 40
EVENTS = 10


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


def test_a_frozen_redis_delays_effects_and_no_answer(
    stage: Stage, providers: str, receiver: Receiver, seconds: float, is_long: bool, report
) -> None:
    settings = {"WEBHOOK_ALLOWED_HOSTS": receiver.host, "RATE_LIMITS": "true"}
    stage.serve(**settings)
    for role in ("worker", "webhooks", "beat"):
        stage.start(role, **settings)
    wait_for(lambda: httpx.get(f"{stage.url}/readyz", timeout=5).json()["worker"] == "ok", 60)
    team = Team(stage, receiver)
    with Load(stage, 48 if is_long else 20, pause=0.72) as load:  # 50 requests a second, each within its own limit
        time.sleep(2)
        stage.redis.signal(signal.SIGSTOP)
        frozen = time.monotonic()
        logins = _try_logins(stage.url)
        asked = httpx.post(
            f"{stage.url}/tymblok/v1/auth/forgot-password", json={"email": load.writers[0].email}, timeout=10,
            headers={"X-Forwarded-For": "10.200.0.7"},
        )  # fmt: skip
        team.happen(EVENTS)
        time.sleep(max(0.0, min(30.0, seconds) - (time.monotonic() - frozen)))
        mails = _waiting(stage)
        stage.redis.signal(signal.SIGCONT)
        again = time.monotonic()
    wait_for(lambda: _waiting(stage) == 0 and len({arrival.id for arrival in receiver.arrivals}) == EVENTS, 60)
    delivered = time.monotonic() - again
    report(
        "A7", f"frozen {again - frozen:.0f} s: {load.journal}; {mails} mails and {EVENTS} webhooks, the last went out "
        f"{delivered:.1f} s after; {TRIES} wrong logins: {dict(logins)}",
    )  # fmt: skip
    assert asked.status_code == 200
    assert {status for status in load.journal.statuses if status >= 400 or status == 0} == set()
    assert load.journal.percentile(0.99) <= 2
    # While Redis is away each of the two web processes counts for itself: ten a minute, over at most two minutes.
    assert logins[401] <= 40 and set(logins) <= {401, 429}
    assert logins[429] > 0
    assert delivered <= 60
    assert len(receiver.arrivals) == EVENTS
    with stage.postgres.connect() as connection:
        load.journal.hold_against(connection)


def _try_logins(base: str) -> Counter[int]:
    body = {"email": "nobody@example.com", "password": PASSWORD + "?"}
    headers = {"X-Forwarded-For": "10.200.0.8"}
    with httpx.Client(base_url=base, headers=headers, timeout=10, trust_env=False) as http:
        return Counter(http.post("/tymblok/v1/auth/login", json=body).status_code for _ in range(TRIES))


def _waiting(stage: Stage) -> int:
    with stage.postgres.connect() as connection:
        row = connection.execute("SELECT count(*) FROM mails WHERE sent_at IS NULL AND failed_at IS NULL").fetchone()
    return row[0] if row else 0
