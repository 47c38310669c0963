"""How soon a worker starts on what was committed, and what a task costs beside an empty one: `python -m bench.queue`.

Latency: a mail is written in a transaction; from its commit to the start of its task, beside sending an empty Celery
task by hand. Cost beyond the work: the CPU of an empty task in the worker, and what the body of a sync's task adds to
the sync alone, both called in turns in one process; beside the empty task.
"""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from bench import figures, roles, stage
from bench.sync import connect

ACCOUNTS = 100
ROUNDS = 2
EMPTY = 2000
REST = 0.03
"""Seconds between two tasks, so that none waits for the end of the one before."""


@contextlib.contextmanager
def worker() -> Iterator[int]:
    """A worker as the Procfile has it, with the empty task; its process."""
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "bench.told:celery", "worker", "-Q",
               "default,sync,mail", "--concurrency", "2", "--without-gossip", "--without-mingle"]  # fmt: skip
    process = subprocess.Popen(command, cwd=stage.ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def family(pid: int) -> list[int]:
    """A process and its children."""
    found = subprocess.run(["pgrep", "-P", str(pid)], stdout=subprocess.PIPE, check=False).stdout.split()
    return [pid, *map(int, found)]


def emptied(seconds: float = 120) -> None:
    """Wait until no message is left, waiting or at work."""
    from bench.told import _redis

    end = time.monotonic() + seconds
    while any(_redis.exists(name) for name in ("default", "sync", "mail", "unacked")):
        assert time.monotonic() < end, "the worker does not come to an end"
        time.sleep(0.02)


def latencies(rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds from commit to start of a mail's task, and from sending to start of an empty one."""
    import workers
    from bench.told import STARTS, _redis, celery
    from models import db
    from models.letters import ask_reset_link
    from models.users import User

    workers.listen()
    with db.transaction():
        user = User.register("waiting@example.com", None)

    def started(name: str, since: float) -> float:
        told = _redis.blpop([STARTS], timeout=10)
        assert told, f"{name} never started"
        task, _, at = told[1].decode().partition(" ")
        assert task == name, f"{task} started, not {name}"
        return (float(at) - since) * 1000

    ours, empty = [], []
    _redis.set("bench:tell", 1)
    for _ in range(rounds):
        time.sleep(REST)
        since = time.monotonic()
        celery.send_task("bench_nothing", queue="default")
        empty.append(started("bench_nothing", since))
        time.sleep(REST)
        with db.transaction():
            ask_reset_link(user.email)
        since = time.monotonic()  # announced by a thread after the commit, so nothing has been sent before this
        ours.append(started("send_mail", since))
    _redis.delete("bench:tell")
    emptied()
    return ours, empty


def cost_of_empty(pid: int) -> float:
    """CPU milliseconds of the worker for an empty task."""
    from bench.told import celery

    before = stage.cpu_seconds(family(pid))
    for _ in range(EMPTY):
        celery.send_task("bench_nothing", queue="default")
    emptied()
    return (stage.cpu_seconds(family(pid)) - before) / EMPTY * 1000


def furnish(token: str) -> list[int]:
    """One account of the sandbox, connected by many people."""
    from models import db
    from models.integrations import Integration
    from models.users import User

    ids = []
    with db.transaction():
        for number in range(ACCOUNTS):
            person = User.register(f"same{number}@example.com", None)
            integration = Integration.connect(
                person, "github", account="mara", username="mara", avatar_url=None,
                credentials={"access_token": token}, expires_at=None,
            )  # fmt: skip
            ids.append(integration.id)
    return ids


def make_due(*ids: int) -> None:
    """These accounts, or all of them, may be synced now."""
    from sqlalchemy import update

    from models import db
    from models.clock import now
    from models.integrations import Integration

    with db.transaction():
        chosen = Integration.id.in_(ids) if ids else True
        db.session.execute(update(Integration).where(chosen).values(next_sync_at=now()))


def costs_here(ids: list[int]) -> tuple[float, float]:
    """CPU milliseconds of a sync with nothing new in this process: the sync alone, and the body of its task."""
    from workers.sync import sync, sync_integration

    for id in ids:
        first = sync(id)
        assert first.error is None, first.error
    spent = {"sync": 0.0, "task": 0.0}
    for number in range(ROUNDS * len(ids)):
        id = ids[number % len(ids)]
        before = time.process_time()
        assert sync(id).error is None
        spent["sync"] += time.process_time() - before
        make_due(id)
        before = time.process_time()
        sync_integration(id)
        spent["task"] += time.process_time() - before
    return spent["sync"] / ROUNDS / len(ids) * 1000, spent["task"] / ROUNDS / len(ids) * 1000


def cost_of_syncs(pid: int, ids: list[int]) -> float:
    """CPU milliseconds of the worker for a sync with nothing new."""
    from bench.told import celery
    from models import db
    from models.integrations import Integration

    make_due()
    before = stage.cpu_seconds(family(pid))
    began = time.monotonic()
    for id in ids:
        celery.send_task("sync_integration", args=(id,), queue="sync")
    emptied()
    spent = stage.cpu_seconds(family(pid)) - before
    print(f"{len(ids)} syncs in {time.monotonic() - began:.1f} s")
    with db.transaction(reading=True):
        runs = [db.session.get_one(Integration, id) for id in ids]
        assert all(run.state == "ok" and run.next_sync_at and not run.is_due for run in runs), "a sync did not run"
    return spent / len(ids) * 1000


def main() -> None:
    parser = figures.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    stage.prepare()
    # Nobody listens for mail: what counts is the start.
    os.environ.update(SMTP_URL=f"smtp://127.0.0.1:{stage.free_port()}", LOG_LEVEL="ERROR")
    with roles.sandbox():
        measure(options.rounds)


def measure(rounds: int) -> None:
    import httpx

    from bench.told import _redis, celery

    _redis.flushdb()
    _, token = connect()
    ids = furnish(token)
    asked = {"resource": "search", "limit": 1_000_000}  # GitHub's quota would hold up a hundred syncs of one account
    httpx.post(f"{os.environ['SANDBOX_URL']}/github/_control/rate", json=asked).raise_for_status()
    with worker() as pid:
        for _ in range(20):  # until both processes have come up and imported all
            celery.send_task("bench_nothing", queue="default")
        emptied()
        time.sleep(1)
        ours, empty = latencies(rounds)
        figures.report("from commit to the task's start, p50", statistics.median(ours), "ms",
                       beside=("an empty task by hand", statistics.median(empty)), at_most=2)  # fmt: skip
        figures.report("from commit to the task's start, p95", statistics.quantiles(ours, n=20)[-1], "ms",
                       beside=("an empty task by hand", statistics.quantiles(empty, n=20)[-1]))  # fmt: skip
        nothing = cost_of_empty(pid)
        alone, task = costs_here(ids)
        whole = cost_of_syncs(pid, ids)
    figures.report("an empty task, CPU of the worker", nothing, "ms")
    figures.report("a sync with nothing new, CPU", alone, "ms")
    figures.report("a sync with nothing new, as a task, CPU", whole, "ms")
    beyond = nothing + task - alone
    figures.report("a sync's task beyond its sync, CPU", beyond, "ms", beside=("an empty task", nothing), at_most=3)


if __name__ == "__main__":
    main()
