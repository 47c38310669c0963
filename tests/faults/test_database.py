"""A2: the database is killed and started again under a load of writes."""

from __future__ import annotations

import json
import time

import pytest

from tests.faults.journal import Answered, Load
from tests.faults.stage import Stage

pytestmark = pytest.mark.timeout(300)
ENVELOPES = {
    "tymblok": lambda body: body["error"]["code"] and body["meta"]["requestId"],
    "focusflow": lambda body: body["error"]["code"] and body["error"]["message"],
    "produktifin": lambda body: body["error"] and body["message"],
    "flow": lambda body: body["error"],
}


def is_in_the_contracts_envelope(entry: Answered) -> bool:
    try:
        return bool(ENVELOPES[entry.key.split("-")[1]](json.loads(entry.body)))
    except (ValueError, KeyError, TypeError):
        return False


def test_a_killed_database_costs_503_and_no_write(stage: Stage, seconds: float, report) -> None:
    stage.serve()
    with Load(stage, 8) as load:
        time.sleep(max(2.0, seconds / 4))
        killed = time.monotonic()
        stage.postgres.kill()
        time.sleep(max(2.0, seconds / 8))
        stage.postgres.start()
        accepts = time.monotonic()
        time.sleep(max(3.0, seconds / 2))
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
        load.journal.hold_against(connection)
    assert {entry.status for entry in refused} == {503}
    assert slowest <= 5
    assert first - accepts <= 10
    for entry in refused:
        assert entry.kind == "application/json", entry
        assert "Traceback" not in entry.body and "psycopg" not in entry.body, entry
        assert is_in_the_contracts_envelope(entry), entry
