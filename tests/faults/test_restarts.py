"""G2: the web is reloaded and ended in good order at load; who was being answered is answered."""

from __future__ import annotations

import signal
import time

import pytest

from sandbox.app import Address
from tests.connect import Provider, consent
from tests.faults.journal import STORED, Journal, Load, Writer
from tests.faults.somebody import wait_for
from tests.faults.stage import Stage

pytestmark = pytest.mark.timeout(300)
TASK = 10.0


@pytest.mark.brief
def test_reloading_at_load_fails_no_request(stage: Stage, seconds: float, report) -> None:
    web = stage.serve()
    old = set(web.children())
    with Load(stage, 10, pause=0.1, keep_alive=False) as load:  # a hundred a second, as through a proxy that retries
        time.sleep(2)
        web.signal(signal.SIGHUP)
        deadline = time.monotonic() + 90
        while old & set(web.children()):
            assert time.monotonic() < deadline, "the old workers are still there"
            time.sleep(0.1)
        time.sleep(max(2.0, seconds / 4))
    report("G2", f"HUP: {load.journal}")
    assert set(load.journal.statuses) <= {200, 201}, [e for e in load.journal.entries if e.status not in (200, 201)][:3]
    assert max(entry.seconds for entry in load.journal.entries) < 10, "a request waited for the new workers to load"
    with stage.postgres.connect() as connection:
        load.journal.hold_against(connection)


def test_a_web_that_is_told_to_end_answers_what_it_has_begun(stage: Stage, report) -> None:
    web = stage.serve()
    assert web.process is not None
    with Load(stage, 10, pause=0.1, keep_alive=False) as load:
        time.sleep(2)
        told = time.monotonic()
        web.signal(signal.SIGTERM)
        web.process.wait(30)
        took = time.monotonic() - told
    report("G2", f"TERM: gone after {took:.1f} s; {load.journal}")
    # Connections that waited in the socket's queue are reset with it; a request that was begun is answered.
    unanswered = {entry.key for entry in load.journal.entries if entry.status == 0}
    assert {entry.status for entry in load.journal.entries} <= {0, 200, 201}
    assert took <= 30
    with stage.postgres.connect() as connection:
        load.journal.hold_against(connection)
        stored = {key for (key,) in connection.execute(STORED)}
    assert not unanswered & stored, "a request was begun, stored and not answered"


def test_a_worker_that_is_told_to_end_finishes_its_task(stage: Stage, providers: Address, report) -> None:
    stage.serve()
    person = Writer(stage.url, "tymblok", Journal())
    with Provider(providers, "github") as github:
        github.fill(2)
        asked = person.http.post("/tymblok/v1/integrations/github/connect", json={}).json()
        assert person.http.get(consent(asked["data"]["authUrl"])).status_code < 400
        worker, beat = stage.start("worker"), stage.start("beat")
        assert worker.process is not None
        wait_for(lambda: " ready." in worker.log.read_text(), 60)
        github.fill(5)
        github.fault("delay", seconds=TASK, path="/issues")
        with stage.postgres.connect() as connection:
            connection.execute("UPDATE integrations SET next_sync_at = now(), announce_at = now()")
        wait_for(lambda: _syncing(stage), 30, pause=0.05)
        told = time.monotonic()
        worker.signal(signal.SIGTERM)
        beat.kill()
        status = worker.process.wait(60)
        took = time.monotonic() - told
    items = person.http.get("/tymblok/v1/inbox").json()["data"]
    report("G2", f"a worker in a task of {TASK:.0f} s is gone {took:.1f} s after TERM, {len(items)} of 5 items stored")
    assert status == 0 and took <= 30
    assert len(items) == 5 and not _syncing(stage)


def _syncing(stage: Stage) -> bool:
    with stage.postgres.connect() as connection:
        return connection.execute("SELECT 1 FROM integrations WHERE lease_token IS NOT NULL").fetchone() is not None


def test_an_idle_worker_that_is_told_to_end_ends(stage: Stage, report) -> None:
    worker = stage.start("worker")
    assert worker.process is not None
    deadline = time.monotonic() + 60
    while " ready." not in worker.log.read_text():
        assert time.monotonic() < deadline and worker.process.poll() is None, worker.log.read_text()
        time.sleep(0.1)
    told = time.monotonic()
    worker.signal(signal.SIGTERM)
    worker.process.wait(30)
    report("G2", f"an idle worker is gone {time.monotonic() - told:.1f} s after TERM")
