"""How late a session's end is noticed: `python -m bench.bells [--sessions 20]`, with a real worker and beat.

Sessions of as many people end within a few seconds; the time from the planned end to the event that tells of it is
shown, with a worker that is there, and again after one that was killed with -9 while sessions ended.
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
from datetime import datetime, timedelta

from bench import figures, stage

BAR_SECONDS = 2.0
LOADING = 8.0
"""Seconds that a worker may take to load before sessions end that count as ended in its presence."""
_WORKER = (
    "celery", "--quiet", "-A", "celery_app:celery", "worker", "-Q", "default,sync,stats,mail", "--concurrency", "2",
    "--without-gossip", "--without-mingle",
)  # fmt: skip
_BEAT = ("celery", "--quiet", "-A", "celery_app:celery", "beat", "--scheduler", "redbeat.RedBeatScheduler")


def main() -> None:
    given = figures.parser(__doc__)
    given.add_argument("--sessions", type=int, default=20)
    count = given.parse_args().sessions
    os.environ.update(LOG_LEVEL="ERROR")
    stage.prepare()
    with role(_BEAT):
        with role(_WORKER) as worker:
            warm = sessions("warm", 1, 1.0, 0.0)
            while not told(warm):
                time.sleep(0.1)
            owners = sessions("present", count, 2.0, 5.0)
            late = [seconds for _, seconds in wait_for(owners)]
            report("the worker is there", late)
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        absent = sessions("absent", count // 2, 0.5, 2.0)
        time.sleep(3)
        began = time.time()
        with role(_WORKER):
            later = sessions("later", count // 2, LOADING, 4.0)
            after = [due.timestamp() + seconds - began for due, seconds in wait_for(absent)]
            figures.report("ended while no worker was there, told after its start", max(after), "s")
            report("after the restart", [seconds for _, seconds in wait_for(later)])


def report(when: str, late: list[float]) -> None:
    figures.report(f"{when}, {len(late)} sessions: median lateness", statistics.median(late), "s")
    figures.report(f"{when}, {len(late)} sessions: greatest lateness", max(late), "s", at_most=BAR_SECONDS)


def sessions(name: str, count: int, first: float, over: float) -> list[int]:
    """So many people whose session ends in `first` seconds and later, spread evenly; their ids."""
    import models.tables  # noqa: F401
    from models import db
    from models.clock import now
    from models.tasks import Task
    from models.users import User

    owners = []
    with db.transaction():
        for number in range(count):
            user = User.register(f"{name}{number}@example.com", None)
            session = Task.create(user.id, "Listen for the bell").start(1)
            session.ends_at = now() + timedelta(seconds=first + over * number / count)
            session.started_at = session.running_since = session.ends_at - timedelta(minutes=1)
            owners.append(user.id)
    return owners


def told(owners: list[int]) -> list[tuple[datetime, float]]:
    """When the sessions ended, and how many seconds later that was told."""
    from sqlalchemy import select

    from models import db
    from models.focus import FocusSession
    from models.live import LiveEvent

    with db.transaction(reading=True):
        rows = db.session.execute(
            select(FocusSession.ended_at, LiveEvent.created_at)
            .join(LiveEvent, LiveEvent.user_id == FocusSession.owner_id)
            .where(FocusSession.owner_id.in_(owners), LiveEvent.kind == "pomodoro_completed")
        ).all()
    return [(row.ended_at, (row.created_at - row.ended_at).total_seconds()) for row in rows]


def wait_for(owners: list[int], seconds: float = 40) -> list[tuple[datetime, float]]:
    deadline = time.monotonic() + seconds
    while len(found := told(owners)) < len(owners):
        assert time.monotonic() < deadline, f"{len(owners) - len(found)} sessions were never closed"
        time.sleep(0.2)
    return found


@contextlib.contextmanager
def role(command: tuple[str, ...]) -> Iterator[subprocess.Popen[bytes]]:
    """One of the Procfile's processes, until the block ends."""
    process = subprocess.Popen([sys.executable, "-m", *command], cwd=stage.ROOT, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
