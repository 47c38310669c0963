"""G2: the web is reloaded and ended in good order at load; who was being answered is answered."""

from __future__ import annotations

import signal
import time

import pytest

from tests.faults.journal import Load
from tests.faults.stage import Stage

pytestmark = pytest.mark.timeout(300)


def test_reloading_at_load_fails_no_request(stage: Stage, seconds: float, report) -> None:
    web = stage.serve()
    old = set(web.children())
    with Load(stage, 10, pause=0.1, keep_alive=False) as load:  # a hundred a second, as through a proxy that retries
        time.sleep(2)
        web.signal(signal.SIGHUP)
        time.sleep(max(4.0, seconds))
    report("G2", f"HUP: {load.journal}")
    assert not old & set(web.children()), "old workers are still there"
    assert set(load.journal.statuses) <= {200, 201}, [entry for entry in load.journal.entries if entry.status not in (200, 201)]
    with stage.postgres.connect() as connection:
        load.journal.hold_against(connection)


def test_a_web_that_is_told_to_end_answers_what_it_has_begun(stage: Stage, report) -> None:
    stage.clear()
    web = stage.serve()
    assert web.process is not None
    with Load(stage, 10, pause=0.1, keep_alive=False) as load:
        time.sleep(2)
        told = time.monotonic()
        web.signal(signal.SIGTERM)
        web.process.wait(30)
        took = time.monotonic() - told
    report("G2", f"TERM: gone after {took:.1f} s; {load.journal}")
    unanswered = [entry for entry in load.journal.entries if entry.status == 0]
    assert all("ConnectError" in entry.body for entry in unanswered), unanswered[:3]  # never begun, so never lost
    assert {entry.status for entry in load.journal.entries} <= {0, 200, 201}
    with stage.postgres.connect() as connection:
        load.journal.hold_against(connection)


def test_a_worker_that_is_told_to_end_ends(stage: Stage, report) -> None:
    worker = stage.start("worker")
    assert worker.process is not None
    time.sleep(6)
    told = time.monotonic()
    worker.signal(signal.SIGTERM)
    worker.process.wait(30)
    report("G2", f"an idle worker is gone {time.monotonic() - told:.1f} s after TERM")
