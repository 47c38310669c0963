"""psycopg in gevent's loop. Its own wait goes through the patched `select.poll`, which costs more than the query."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

_READ, _WRITE = 1, 2  # both psycopg's Wait and Ready, and libev's events


def take_over_waiting() -> None:
    """Have psycopg wait with one watcher of gevent's loop; call once in a patched process, before connecting."""
    from gevent import get_hub
    from psycopg import waiting

    polling = waiting.wait

    def wait(gen: Generator[Any, Any, Any], fileno: int, interval: float = 0.0, timeout: float | None = None) -> Any:
        if timeout is not None:
            return polling(gen, fileno, interval, timeout)
        try:
            wanted = next(gen)
            while True:
                if wanted in (_READ, _WRITE):
                    watcher = get_hub().loop.io(fileno, wanted)
                    try:
                        get_hub().wait(watcher)
                    finally:
                        watcher.close()
                    wanted = gen.send(wanted)
                else:  # a long statement that cannot be sent at once: who can tell which of the two it was
                    return polling(_resumed(gen, wanted), fileno, interval)
        except StopIteration as done:
            return done.value

    waiting.wait = wait


def _resumed(gen: Generator[Any, Any, Any], wanted: int) -> Generator[Any, Any, Any]:
    """The same generator, from the wait that it stands at."""
    try:
        while True:
            wanted = gen.send((yield wanted))
    except StopIteration as done:
        return done.value
