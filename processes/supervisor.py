"""The supervisor: starts processes, passes on what they write, starts crashed ones again and ends all of them."""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from processes.child import Child
from processes.console import Console
from processes.guard import Guard, dying_with_its_parent

TICK = 0.1
GRACE = 5.0
"""Seconds that the processes have to end in good order. Nothing is lost by a kill: the truth is in the database."""
GIVE_UP = 5
"""Crashes in a row after which trying again is pointless, as long as Daybook has never been up."""


class Stopped(Exception):
    """Somebody asked Daybook to stop."""


class GaveUp(Exception):
    """A process does not come up."""


class Supervisor:
    """Runs children until told to stop. One thread: what it starts may ask to die with it."""

    def __init__(self, folder: Path, console: Console, parent: int | None = None) -> None:
        self._folder = folder
        self._console = console
        self._parent = parent
        self._stop = ""
        self._asked_at = 0.0
        self.gives_up = True
        self._children: list[Child] = []
        self._selector = selectors.DefaultSelector()
        self._guard = Guard()
        self._first = dying_with_its_parent()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked)

    def _asked(self, number: int, _frame: FrameType | None) -> None:
        if self._stop and time.monotonic() - self._asked_at > 1:  # asked again: at once, then
            for child in self._children:
                child.kill()
        self._stop, self._asked_at = signal.Signals(number).name, time.monotonic()

    def start(self, name: str, command: Sequence[str], *, lasting: bool = True) -> Child:
        """Run a process; a lasting one is started again whenever it ends."""
        child = Child(name, command, self._folder, lasting=lasting)
        self._children.append(child)
        self._launch(child)
        return child

    def run(self, name: str, command: Sequence[str]) -> None:
        """Run a process to its end; GaveUp where it fails."""
        child = self.start(name, command, lasting=False)
        self.wait(lambda: not child.running)
        self._children.remove(child)
        if child.status:
            raise GaveUp(f"{name} {child.ending}.")

    def wait(self, until: Callable[[], bool] = lambda: False, seconds: float = float("inf")) -> bool:
        """Look after the processes until something is so, or the time is up; Stopped where somebody asks for that."""
        deadline = time.monotonic() + seconds
        while not until():
            if time.monotonic() > deadline:
                return False
            self._read()
            self._revive()
            if self._console.closed:
                self._stop = "the end of its output"
            if self._parent is not None and os.getppid() != self._parent:
                self._stop = "the end of its parent"
            if self._stop:
                raise Stopped(self._stop)
        return True

    def close(self, last: Sequence[str] = ()) -> None:
        """End everything: all but `last` together, then those; what does not go in time is killed."""
        for group in ([c for c in self._children if c.name not in last], [c for c in self._children if c.name in last]):
            for child in group:
                child.ask_to_end()
            deadline = time.monotonic() + GRACE
            while time.monotonic() < deadline and not all(child.gone for child in group):
                self._read()
            for child in group:
                if child.running:
                    child.kill()
                    self._bury(child)
        self._guard.close()
        self._selector.close()

    def _launch(self, child: Child) -> None:
        child.start(self._guard, self._first)
        self._selector.register(child.output, selectors.EVENT_READ, child)

    def _read(self, tick: float = TICK) -> None:
        for key, _ in self._selector.select(tick):
            child: Child = key.data
            data = child.output.read(65536)
            if data:
                self._console.take(child.name, data)
            elif data is not None:  # None: nothing there after all
                self._selector.unregister(child.output)

    def _bury(self, child: Child) -> None:
        while data := child.output.read(65536):
            self._console.take(child.name, data)
        if child.output in self._selector.get_map():
            self._selector.unregister(child.output)
        self._console.finish(child.name)
        child.bury(self._guard)

    def _revive(self) -> None:
        self._guard.renew()
        for child in self._children:
            if child.ended:
                self._bury(child)
                if not child.lasting:
                    continue
                if self.gives_up and child.crashes >= GIVE_UP:
                    raise GaveUp(f"{child.name} {child.ending}, {child.crashes} times in a row.")
                self._console.say(f"{child.name} {child.ending}; it starts again in {child.pause:g} s")
            elif not child.running and child.lasting and time.monotonic() >= child.start_at:
                self._launch(child)
