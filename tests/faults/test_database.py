"""A2, A3, A8: the database is killed, drops its connections, and hangs, under a load of writes."""

from __future__ import annotations

import json
import signal
import time

import pytest

from tests.faults.journal import Answered, Load
from tests.faults.somebody import wait_for
from tests.faults.stage import Stage

pytestmark = pytest.mark.timeout(300)
CLIENTS = 8
EVERY = 2.0
FROZEN = 10.0
ENVELOPES = {
    "tymblok": lambda body: body["error"]["code"] and body["meta"]["requestId"],
    "focusflow": lambda body: body["error"]["code"] and body["error"]["message"],
    "produktifin": lambda body: isinstance(body["error"], str),
    "flow": lambda body: body["error"],
}


def is_in_the_contracts_envelope(entry: Answered) -> bool:
    try:
        return bool(ENVELOPES[entry.key.split("-")[1]](json.loads(entry.body)))
    except (ValueError, KeyError, TypeError):
        return False


@pytest.mark.brief
def test_a_killed_database_costs_503_and_no_write(stage: Stage, seconds: float, report) -> None:
    stage.serve()
    with Load(stage, CLIENTS) as load:
        time.sleep(max(2.0, seconds / 4))
        killed = time.monotonic()
        stage.postgres.kill()
        time.sleep(max(2.0, seconds / 8))
        stage.postgres.start()
        accepts = time.monotonic()
        wait_for(lambda: any(each.at > accepts for each in load.journal.entries if each.status == 201), 10)
        time.sleep(max(2.0, seconds / 2))
    entries = load.journal.entries
    refused = [entry for entry in entries if entry.status >= 400]
    first = min((entry.at for entry in entries if entry.status in (200, 201) and entry.at > accepts), default=None)
    assert first is not None, "no write was accepted afterwards"
    slowest = max(entry.seconds for entry in refused)
    report(
        "A2", f"away {accepts - killed:.1f} s, {len(refused)} refused, the slowest after {slowest:.2f} s, "
        f"first write {first - accepts:.2f} s after the database; {load.journal}",
    )  # fmt: skip
    with stage.postgres.connect() as connection:
        load.journal.hold_against(connection, committing=CLIENTS)
    assert {entry.status for entry in refused} == {503}
    assert slowest <= 5
    assert first - accepts <= 10
    for entry in refused:
        assert entry.kind == "application/json", entry
        assert "Traceback" not in entry.body and "psycopg" not in entry.body, entry
        assert is_in_the_contracts_envelope(entry), entry


def test_dropped_connections_cost_few_answers_and_no_write(stage: Stage, seconds: float, report) -> None:
    stage.serve()
    dropped = 0
    with Load(stage, CLIENTS) as load:
        deadline = time.monotonic() + min(30.0, seconds)
        while time.monotonic() < deadline:
            time.sleep(EVERY)
            dropped += stage.postgres.drop_connections()
        time.sleep(1)
    statuses = load.journal.statuses
    failed = sum(count for status, count in statuses.items() if status >= 500)
    report("A3", f"{dropped} connections dropped, {failed / len(load.journal.entries):.2%} 5xx: {load.journal}")
    assert dropped > 0
    with stage.postgres.connect() as connection:
        load.journal.hold_against(connection, committing=dropped)
    assert set(statuses) <= {200, 201, 503}
    assert failed <= len(load.journal.entries) / 100


def test_a_frozen_database_holds_requests_up_and_fails_none_afterwards(stage: Stage, report) -> None:
    stage.serve()
    with Load(stage, CLIENTS) as load:
        time.sleep(2)
        stage.postgres.signal(signal.SIGSTOP)
        time.sleep(FROZEN)
        stage.postgres.signal(signal.SIGCONT)
        again = time.monotonic()
        time.sleep(8)
    slowest = max(entry.seconds for entry in load.journal.entries)
    report("A8", f"frozen {FROZEN:.0f} s: the slowest answer took {slowest:.1f} s; {load.journal}")
    with stage.postgres.connect() as connection:
        load.journal.hold_against(connection, committing=CLIENTS)
    assert set(load.journal.statuses) <= {200, 201, 503}
    assert slowest <= 15
    late = [entry for entry in load.journal.entries if entry.at - entry.seconds > again + 5]
    assert late and {entry.status for entry in late} <= {200, 201}
