"""Carrying live events to the processes that hold the sockets, through Redis, without ever waiting for it.

The rows are the truth. What cannot be published is dropped here, and found by the sockets' own look at the rows.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from typing import Any

import orjson
import redis

from models.api_keys import ApiKeyRevoked
from models.live import LiveEventWritten
from models.logins import LoginEnded
from models.users import UserDeleted
from settings import settings

log = logging.getLogger(__name__)
_PAUSE = 1.0
_waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
_MOST_WAITING = 10_000
_started: int | None = None
_lock = threading.Lock()


def connect(timeout: float) -> redis.Redis:
    """A client that gives up after so many seconds."""
    return redis.Redis.from_url(
        settings.redis_url, socket_timeout=timeout, socket_connect_timeout=timeout, health_check_interval=10
    )


def channel() -> str:
    """Where live events are published. Redis shares channels between its numbered databases; this name does not."""
    return f"daybook:live:{redis.connection.parse_url(settings.redis_url).get('db', 0)}"


def carry_event(fact: LiveEventWritten) -> None:
    """Tell all processes that there is something new for one user."""
    _publish({"event": fact.event_id, "user": fact.user_id, "kind": fact.kind, "data": fact.data})


def carry_farewell(fact: LoginEnded | ApiKeyRevoked | UserDeleted) -> None:
    """Tell all processes whose sockets must close."""
    if isinstance(fact, LoginEnded):
        _publish({"farewell": str(fact.login_uid)})
    elif isinstance(fact, ApiKeyRevoked):
        _publish({"farewell": str(fact.key_uid)})
    else:
        _publish({"farewell": fact.user_id})


def _publish(message: dict[str, Any]) -> None:
    _start()
    if _waiting.qsize() < _MOST_WAITING:
        _waiting.put(orjson.dumps(message))


def _start() -> None:
    global _started
    if _started == os.getpid():
        return
    with _lock:
        if _started != os.getpid():  # a forked child has the module, but not the thread
            _started = os.getpid()
            threading.Thread(target=_run, name="live-publisher", daemon=True).start()


def _run() -> None:
    client, name = connect(1.0), channel()
    away_until = 0.0
    while True:
        message = _waiting.get()
        if time.monotonic() < away_until:
            continue
        try:
            client.publish(name, message)
        except redis.RedisError as error:
            away_until = time.monotonic() + _PAUSE
            log.warning("live events cannot be published", extra={"reason": str(error)})
        except Exception:
            log.exception("a live event was lost on the way")
