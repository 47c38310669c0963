"""What `make run` writes: every line of every process, with the name of the process before it."""

from __future__ import annotations

import os
import sys

COLOURS = (36, 32, 33, 35, 34, 31)
LONGEST_LINE = 256 * 1024


class Console:
    """One writer for many processes; lines never mix."""

    def __init__(self) -> None:
        self._out = sys.stdout.buffer
        self._coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._colours: dict[str, int] = {}
        self._unfinished: dict[str, bytes] = {}
        self.closed = False

    def say(self, text: str) -> None:
        """Write what Daybook itself has to say, set off from the processes' lines."""
        for line in text.splitlines():
            self._write("daybook", line.encode())
        self._flush()

    def take(self, name: str, data: bytes) -> None:
        """Write the whole lines in what a process wrote, and keep the rest until its line ends."""
        *lines, rest = (self._unfinished.pop(name, b"") + data).split(b"\n")
        if len(rest) > LONGEST_LINE:
            lines, rest = [*lines, rest], b""
        for line in lines:
            self._write(name, line)
        if rest:
            self._unfinished[name] = rest
        self._flush()

    def finish(self, name: str) -> None:
        """Write what a process left without a line's end."""
        if rest := self._unfinished.pop(name, b""):
            self._write(name, rest)
            self._flush()

    def _write(self, name: str, line: bytes) -> None:
        label = f"{name:<8}| "
        if self._coloured:
            colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
            label = f"\033[{colour}m{label}\033[0m"
        self._put(label.encode() + line.rstrip(b"\r") + b"\n")

    def _put(self, data: bytes) -> None:
        if not self.closed:
            try:
                self._out.write(data)
            except BrokenPipeError:  # whoever read us is gone
                self.closed = True

    def _flush(self) -> None:
        if not self.closed:
            try:
                self._out.flush()
            except BrokenPipeError:
                self.closed = True
