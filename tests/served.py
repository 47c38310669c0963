"""The web as gunicorn serves it, in processes of its own, over the tests' own database and Redis."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from settings import ROOT
from tests.product import free_ports


@dataclass(frozen=True, slots=True)
class Served:
    """A running web: `http` and `ws` addresses, and the process that answers."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}"


@contextmanager
def served(**settings: str) -> Iterator[Served]:
    """Start the web with some settings changed; leaving the block ends it."""
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="daybook-served-") as folder:
        environment = os.environ | {"PORT": str(port), "VAR_DIR": folder, "WEB_WORKERS": "1"} | settings
        command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:application"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)
        web = Served(port, process)
        try:
            _wait(web)
            yield web
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(web: Served, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if httpx.get(f"{web.http}/livez", timeout=2).status_code < 500:
                return
        except httpx.TransportError:
            pass
        if time.monotonic() > deadline or web.process.poll() is not None:
            raise TimeoutError("the web does not answer")
        time.sleep(0.1)
