"""The whole of Daybook as `make run` starts it, on free ports and with data of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from settings import ROOT, Settings


class Product:
    """A supervisor and everything it starts; leaving the block ends it."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        web, valkey, sandbox, smtp = free_ports(4)
        self.url = f"http://127.0.0.1:{web}"
        self.settings = {
            "VAR_DIR": str(folder),
            "PORT": str(web),
            "VALKEY_PORT": str(valkey),
            "SANDBOX_URL": f"http://127.0.0.1:{sandbox}",
            "SANDBOX_SMTP_PORT": str(smtp),
        } | settings
        self._started_at = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Ours, without the settings that somebody made for himself or for the tests."""
        others = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
        return others | self.settings

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Run `cli.py up`, or another command that does."""
        with (self.folder / "up.log").open("ab") as log:
            self._started_at = len(self.log())
            self.process = subprocess.Popen(
                command or [sys.executable, "cli.py", "up"], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.environment,
            )  # fmt: skip
        return self.process

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the supervisor a signal and return its exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(30)

    def wait_until_it_serves(self, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        # What an earlier, killed one started may answer for another moment: its own word is waited for.
        while "Daybook serves" not in self.log()[self._started_at :] or self.status("/healthz") != 200:
            if time.monotonic() > deadline or (self.process and self.process.poll() is not None):
                raise TimeoutError(f"Daybook does not serve at {self.url}. It wrote:\n{self.log()}")
            time.sleep(0.05)

    def status(self, path: str, body: object = None) -> int:
        """The status that a GET, or a POST of a JSON body, is answered with; 0 where nothing answers."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def log(self) -> str:
        return (self.folder / "up.log").read_text(errors="replace")

    def processes(self) -> dict[int, str]:
        """What still lives of everything that was started, found by its environment: pid -> command line (Linux)."""
        found = {}
        for entry in Path("/proc").iterdir():
            try:
                if f"VAR_DIR={self.folder}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (OSError, ValueError):
                continue
        return {process: line for process, line in found.items() if line}  # a zombie has no command line

    def wait_until_all_are_gone(self, seconds: float) -> float:
        """Seconds that it took until nothing was left; AssertionError where something stays."""
        started = time.monotonic()
        while left := self.processes():
            assert time.monotonic() - started < seconds, f"still there after {seconds} s: {left}"
            time.sleep(0.05)
        return time.monotonic() - started

    def __enter__(self) -> Product:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process and self.process.poll() is None:
            self.stop()


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses just now."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
