"""Requests at their times, however long the answers take: latency counts from when a request was due, not from when it
could be sent, so a server that stalls does not slow its own clients down.
"""

from __future__ import annotations

import selectors
import socket
import statistics
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Due:
    """A request: seconds from the beginning, its kind, its bytes, and whose connection it takes from which address."""

    at: float
    kind: str
    request: bytes
    client: int = 0
    address: str = "127.0.0.1"


@dataclass
class Seen:
    """What came of one kind. Milliseconds; -1 stands for a connection that was cut."""

    milliseconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def percentile(self, percent: int) -> float:
        return statistics.quantiles(self.milliseconds, n=100)[percent - 1]

    def __str__(self) -> str:
        cuts = "  ".join(f"p{percent} {self.percentile(percent):.0f}" for percent in (50, 95, 99))
        worst = max(self.milliseconds)
        return f"{len(self.milliseconds)} requests  {cuts}  worst {worst:.0f} ms  {dict(self.statuses)}"


class _Connection:
    """One connection that answers one request after the other."""

    def __init__(self, port: int, address: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(address, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due: Due | None = None
        self.received = b""

    def take(self) -> int | None:
        """Read what there is; the status once the answer is whole."""
        part = self.socket.recv(262_144)
        if not part:
            return -1
        self.received += part
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found:
            return None
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        return int(head[9:12]) if len(body) >= int(length or b"0") else None


def run(port: int, plan: Iterable[Due], patience: float = 30.0) -> dict[str, Seen]:
    """Send what is due when it is due, each client over as many connections as that takes; what came of each kind."""
    waiting = sorted(plan, key=lambda due: due.at)
    seen: dict[str, Seen] = defaultdict(Seen)
    idle: dict[tuple[str, int], list[tuple[float, _Connection]]] = defaultdict(list)
    selector = selectors.DefaultSelector()
    turn, open_ = 0, 0
    began = time.perf_counter()
    while turn < len(waiting) or open_:
        moment = time.perf_counter() - began
        if turn == len(waiting) and moment > waiting[-1].at + patience:
            raise TimeoutError(f"{open_} requests were not answered within {patience:.0f} s")
        while turn < len(waiting) and waiting[turn].at <= moment:
            due = waiting[turn]
            turn += 1
            connection = _free(idle[due.address, due.client], port, due.address, moment)
            connection.due, connection.received = due, b""
            connection.socket.sendall(due.request)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            open_ += 1
        pause = waiting[turn].at - (time.perf_counter() - began) if turn < len(waiting) else 0.5
        for key, _ in selector.select(max(0.0, pause)):
            connection = key.data
            status = connection.take()
            if status is None:
                continue
            now = time.perf_counter() - began
            due = connection.due
            kind = seen[due.kind]
            kind.milliseconds.append((now - due.at) * 1000)
            kind.statuses[status] += 1
            selector.unregister(connection.socket)
            open_ -= 1
            if status == -1:
                connection.socket.close()
            else:
                idle[due.address, due.client].append((now, connection))
    for rested in idle.values():
        for _, connection in rested:
            connection.socket.close()
    return dict(seen)


def _free(idle: list[tuple[float, _Connection]], port: int, address: str, moment: float) -> _Connection:
    """The connection that was used last, if the server cannot have closed it yet, or a new one."""
    while idle:
        used_at, connection = idle.pop()
        if moment - used_at < 3.0:  # the server keeps an idle one for five seconds
            return connection
        connection.socket.close()
    return _Connection(port, address)
