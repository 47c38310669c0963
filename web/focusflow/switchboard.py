"""Who in this process listens to live events, and how these get here.

One subscriber of Redis for each process, whatever the number of sockets. Beside it the rows themselves are looked at:
every few seconds to find what Redis lost, every second while Redis is away. So events come late at worst, never not.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import redis
from prometheus_client import Gauge

from models import db
from models.db import Record
from models.departures import MEMBERSHIP_ENDED
from models.live import newest_id, written_after
from models.logins import alive_among
from workers.live import channel, connect

log = logging.getLogger(__name__)
SOCKETS = Gauge("daybook_live_sockets", "Open live connections", ("contract",), multiprocess_mode="livesum")
MOST_WAITING = 100
"""Frames that may wait for one reader; one who is slower than that is closed, not waited for."""
LONGEST_SEND = 15.0
LOOK_SECONDS, LOOK_SECONDS_ALONE = 5.0, 1.0
CHECK_SECONDS = 15.0
_OVERLAP = 200
"""Ids before the last one seen that are looked at again: a row with a lower id may be committed later."""
_REMEMBERED = 5000
_CLOSED_LOGIN = (4401, "The token is no longer valid")
_LEFT_TEAM = (4403, "Your membership has ended; connect again")
_GOING_AWAY = (1001, "The server is restarting")


@dataclass(eq=False, slots=True)
class Listener:
    """One authenticated socket: whose it is, what may withdraw it, and the frames that wait for it."""

    user_id: int
    credential: str
    """Uid of the login or personal token."""
    cut: Any
    waiting: queue.SimpleQueue[Any] = field(default_factory=queue.SimpleQueue)
    sending_since: float | None = None

    def offer(self, item: Any) -> None:
        """Leave a frame, a farewell or None (gone) for it."""
        if self.waiting.qsize() >= MOST_WAITING:
            self.cut()
        else:
            self.waiting.put(item)


@dataclass(frozen=True, slots=True)
class Frame:
    """An event on its way out."""

    id: int
    text: str


@dataclass(frozen=True, slots=True)
class Farewell:
    """Word that a socket must close."""

    code: int
    reason: str


class Switchboard:
    """The listeners of this process."""

    def __init__(self) -> None:
        self._listeners: dict[int, set[Listener]] = defaultdict(set)
        self._lock = threading.Lock()
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._newest = 0
        self._process: int | None = None
        self._has_redis = False
        self.count = 0
        self._worker: Any = None

    @property
    def is_closing(self) -> bool:
        """Whether this process ends."""
        return self._worker is not None and not self._worker.alive

    @contextmanager
    def connected(self, listener: Listener) -> Iterator[None]:
        """Let a listener hear what happens from now on."""
        self._start()
        with self._lock:
            self._listeners[listener.user_id].add(listener)
            self.count += 1
        SOCKETS.labels("focusflow").inc()
        try:
            yield
        finally:
            with self._lock:
                group = self._listeners[listener.user_id]
                group.discard(listener)
                if not group:
                    del self._listeners[listener.user_id]
                self.count -= 1
            SOCKETS.labels("focusflow").dec()

    def watch(self, worker: Any) -> None:
        """Say good-bye to everybody once a gunicorn worker is told to stop."""
        self._worker = worker

    # -- how events get here

    def _start(self) -> None:
        with self._lock:
            if self._process == os.getpid():
                return
            self._process = os.getpid()
        with db.transaction(reading=True):
            self._newest = newest_id()
            for row in written_after(self._newest - _OVERLAP):
                self._seen[row.id] = None
        for target in (self._subscribe, self._look_after):
            threading.Thread(target=target, name=f"live{target.__name__}", daemon=True).start()

    def _subscribe(self) -> None:
        while True:
            try:
                with connect(5.0).pubsub(ignore_subscribe_messages=True) as subscription:
                    subscription.subscribe(channel())
                    self._has_redis = True
                    while True:
                        message = subscription.get_message(timeout=2.0)
                        if message is not None:
                            self._hear(orjson.loads(message["data"]))
            except (redis.RedisError, OSError) as error:
                if self._has_redis:
                    log.warning("live events come late: Redis is away", extra={"reason": str(error)})
                self._has_redis = False
                time.sleep(1.0)
            except Exception:
                log.exception("a live event could not be read")

    def _hear(self, message: dict[str, Any]) -> None:
        if "farewell" in message:
            whom = message["farewell"]
            for listener in self._everybody():
                if whom in (listener.credential, listener.user_id):
                    listener.offer(Farewell(*_CLOSED_LOGIN))
        else:
            self._deliver(message["event"], message["user"], message["kind"], message["data"])

    def _deliver(self, id: int, user_id: int, kind: str, data: dict[str, Any]) -> None:
        with self._lock:
            if id in self._seen:
                return
            self._seen[id] = None
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
            listeners = tuple(self._listeners.get(user_id, ()))
        if listeners:
            frame = Frame(id, frame_text(id, kind, data))
            for listener in listeners:
                listener.offer(frame)
                if kind == MEMBERSHIP_ENDED:
                    listener.offer(Farewell(*_LEFT_TEAM))

    # -- what looks after it

    def _look_after(self) -> None:
        looked = checked = time.monotonic()
        while True:
            time.sleep(0.5)
            present = time.monotonic()
            for listener in self._everybody():
                since = listener.sending_since
                if self.is_closing:
                    listener.offer(Farewell(*_GOING_AWAY))
                elif since is not None and present - since > LONGEST_SEND:
                    listener.cut()
            try:
                if present - looked >= (LOOK_SECONDS if self._has_redis else LOOK_SECONDS_ALONE):
                    looked = present
                    self._look()
                if present - checked >= CHECK_SECONDS:
                    checked = present
                    self._check()
            except Exception:  # the database may be away; the next round tries again
                log.warning("live events could not be looked up", exc_info=True)

    def _look(self) -> None:
        """Deliver what is written and was not heard of."""
        while True:
            with db.transaction(reading=True):
                rows: list[Record] = written_after(self._newest - _OVERLAP)
            for row in rows:
                self._deliver(row.id, row.user_id, row.kind, row.data)
            last = rows[-1].id if rows else 0
            is_more = len(rows) >= 1000 and last > self._newest
            self._newest = max(self._newest, last)
            if not is_more:
                return

    def _check(self) -> None:
        """Close sockets whose login or personal token ended without our hearing of it."""
        listeners = self._everybody()
        credentials = sorted({listener.credential for listener in listeners})
        alive: set[str] = set()
        for start in range(0, len(credentials), 500):
            with db.transaction(reading=True):
                alive |= alive_among(credentials[start : start + 500])
        for listener in listeners:
            if listener.credential not in alive:
                listener.offer(Farewell(*_CLOSED_LOGIN))

    def _everybody(self) -> list[Listener]:
        with self._lock:
            return [listener for group in self._listeners.values() for listener in group]


def frame_text(id: int, kind: str, data: dict[str, Any]) -> str:
    """An event as the contract writes it, with its id for a later `last_event_id`."""
    if kind == "task_started" and "session_id" in data:
        session = {"id": data["session_id"], "duration_minutes": data["duration_minutes"]}
        told = {name: data[name] for name in ("task_id", "title", "started_at")}
        data = {**told, "pomodoro_session": session}
    return orjson.dumps({"type": kind, "data": data, "id": id}).decode()


switchboard = Switchboard()
