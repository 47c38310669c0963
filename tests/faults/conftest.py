"""One stage for each module; how long and how hard depends on who asks: `make test` for seconds, `make chaos` for more.

`DAYBOOK_CHAOS` is the number of seconds under load. Without it a run on SQLite leaves these tests to the run on
PostgreSQL that follows it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.cluster import missing
from tests.faults.stage import Stage

CHAOS = os.environ.get("DAYBOOK_CHAOS", "")


@pytest.fixture(scope="session")
def seconds() -> float:
    """How long a load lasts."""
    return float(CHAOS or 8)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    if reason := missing():
        pytest.skip(reason)
    if not CHAOS and not os.environ.get("TEST_DATABASE_URL"):
        pytest.skip("runs with the suite on PostgreSQL, or by make chaos")
    # Not one of pytest's folders: these are closed to PostgreSQL's own user.
    with tempfile.TemporaryDirectory(prefix="daybook-stage-") as folder, Stage(Path(folder)) as stage:
        yield stage


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Callable[[str, str], None]:
    """Say what was measured, under the row of docs/reliability.md that it belongs to; `make chaos` shows it."""

    def say(row: str, figure: str) -> None:
        if CHAOS:
            with capsys.disabled():
                print(f"\n{row}: {figure}")

    return say
