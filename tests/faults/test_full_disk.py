"""A10: the disk of the database is full, and has room again; the web needs no restart."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.faults.cluster import missing
from tests.faults.journal import Load
from tests.faults.somebody import wait_for
from tests.faults.stage import Stage

pytestmark = [pytest.mark.timeout(300), pytest.mark.chaos]
DISK = 160
CLIENTS = 8


@pytest.fixture
def narrow() -> Iterator[Stage]:
    """A stage whose database has a small disk of its own."""
    if reason := missing():
        pytest.skip(reason)
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk of its own")
    with tempfile.TemporaryDirectory(prefix="daybook-stage-") as folder, Stage(Path(folder), DISK) as stage:
        yield stage


def fill(stage: Stage) -> Path:
    """Take all the room that the database's disk has; the file that takes it."""
    file = stage.postgres.folder / "taken"
    with file.open("wb", buffering=0) as out:
        try:
            while True:
                out.write(bytes(1024 * 1024))
        except OSError:
            return file


def test_a_full_disk_refuses_writes_and_keeps_what_it_had(narrow: Stage, report) -> None:
    narrow.serve()
    with Load(narrow, CLIENTS) as load:
        time.sleep(2)
        reader = load.writers[0]
        taken = fill(narrow)
        is_full = time.monotonic()
        wait_for(lambda: load.journal.statuses[503] > 20, 60)
        reads = [read(narrow, reader.token) for _ in range(20)]
        taken.unlink()
        freed = time.monotonic()
        if not narrow.postgres.answers:  # a server that could not even write its log ends, and its supervisor starts it
            narrow.postgres.start()
        wait_for(lambda: any(entry.at > freed and entry.status in (200, 201) for entry in load.journal.entries), 60)
        took = time.monotonic() - freed
        time.sleep(3)
    report("A10", f"full for {freed - is_full:.1f} s, first write {took:.1f} s after it was not; {load.journal}")
    assert set(reads) <= {200, 503}
    assert set(load.journal.statuses) <= {200, 201, 503}
    assert load.journal.entries[-1].status in (200, 201)
    with narrow.postgres.connect() as connection:
        load.journal.hold_against(connection, committing=CLIENTS)


def read(stage: Stage, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{stage.url}/tymblok/v1/inbox", headers=headers, timeout=20, trust_env=False).status_code
