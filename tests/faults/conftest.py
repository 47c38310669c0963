"""One stage for each module; how long and how hard is for whoever asks: `DAYBOOK_CHAOS` seconds under load.

`make test` leaves out what starts whole clusters and kills them; `make chaos` runs it, and `-m brief` of it is what
every change must pass.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.app import Address, serve
from tests.faults.cluster import missing
from tests.faults.stage import Stage
from tests.product import free_ports

CHAOS = os.environ.get("DAYBOOK_CHAOS", "")
LONG = 30
"""From so many seconds on a load is long, and what is measured with a million rows is measured with a million."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a cluster of its own, unless that is asked for."""
    left_out = [] if CHAOS else [item for item in items if _is_chaos(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not _is_chaos(item)]


def _is_chaos(item: pytest.Item) -> bool:
    return "stage" in getattr(item, "fixturenames", ()) or item.get_closest_marker("chaos") is not None


@pytest.fixture(scope="session")
def seconds() -> float:
    """How long a load lasts."""
    return float(CHAOS or 8)


@pytest.fixture(scope="session")
def is_long(seconds: float) -> bool:
    """Whether there is time for the scorecard's own numbers."""
    return seconds >= LONG


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    if reason := missing():
        pytest.skip(reason)
    # Not one of pytest's folders: these are closed to PostgreSQL's own user.
    with tempfile.TemporaryDirectory(prefix="daybook-stage-") as folder, Stage(Path(folder)) as stage:
        yield stage


@pytest.fixture(autouse=True)
def _what_ran_before_is_ended(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "stage" in request.fixturenames:
        request.getfixturevalue("stage").clear()


@pytest.fixture(scope="module")
def providers(stage: Stage) -> Iterator[Address]:
    """The providers and the mail server, at the addresses that the stage's roles are told of."""
    port, smtp = free_ports(2)
    stage.environment |= {
        "SANDBOX_URL": f"http://127.0.0.1:{port}",
        "SMTP_URL": f"smtp://127.0.0.1:{smtp}",
        "PUBLIC_URL": stage.url,
    }
    with serve(port, smtp, redirects=(f"{stage.url}/oauth/*/callback",)) as address:
        yield address


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Callable[[str, str], None]:
    """Say what was measured, under the row of docs/reliability.md that it belongs to; `make chaos` shows it."""

    def say(row: str, figure: str) -> None:
        if CHAOS:
            with capsys.disabled():
                print(f"\n{row}: {figure}")

    return say
