"""A reload without a gap: the old web processes serve until the new ones have loaded the application.

gunicorn ends the old ones as soon as the new ones are forked. Without preloading these then load for seconds, while
requests wait in the socket's queue, many of them for longer than their clients do.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

LONGEST_WAIT = 60.0
"""Seconds after which the old ones go all the same; a process that loads for longer does not come."""


def say_ready(folder: Path, process: int) -> None:
    """A web process has loaded the application."""
    _mark(folder, process).touch()


def forget(folder: Path, process: int) -> None:
    """A web process is gone."""
    _mark(folder, process).unlink(missing_ok=True)


def keep_old(server: Any, folder: Path) -> None:
    """Have this reload of gunicorn's master end the old processes only once the new ones are ready."""
    old = set(server.WORKERS)

    def manage_workers() -> None:
        del server.manage_workers  # this once; from here on it is the class's own again
        _wait_for(set(server.WORKERS) - old, folder)
        server.manage_workers()

    server.manage_workers = manage_workers


def _wait_for(processes: Iterable[int], folder: Path) -> None:
    deadline = time.monotonic() + LONGEST_WAIT
    for process in processes:
        while not _mark(folder, process).exists() and _lives(process) and time.monotonic() < deadline:
            time.sleep(0.05)


def _mark(folder: Path, process: int) -> Path:
    return folder / f"ready-{process}"


def _lives(process: int) -> bool:
    """Whether a child of this process has not ended; one that has, and was not yet buried, has."""
    return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
