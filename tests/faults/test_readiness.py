"""G1: what says whether the web is alive and ready, while the database and Redis vanish, hang and come back."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.faults.somebody import wait_for
from tests.faults.stage import Stage

pytestmark = pytest.mark.timeout(300)
SOON = 5.0


def ask(stage: Stage, path: str = "/readyz") -> tuple[int, dict[str, Any], float]:
    """Status, body and seconds."""
    began = time.monotonic()
    answer = httpx.get(stage.url + path, timeout=SOON, trust_env=False)
    return answer.status_code, answer.json(), time.monotonic() - began


def goes(stage: Stage, act: Callable[[], object], status: int, part: str, is_well: bool) -> float:
    """Seconds from an act until /readyz answers so; meanwhile the web is alive."""
    act()
    began = time.monotonic()

    def is_so() -> bool:
        assert ask(stage, "/healthz")[0] == 200
        seen, body, _ = ask(stage)
        return seen == status and (body[part] == "ok") == is_well

    wait_for(is_so, SOON, pause=0.1)
    return time.monotonic() - began


def test_a_database_that_goes_makes_the_web_unready_and_not_dead(stage: Stage, report) -> None:
    stage.serve()
    gone = goes(stage, stage.postgres.kill, 503, "database", False)
    back = goes(stage, stage.postgres.start, 200, "database", True)
    report("G1", f"database killed: 503 after {gone:.1f} s, 200 again {back:.1f} s after it accepts")


def test_a_database_that_hangs_makes_the_web_unready_within_seconds(stage: Stage, report) -> None:
    stage.serve()
    hung = goes(stage, lambda: stage.postgres.signal(signal.SIGSTOP), 503, "database", False)
    for _ in range(20):  # whoever asks again and again gets an answer each time, and uses nothing up
        status, _, seconds = ask(stage)
        assert status == 503 and seconds < SOON
    back = goes(stage, lambda: stage.postgres.signal(signal.SIGCONT), 200, "database", True)
    report("G1", f"database frozen: 503 after {hung:.1f} s, 200 again {back:.1f} s after it goes on")


def test_without_redis_the_web_is_degraded_and_ready(stage: Stage, report) -> None:
    stage.serve()
    gone = goes(stage, stage.redis.lose_everything, 200, "redis", False)
    assert ask(stage)[1]["status"] == "degraded"
    back = goes(stage, stage.redis.start, 200, "redis", True)
    report("G1", f"Redis killed: degraded after {gone:.1f} s, well again {back:.1f} s after it answers")
