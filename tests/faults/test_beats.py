"""Two beats: one ticks and the other stands by, takes over when it dies, and nothing is announced twice."""

from __future__ import annotations

import json
import time
from collections import Counter

import pytest
import redis

from tests.faults.somebody import wait_for
from tests.faults.stage import Stage

pytestmark = pytest.mark.timeout(300)
TICK, PERIOD = "wake_mails", 5.0
WATCHED = 16.0


def ticks(queue: redis.Redis) -> Counter[str]:
    """How often one of the ticks was announced since the queue was last emptied, by the beat that did."""
    headers = [json.loads(message)["headers"] for message in queue.lrange("default", 0, -1)]
    return Counter(each["origin"] for each in headers if each["task"] == TICK)


def test_a_second_beat_takes_over_and_nothing_runs_doubled(stage: Stage, report) -> None:
    beats = {beat.process.pid: beat for beat in (stage.start("beat"), stage.start("beat")) if beat.process}
    queue = redis.Redis.from_url(stage.redis.url)
    wait_for(lambda: ticks(queue), 60)
    queue.delete("default")
    time.sleep(WATCHED)
    first = ticks(queue)
    assert len(first) == 1, "one ticks, the other stands by"
    (origin, count), = first.items()
    assert WATCHED / PERIOD - 2 <= count <= WATCHED / PERIOD + 1
    (holder,) = [beat for pid, beat in beats.items() if f"gen{pid}@" in origin]
    holder.kill()
    killed = time.monotonic()
    queue.delete("default")
    wait_for(lambda: ticks(queue), 60, pause=0.1)
    took = time.monotonic() - killed
    queue.delete("default")
    time.sleep(WATCHED)
    after = ticks(queue)
    report("beat", f"{count} ticks in {WATCHED:.0f} s by one of two; killed, the other took over after {took:.1f} s, "
           f"then {sum(after.values())} in {WATCHED:.0f} s")  # fmt: skip
    assert took <= 40
    assert len(after) == 1 and origin not in after
    assert sum(after.values()) <= WATCHED / PERIOD + 1


def test_a_beat_that_is_told_to_end_hands_over_at_once(stage: Stage, report) -> None:
    first = stage.start("beat")
    queue = redis.Redis.from_url(stage.redis.url)
    queue.flushdb()
    wait_for(lambda: ticks(queue), 60)
    second = stage.start("beat")
    time.sleep(5)
    assert first.process is not None and second.process is not None
    queue.delete("default")
    first.process.terminate()
    first.process.wait(30)
    took = wait_for(lambda: ticks(queue), 60, pause=0.1)
    report("beat", f"told to end, the other took over after {took:.1f} s")
    assert took <= 15
