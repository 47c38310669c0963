"""The guard ends what the supervisor started when the supervisor itself was killed and could not.

It is a fork that reads a pipe whose other end only the supervisor holds: when the pipe ends, the supervisor is gone,
however it went. That works alike on Linux and macOS and reaches grandchildren, which `PR_SET_PDEATHSIG` does not.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Collection

PATIENCE = 2.5
"""Seconds between asking a process group to end and making it end."""

PR_SET_PDEATHSIG = 1


class Guard:
    """Watches over process groups on behalf of the process that made it."""

    def __init__(self) -> None:
        self._groups: set[int] = set()
        self._fork()

    def _fork(self) -> None:
        told, self._tell = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._tell)
            _watch(told)
        os.close(told)
        for group in self._groups:
            self._say("+", group)

    def _say(self, sign: str, group: int) -> None:
        with contextlib.suppress(BrokenPipeError):  # a dead guard is told everything when it is made anew
            os.write(self._tell, f"{sign}{group}\n".encode())

    def add(self, group: int) -> None:
        self._groups.add(group)
        self._say("+", group)

    def remove(self, group: int) -> None:
        self._groups.discard(group)
        self._say("-", group)

    def renew(self) -> None:
        """Put another guard in place of one that was killed."""
        if os.waitpid(self.pid, os.WNOHANG)[0]:
            os.close(self._tell)
            self._fork()

    def close(self) -> None:
        """Let the guard go; what it still watches over is ended."""
        os.close(self._tell)
        os.waitpid(self.pid, 0)


def _watch(told: int) -> None:
    """The guard's whole life; never returns."""
    os.setsid()  # out of reach of the terminal's Ctrl-C and of a signal to the supervisor's group
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    groups: set[int] = set()
    try:
        with os.fdopen(told, "rb") as lines:
            for line in lines:
                group = int(line[1:])
                if line.startswith(b"+"):
                    groups.add(group)
                else:
                    groups.discard(group)
        end(groups)
    finally:
        os._exit(0)


def end(groups: Collection[int], patience: float = PATIENCE) -> None:
    """Ask process groups to end, and kill what is left of them after `patience` seconds."""
    signal_groups(groups, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and any(lives(group) for group in groups):
        time.sleep(0.05)
    signal_groups(groups, signal.SIGKILL)


def signal_groups(groups: Collection[int], number: signal.Signals) -> None:
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says EPERM of a group of zombies
            os.killpg(group, number)


def lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def dying_with_its_parent() -> Callable[[], None] | None:
    """What a child does first (`preexec_fn`) to be told when its parent dies; Linux only, elsewhere the guard does."""
    if not sys.platform.startswith("linux"):
        return None
    libc, parent = ctypes.CDLL(None), os.getpid()

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return ask
