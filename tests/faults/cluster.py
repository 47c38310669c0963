"""A PostgreSQL and a Redis of one's own, which may be killed, frozen and started again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg
import redis

from tests.product import free_ports

SERVER_USER = "postgres"
"""PostgreSQL refuses to run as root; where the tests do, it runs as this user."""


def binary(name: str) -> str | None:
    """Where a program of PostgreSQL lies, also where Debian keeps it out of the PATH."""
    beside = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return str(beside[0]) if beside else shutil.which(name)


def missing() -> str:
    """Why no cluster can be made here; empty where one can."""
    if binary("initdb") is None or binary("pg_ctl") is None:
        return "there is no initdb of PostgreSQL"
    return "" if shutil.which("redis-server") else "there is no redis-server"


def family(process: int) -> list[int]:
    """The children of a process, as they are now (Linux)."""
    with contextlib.suppress(OSError):
        return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return []


class Postgres:
    """A cluster in a folder of its own, with fsync as in production."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "postgres"
        (self.port,) = free_ports(1)
        self.url = f"postgresql+psycopg://daybook@127.0.0.1:{self.port}/daybook"
        self._as = {"user": SERVER_USER, "group": SERVER_USER, "extra_groups": []} if os.geteuid() == 0 else {}
        self.folder.mkdir()
        if self._as:
            folder.chmod(0o755)
            shutil.chown(self.folder, SERVER_USER, SERVER_USER)
        self._run("initdb", "--username=daybook", "--auth=trust", "--encoding=UTF8", "-D", str(self.folder))

    def _run(self, name: str, *arguments: str) -> None:
        subprocess.run(
            [binary(name) or name, *arguments], check=True, cwd="/", stdout=subprocess.DEVNULL, **self._as,
        )  # fmt: skip

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200"
        deadline = time.monotonic() + 30
        while True:
            try:
                self._run("pg_ctl", "start", "-w", "-D", str(self.folder), "-l", f"{self.folder}/log", "-o", options)
                return
            except subprocess.CalledProcessError:  # remains of the killed one may hold its shared memory a moment
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def create(self, name: str = "daybook") -> str:
        """Make an empty database; its address."""
        with self.connect("postgres") as connection:
            connection.autocommit = True
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url.rpartition("/")[0] + f"/{name}"

    def connect(self, name: str = "daybook") -> psycopg.Connection:
        return psycopg.connect(f"postgresql://daybook@127.0.0.1:{self.port}/{name}", connect_timeout=3)

    def kill(self) -> None:
        """kill -9 of the server and of every backend at once, as when the machine goes."""
        server = int((self.folder / "postmaster.pid").read_text().split()[0])
        for process in [server, *family(server)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def stop(self) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "stop", "-m", "immediate", "-D", str(self.folder))


class Redis:
    """A redis-server that appends to a file, as docs/operations.md asks for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "redis"
        self.folder.mkdir()
        (self.port,) = free_ports(1)
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [
            "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--appendonly",
            "yes", "--maxmemory-policy", "noeviction", "--save", "", "--loglevel", "warning",
        ]  # fmt: skip
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(redis.RedisError):
                redis.Redis.from_url(self.url, socket_timeout=1).ping()
                return
            time.sleep(0.05)
        raise TimeoutError("redis-server does not answer")

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
