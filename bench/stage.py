"""Where the measurements take place: a PostgreSQL or SQLite database of their own, and the real server on it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
POSTGRESQL = os.environ.get("BENCH_DATABASE_URL", "postgresql+psycopg://root@127.0.0.1/daybook_bench")
REDIS = os.environ.get("BENCH_REDIS_URL", "redis://127.0.0.1:6379/9")


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prepare(database: str = "postgresql") -> None:
    """Point this process's settings at an empty, migrated database; call before anything of Daybook is imported."""
    empty(database)
    subprocess.run([sys.executable, "cli.py", "migrate"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def empty(database: str = "postgresql") -> None:
    """Point this process's settings at a database without tables."""
    folder = tempfile.mkdtemp(prefix="daybook-bench-")
    url = POSTGRESQL if database == "postgresql" else f"sqlite:///{folder}/bench.sqlite3"
    os.environ.update(
        DATABASE_URL=url,
        REDIS_URL=REDIS,
        ARGON2_PROFILE="test",
        VAR_DIR=folder,
        DAYBOOK_ENV="development",
    )
    if database == "postgresql":
        from sqlalchemy import create_engine, make_url, text

        address = make_url(url)
        with create_engine(address.set(database="postgres"), isolation_level="AUTOCOMMIT").connect() as admin:
            admin.execute(text(f'DROP DATABASE IF EXISTS "{address.database}" WITH (FORCE)'))
            admin.execute(text(f'CREATE DATABASE "{address.database}"'))


@dataclass(frozen=True)
class Server:
    """A running gunicorn."""

    port: int
    pid: int

    @property
    def cpu_seconds(self) -> float:
        """User and system time of all its workers so far; it moves far less with other load than req/s do."""
        workers = subprocess.run(["pgrep", "-P", str(self.pid)], stdout=subprocess.PIPE, check=True).stdout.split()
        return cpu_seconds([int(pid) for pid in workers])


@contextlib.contextmanager
def server(application: str = "wsgi:application", **environment: str) -> Iterator[Server]:
    """gunicorn as gunicorn.conf.py has it, on a port of its own, until the block ends."""
    port = free_port()
    given = {**os.environ, "PORT": str(port), "PUBLIC_URL": f"http://127.0.0.1:{port}", **environment}
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", application]
    log = Path(given["VAR_DIR"]) / f"web-{port}.log"  # writing it is part of a request's cost
    with log.open("ab") as lines:
        process = subprocess.Popen(
            command, cwd=ROOT, env=given, stdout=lines, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1)
                break
            time.sleep(0.05)
        yield Server(port, process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


def cpu_seconds(pids: list[int]) -> float:
    """User and system time that processes have used."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def peak_megabytes(pid: int) -> float:
    """The most memory that a process ever held."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0
