"""Outgoing webhooks on a bad day: `python -m bench.webhooks [--events 500] [--down 60] [--scale 1] [--only f6|f7]`.

F6: events happen while their receiver is down; the process that posts them is killed three times, the last time in the
middle of posting, and Redis once. F7: one receiver takes every event and never answers, while four other organisations
go on. All of it are the Procfile's own roles over a PostgreSQL and a Redis of their own, and nothing is mocked. With
`--scale` other than 1 the waits between attempts are shortened, and the figures say so.
"""

from __future__ import annotations

import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from bench import figures
from tests.faults.cluster import missing
from tests.faults.stage import Role, Stage
from tests.product import free_ports
from tests.receiver import Receiver

MINUTES_TO_ARRIVE, DOUBLED, OTHERS_SECONDS = 5, 0.05, 5.0
HANGING, OTHERS, SECONDS, EACH = 200, 4, 30, 2.0
"""Events for the receiver that hangs; other organisations, for how long, and events a second of each."""


class Team:
    """An organisation with one endpoint, and something that happens in it: a task is paused and resumed."""

    def __init__(self, stage: Stage, name: str, receiver: Receiver) -> None:
        self.http = httpx.Client(base_url=f"{stage.url}/focusflow/api", timeout=30)
        made = self.call(
            "/v1/auth/register/",
            {"email": f"{name}@example.com", "username": name, "password": "SecurePass123!", "first_name": name},
        )
        self.http.headers["Authorization"] = f"Bearer {made['tokens']['access']}"
        self.call("/v2/organizations/", {"name": name, "slug": name})
        task = self.call("/v1/tasks/", {"title": "Work", "organization": name})["id"]
        self.call(f"/v1/tasks/{task}/start/", {"duration": 240})
        hook = {"url": receiver.url, "events": ["task_paused", "task_resumed"], "secret": "12345678"}
        self.call(f"/v2/organizations/{name}/webhooks/", hook)
        self.task, self.happened, self.receiver = task, 0, receiver

    def call(self, path: str, body: Any = None) -> Any:
        answer = self.http.post(path, json=body)
        if answer.status_code >= 300:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:300]}")
        return answer.json()

    def happen(self) -> float:
        """One event more; the moment at which it was committed."""
        self.happened += 1
        self.call(f"/v1/tasks/{self.task}/{'pause' if self.happened % 2 else 'resume'}/")
        return time.time()

    def happen_for(self, seconds: float, count: int) -> list[float]:
        """So many events, evenly over some time."""
        began, moments = time.monotonic(), []
        for number in range(count):
            time.sleep(max(0.0, began + seconds * number / count - time.monotonic()))
            moments.append(self.happen())
        return moments


def killed(role: Role) -> None:
    """kill -9 of a role with all that it started; its supervisor starts it again."""
    role.kill()
    role.start()


def receiver_is_down(stage: Stage, port: int, events: int, down: float) -> None:
    """F6."""
    receiver = Receiver(port)
    team = Team(stage, "shop", receiver)
    receiver.close()
    gone_at = time.monotonic()
    webhooks, beat = (next(role for role in stage.roles if role.name == name) for name in ("webhooks", "beat"))
    deeds: list[tuple[float, Callable[[], None]]] = [
        (down * 0.25, lambda: killed(webhooks)),
        (down * 0.45, lambda: restarted(stage, beat)),
        (down * 0.7, lambda: killed(webhooks)),
    ]
    with ThreadPoolExecutor(1) as writer:
        writing = writer.submit(team.happen_for, down * 0.9, events)
        for at, deed in deeds:
            time.sleep(max(0.0, gone_at + at - time.monotonic()))
            deed()
        writing.result()
    time.sleep(max(0.0, gone_at + down - time.monotonic()))
    back = Receiver(port)
    back_at = time.monotonic()
    back.seconds = 0.05  # so that a kill meets posts on their way
    distinct = lambda: len({arrival.id for arrival in back.arrivals})  # noqa: E731
    while distinct() < events / 5 and time.monotonic() - back_at < 60 * MINUTES_TO_ARRIVE:
        time.sleep(0.01)
    killed(webhooks)
    while distinct() < events and time.monotonic() - back_at < 60 * MINUTES_TO_ARRIVE:
        time.sleep(0.1)
    took, found = time.monotonic() - back_at, distinct()
    time.sleep(3)  # for what still comes twice
    figures.report("events that never arrived", events - found, at_most=0)
    figures.report("the last of them after the receiver's return", took, "s", at_most=60.0 * MINUTES_TO_ARRIVE)
    figures.report("arrived twice", (len(back.arrivals) - found) / events, "of all", at_most=DOUBLED)
    back.close()


