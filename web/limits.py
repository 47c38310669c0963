"""Rate limits: fixed windows of a minute, counted in Redis by one script, in this process when Redis is away.

One round trip for each request; a Redis that hangs costs a quarter of a second once, then nothing for two seconds.
"""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass
from typing import Any

import redis

from settings import settings
from web.shape import Limit

WINDOW = 60
_SCRIPT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return count
"""
_SHA = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()
_BEFORE_KEY = b"*5\r\n$7\r\nEVALSHA\r\n$40\r\n%s\r\n$1\r\n1\r\n" % _SHA.encode()
_AFTER_KEY = b"$%d\r\n%d\r\n" % (len(str(WINDOW + 5)), WINDOW + 5)
_PAUSE = 2.0


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands: the limit, what is left, and the Unix time when the window ends."""

    limit: int
    remaining: int
    reset: int
    is_over: bool

    @property
    def headers(self) -> dict[str, str]:
        shown = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }
        if self.is_over:
            shown["Retry-After"] = str(max(1, self.reset - int(time.time())))
        return shown


class Counter:
    """Counts of the present minute."""

    def __init__(self, url: str) -> None:
        self._pool = redis.ConnectionPool.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25, retry=None)
        self._idle: list[Any] = []
        self._away_until = 0.0
        self._local: dict[str, int] = {}
        self._local_window = 0
        self._lock = threading.Lock()

    def take(self, limit: Limit, who: str) -> Standing:
        """Count one request."""
        window = int(time.time()) // WINDOW
        key = f"limit:{limit.bucket}:{who}:{window}"
        count = self._count(key, window)
        return Standing(
            limit.per_minute, max(0, limit.per_minute - count), (window + 1) * WINDOW, count > limit.per_minute
        )

    def _count(self, key: str, window: int) -> int:
        if time.monotonic() >= self._away_until:
            try:
                return self._ask(key)
            except (redis.RedisError, OSError):
                self._away_until = time.monotonic() + _PAUSE
        with self._lock:
            if window != self._local_window:
                self._local.clear()
                self._local_window = window
            self._local[key] = self._local.get(key, 0) + 1
            return self._local[key]

    def _ask(self, key: str) -> int:
        """One round trip on a connection of our own; the client's pool spends as long again on asking the socket."""
        try:
            connection: Any = self._idle.pop()
        except IndexError:
            connection = self._pool.make_connection()
        is_new = connection._sock is None
        try:
            count = _run(connection, key)
        except redis.ConnectionError:
            connection.disconnect()
            if is_new:
                raise
            self._idle.clear()  # Redis was restarted: all that rested are dead
            count = _run(connection, key)
        except BaseException:
            connection.disconnect()  # an answer may still be on its way
            raise
        self._idle.append(connection)
        return count


def _run(connection: Any, key: str) -> int:
    # The same command each time but for its key: packed by hand, in Redis' own form.
    command = b"%s$%d\r\n%s\r\n%s" % (_BEFORE_KEY, len(key), key.encode(), _AFTER_KEY)
    connection.send_packed_command((command,), check_health=False)
    try:
        return int(connection.read_response(disable_decoding=True))
    except redis.exceptions.NoScriptError:
        connection.send_command("EVAL", _SCRIPT, 1, key, WINDOW + 5)
        return int(connection.read_response())


def fingerprint(text: str) -> str:
    """A short name for a caller that tells nothing in Redis."""
    return hashlib.blake2b(text.encode(), digest_size=9).hexdigest()


counter = Counter(settings.redis_url)
