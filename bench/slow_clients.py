"""What clients that send slowly do to everybody else: `python -m bench.slow_clients [--clients 200] [--seconds 10]`.

Starts the web as gunicorn.conf.py says, once with greenlets (as on PostgreSQL) and once with threads (as on SQLite).
Slow clients open their connections and send a byte every five seconds; meanwhile one quick client asks /healthz over
a new connection each time. Neither needs a database to answer.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench import figures

ROOT = Path(__file__).resolve().parent.parent
DATABASES = {"gevent": "postgresql+psycopg://nobody@127.0.0.1:1/none", "gthread": "sqlite:///{folder}/none.sqlite3"}
HALF_SENT = {
    "header": b"GET /healthz HTTP/1.1\r\nHost: daybook\r\nX-Slow: ",
    "body": b"POST /tymblok/v1/auth/login HTTP/1.1\r\nHost: daybook\r\nContent-Type: application/json\r\n"
    b'Content-Length: 1000\r\n\r\n{"email": "',
}
PATIENCE = 2.0
"""Seconds after which a quick client counts its request as not answered."""


@dataclass
class Seen:
    """What the quick client saw."""

    milliseconds: list[float] = field(default_factory=list)
    unanswered: int = 0

    @property
    def share(self) -> float:
        """Of the requests, how many were answered in time."""
        return len(self.milliseconds) / max(1, len(self.milliseconds) + self.unanswered)

    def __str__(self) -> str:
        asked = len(self.milliseconds) + self.unanswered
        if len(self.milliseconds) < 2:
            return f"{len(self.milliseconds)} of {asked} answered"
        p95 = statistics.quantiles(self.milliseconds, n=20)[-1]
        p50, worst = statistics.median(self.milliseconds), max(self.milliseconds)
        figures = f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, worst {worst:.1f} ms"
        return f"{len(self.milliseconds)} of {asked} answered, {figures}"


@contextlib.contextmanager
def web(worker: str) -> Iterator[int]:
    """The web alone, on a port of its own."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        environment = os.environ | {
            "DATABASE_URL": DATABASES[worker].format(folder=folder),
            "VAR_DIR": folder,
            "PORT": str(port),
            "LOG_LEVEL": "ERROR",
        }
        command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:application"]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        try:
            deadline = time.monotonic() + 60
            while not ask(port):
                if time.monotonic() > deadline or process.poll() is not None:
                    raise RuntimeError("the web did not come up")
                time.sleep(0.1)
            yield port
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: the slow clients would hold a graceful end
            process.wait(30)


def ask(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextlib.contextmanager
def slow_clients(port: int, count: int, part: str) -> Iterator[None]:
    """So many connections, each half-way through a header or a body and going on a byte every five seconds."""
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    for connection in connections:
        connection.sendall(HALF_SENT[part])
    done = threading.Event()

    def trickle() -> None:
        while not done.wait(5):
            for connection in connections:
                with contextlib.suppress(OSError):
                    connection.send(b"a")

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        for connection in connections:
            connection.close()


def measure(port: int, seconds: float) -> Seen:
    """Ask one request after another for some seconds."""
    seen, end = Seen(), time.monotonic() + seconds
    while time.monotonic() < end:
        started = time.perf_counter()
        if ask(port):
            seen.milliseconds.append((time.perf_counter() - started) * 1000)
        else:
            seen.unanswered += 1
        time.sleep(0.01)
    return seen


def main() -> None:
    parser = figures.parser(__doc__)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    given = parser.parse_args()
    for worker in DATABASES:
        with web(worker) as port:
            alone = measure(port, given.seconds)
            print(f"{worker:8} no slow clients: {alone}", flush=True)
            for part in HALF_SENT:
                with slow_clients(port, given.clients, part):
                    time.sleep(1)
                    seen = measure(port, given.seconds)
                about = f"{given.clients} clients with half a {part}, {worker}"
                print(f"{about}: {seen}", flush=True)
                bar = 1.0 if worker == "gevent" else None  # threads need a proxy that buffers, as documented
                figures.report(f"{about}: others answered", seen.share, at_least=bar)
                if seen.milliseconds and alone.milliseconds:
                    figures.report(f"{about}: others' p50", statistics.median(seen.milliseconds), "ms",
                                   beside=("without them", statistics.median(alone.milliseconds)))  # fmt: skip


if __name__ == "__main__":
    main()
