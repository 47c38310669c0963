"""A1: web processes are killed under a load of writes; nothing that was acknowledged is lost or doubled."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from tests.faults.journal import Load
from tests.faults.stage import Stage

pytestmark = pytest.mark.timeout(300)
CLIENTS = 8


@pytest.mark.brief
def test_killed_workers_and_a_killed_master_lose_nothing(stage: Stage, seconds: float, report) -> None:
    web = stage.serve()
    chance = random.Random(20261120)
    kills = 0
    with Load(stage, CLIENTS) as load:
        deadline = time.monotonic() + seconds
        every = min(5.0, seconds / 4)
        while time.monotonic() < deadline:
            time.sleep(every)
            if workers := web.children():
                os.kill(chance.choice(workers), signal.SIGKILL)
                kills += 1
            if kills == 2:  # the master once, with what it started; then it is started as a supervisor would
                web.kill()
                kills += 1
                web.start()
        stage.wait_until_ready()
        time.sleep(1)
    report("A1", f"{kills} kills: {load.journal}")
    assert len(load.journal.acknowledged) > 20, "else there was nothing to lose"
    with stage.postgres.connect() as connection:
        load.journal.hold_against(connection)
    refused = {status: count for status, count in load.journal.statuses.items() if status >= 400}
    assert not refused, refused


def test_a_killed_worker_costs_each_connection_one_answer_at_most(stage: Stage, report) -> None:
    web = stage.serve()
    with Load(stage, CLIENTS) as load:
        for _ in range(2):
            time.sleep(2)
            before = len(load.journal.in_doubt)
            os.kill(web.children()[0], signal.SIGKILL)
            time.sleep(1.5)
            assert len(load.journal.in_doubt) - before <= CLIENTS
    report("A1", f"2 workers killed: {load.journal}")
