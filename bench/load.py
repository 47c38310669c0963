"""A load generator on plain sockets: keep-alive connections in one process, each asking the next request in turn."""

from __future__ import annotations

import selectors
import socket
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """What came of it. Latencies in milliseconds."""

    rate: float
    p50: float
    p95: float
    p99: float
    statuses: dict[int, int]

    def __str__(self) -> str:
        times = f"p50 {self.p50:6.1f}  p95 {self.p95:6.1f}  p99 {self.p99:6.1f} ms"
        return f"{self.rate:8.0f} req/s   {times}   {self.statuses}"


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.began = 0.0

    def send(self, request: bytes) -> None:
        self.received = b""
        self.began = time.perf_counter()
        self.socket.sendall(request)

    def is_done(self) -> bool:
        part = self.socket.recv(262_144)
        if not part:
            raise ConnectionError("closed by the server")
        self.received += part
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found:
            return False
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        return len(body) >= length

    @property
    def status(self) -> int:
        return int(self.received[9:12])


def get(path: str, token: str = "") -> bytes:
    """A GET request's bytes."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def run(port: int, requests: Sequence[bytes], connections: int = 16, seconds: float = 3.0) -> Load:
    """Ask for so many seconds over so many connections."""
    selector = selectors.DefaultSelector()
    turn = 0
    for _ in range(connections):
        connection = _Connection(port)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(requests[turn % len(requests)])
        turn += 1
    taken: list[float] = []
    statuses: dict[int, int] = {}
    began = time.perf_counter()
    end = began + seconds
    while time.perf_counter() < end:
        for key, _ in selector.select(1):
            connection = key.data
            if connection.is_done():
                taken.append((time.perf_counter() - connection.began) * 1000)
                statuses[connection.status] = statuses.get(connection.status, 0) + 1
                connection.send(requests[turn % len(requests)])
                turn += 1
    spent = time.perf_counter() - began
    for key in list(selector.get_map().values()):
        key.data.socket.close()
    cuts = statistics.quantiles(taken, n=100)
    return Load(len(taken) / spent, cuts[49], cuts[94], cuts[98], statuses)
