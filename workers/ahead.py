"""Ahead: what comes next is asked for while what came is stored, so that neither waits for the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Each = TypeVar("Each")

_STEPS = 2
"""With one, the reader would rest while its page is stored, and both would compute at once afterwards."""


def ahead(source: Iterator[Each]) -> Generator[Each]:
    """The same members in the same order, the next two asked for in a thread while one is in use.

    All of `source` runs in that thread. What it raises is raised in its place, after all members before. Left early,
    nobody waits for what was asked for last; `source` is closed when it has come.
    """
    end: Any = object()
    thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
    coming: deque[Future[Each]] = deque(thread.submit(next, source, end) for _ in range(_STEPS))
    try:
        while (came := coming.popleft().result()) is not end:
            coming.append(thread.submit(next, source, end))
            yield came
    finally:
        for future in coming:
            future.cancel()
        if isinstance(source, Generator):
            thread.submit(source.close)
        thread.shutdown(wait=False)
