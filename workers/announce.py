"""Telling workers that something is due, without ever waiting for the broker.

A thread of each process publishes; what it cannot publish is dropped, since the row stays due and a tick finds it.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time

from kombu.exceptions import OperationalError

from celery_app import celery

log = logging.getLogger(__name__)
_PAUSE = 5.0
_waiting: queue.Queue[tuple[str, tuple[int, ...], str]] = queue.Queue(maxsize=10_000)
_started: int | None = None
_lock = threading.Lock()


def announce(task: str, *args: int, queue_name: str = "default") -> None:
    """Have a worker run this task soon."""
    _start()
    try:
        _waiting.put_nowait((task, args, queue_name))
    except queue.Full:
        log.warning("announcement dropped", extra={"task": task})


def _start() -> None:
    global _started
    with _lock:
        if _started != os.getpid():  # a forked child has the module, but not the thread
            _started = os.getpid()
            threading.Thread(target=_publish, name="announce", daemon=True).start()


def _publish() -> None:
    away_until = 0.0
    while True:
        task, args, queue_name = _waiting.get()
        if time.monotonic() < away_until:
            continue
        try:
            _send(task, args, queue_name)
        except (OperationalError, OSError) as error:
            away_until = time.monotonic() + _PAUSE
            log.warning("the broker does not answer", extra={"reason": str(error)})
        except Exception:
            log.exception("announcement failed", extra={"task": task})


def _send(task: str, args: tuple[int, ...], queue_name: str) -> None:
    try:
        celery.send_task(task, args=args, queue=queue_name, retry=False)
    except (OperationalError, OSError):
        # A broker that was started again shows only as a broken connection, once in each process.
        celery.send_task(task, args=args, queue=queue_name, retry=False)
