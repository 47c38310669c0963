"""REST requests at an even pace from a process of their own, each timed from the moment when it was due.

Unlike `bench.load`, which asks again as soon as it has an answer, this says what a request costs at a given load.
"""

from __future__ import annotations

import multiprocessing
import selectors
import statistics
import time
from collections import deque
from multiprocessing.connection import Connection

from bench.load import Load, _Connection


class Pace:
    """Requests that go on until it is stopped; every connection has one on its way at most."""

    def __init__(self, port: int, requests: list[bytes], per_second: float, connections: int = 16) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(
            target=_ask, args=(theirs, port, requests, per_second, connections), daemon=True
        )
        self._process.start()
        theirs.close()
        self._pipe.recv()

    def stop(self) -> Load:
        """End it; what came of it."""
        self._pipe.send("stop")
        load: Load = self._pipe.recv()
        self._process.join(10)
        return load


def _ask(pipe: Connection, port: int, requests: list[bytes], per_second: float, connections: int) -> None:
    selector = selectors.DefaultSelector()
    # In turns: one that rests for as long as the server keeps connections would be closed.
    free = deque(_Connection(port) for _ in range(connections))
    selector.register(pipe, selectors.EVENT_READ)
    for connection in free:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    pipe.send("ready")
    due: deque[float] = deque()
    began = time.perf_counter()
    number, taken, statuses = 0, list[float](), dict[int, int]()
    while True:
        while began + number / per_second <= time.perf_counter():
            due.append(began + number / per_second)
            number += 1
        while due and free:
            connection = free.popleft()
            connection.send(requests[len(taken) % len(requests)])
            connection.began = due.popleft()
        for key, _ in selector.select(max(0.0, began + number / per_second - time.perf_counter())):
            connection = key.data
            if connection is None:
                spent = time.perf_counter() - began
                cuts = statistics.quantiles(taken, n=100)
                pipe.send(Load(len(taken) / spent, cuts[49], cuts[94], cuts[98], statuses))
                return
            if connection.is_done():
                taken.append((time.perf_counter() - connection.began) * 1000)
                statuses[connection.status] = statuses.get(connection.status, 0) + 1
                free.append(connection)