def restarted(stage: Stage, beat: Role) -> None:
    """kill -9 of Redis; a beat that ended over it is started again, as a supervisor does."""
    stage.redis.signal(signal.SIGKILL)
    time.sleep(1)
    stage.redis.stop()
    stage.redis.start()
    time.sleep(2)
    if beat.process is not None and beat.process.poll() is not None:
        beat.start()


def one_hangs(stage: Stage, ports: list[int]) -> None:
    """F7."""
    hanging = Receiver(ports[0])
    hanging.seconds = 3600
    sick = Team(stage, "sick", hanging)
    well = [Team(stage, f"well{number}", Receiver(port)) for number, port in enumerate(ports[1:])]
    for _ in range(HANGING):
        sick.happen()
    count = int(SECONDS * EACH)
    with ThreadPoolExecutor(OTHERS) as writers:
        moments = list(writers.map(lambda team: team.happen_for(SECONDS, count), well))
    time.sleep(OTHERS_SECONDS)
    waits, missed = [], 0
    for team, happened in zip(well, moments, strict=True):
        # Events of one endpoint may pass each other: the n-th that arrived is held against the n-th that happened.
        arrived = sorted(arrival.at for arrival in team.receiver.arrivals)
        missed += len(happened) - len(arrived)
        waits += [at - moment for moment, at in zip(happened, arrived, strict=False)]
    figures.report("events of others that have not arrived", missed, at_most=0)
    figures.report("posts that hung meanwhile", len(hanging.arrivals), "posts", at_least=1)
    figures.report("others' deliveries, p95", statistics.quantiles(waits, n=20)[-1], "s", at_most=OTHERS_SECONDS)
    print(f"others' deliveries: median {statistics.median(waits):.3f} s, slowest {max(waits):.2f} s")


def main() -> None:
    parser = figures.parser(__doc__)
    parser.add_argument("--events", type=int, default=500)
    parser.add_argument("--down", type=float, default=60)
    parser.add_argument("--scale", type=float, default=1, help="of the waits between attempts")
    parser.add_argument("--only", choices=("f6", "f7"))
    options = parser.parse_args()
    if missing():
        sys.exit(f"not measured: {missing()}")
    os.environ["DATABASE_URL"] = "postgresql"  # what the figures are marked with; the stage has its own
    print("waits between attempts as in production" if options.scale == 1 else f"waits scaled by {options.scale}")
    ports = free_ports(2 + OTHERS)
    allowed = ",".join(f"127.0.0.1:{port}" for port in ports)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, Stage(Path(folder)) as stage:
        stage.environment |= {
            "WEBHOOK_RETRY_SCALE": str(options.scale), "LOG_LEVEL": "WARNING", "WEBHOOK_ALLOWED_HOSTS": allowed,
        }  # fmt: skip
        stage.serve()
        for role in ("webhooks", "worker", "beat"):
            stage.start(role)
        stage.wait_until_ready()
        if options.only != "f7":
            receiver_is_down(stage, ports[0], options.events, options.down)
        if options.only != "f6":
            one_hangs(stage, ports[1:])


if __name__ == "__main__":
    main()
