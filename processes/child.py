"""One process that the supervisor runs: its command, its output, its end and when it may start again."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, cast

from processes.guard import Guard, lives, signal_groups

LONGEST_PAUSE = 30.0
"""Seconds between two starts of a process that keeps crashing."""
STEADY = 10.0
"""A process that ran this many seconds has started well: its next crash is counted from one again."""


class Child:
    """A process in a group of its own, so that one signal reaches it and everything it started."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, *, lasting: bool = True) -> None:
        self.name = name
        self.command = list(command)
        self.folder = folder
        self.lasting = lasting
        self.status: int | None = None
        self.crashes = 0
        self.start_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0

    def start(self, guard: Guard, first: Callable[[], None] | None) -> None:
        self.status = None
        self._started = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603 - the commands are our own
            self.command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"}, process_group=0, preexec_fn=first, bufsize=0,
        )  # fmt: skip
        os.set_blocking(self.output.fileno(), False)
        guard.add(self.process.pid)

    @property
    def running(self) -> bool:
        """Whether it was started and not yet buried."""
        return self._process is not None

    @property
    def ended(self) -> bool:
        """Whether it has ended and waits to be buried."""
        return self._process is not None and self._process.poll() is not None

    @property
    def gone(self) -> bool:
        """Whether it and everything it started has ended."""
        return self._process is None or (self.ended and not lives(self._process.pid))

    @property
    def process(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"{self.name} does not run")
        return self._process

    @property
    def output(self) -> IO[bytes]:
        return cast(IO[bytes], self.process.stdout)

    def ask_to_end(self) -> None:
        """Ask the process itself, which ends its own children in good order."""
        if self._process is not None:
            self._process.terminate()

    def kill(self) -> None:
        """Kill it and everything it started."""
        if self._process is not None:
            signal_groups([self._process.pid], signal.SIGKILL)

    def bury(self, guard: Guard) -> None:
        """Note how it ended and when it may start again; what it left behind is killed, for that holds its ports."""
        self.kill()
        guard.remove(self.process.pid)
        self.output.close()
        self.status = self.process.wait()
        self.crashes = 1 if time.monotonic() - self._started > STEADY else self.crashes + 1
        self.start_at = time.monotonic() + self.pause
        self._process = None

    @property
    def pause(self) -> float:
        """Seconds to wait before the next start: 0.5, 1, 2, 4 … 30."""
        return min(0.25 * 2**self.crashes, LONGEST_PAUSE)

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        if self.status is not None and self.status < 0:
            return f"was ended by {signal.Signals(-self.status).name}"
        return f"ended with status {self.status}"
