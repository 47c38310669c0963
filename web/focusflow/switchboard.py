"""Who in this process listens to live events, and how these get here.

One subscriber of Redis for each process, whatever the number of sockets. Beside it the rows themselves are looked at:
every few seconds to find what Redis lost, every second while Redis is away. So events come late at worst, never not.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import redis

from models import db
from models.departures import MEMBERSHIP_ENDED
from models.live import ids_after, newest_id, told
from models.logins import alive_among
from web.focusflow.wire import text_frame
from workers.live import channel, connect

if TYPE_CHECKING:
    from web.focusflow.listener import Listener

log = logging.getLogger(__name__)
LOOK_SECONDS, LOOK_SECONDS_ALONE = 5.0, 1.0
CHECK_SECONDS = 15.0
_OVERLAP = 200
"""Ids before the last one seen that are looked at again: a row with a lower id may be committed later."""
_LOOKED_AT = 1000
_REMEMBERED = 20_000
_CLOSED_LOGIN = (4401, "The token is no longer valid")
_LEFT_TEAM = (4403, "Your membership has ended; connect again")


@dataclass(frozen=True, slots=True)
class Frame:
    """An event on its way out."""

    id: int
    data: bytes


class Switchboard:
    """The listeners of this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._listeners: dict[int, set[Listener]] = defaultdict(set)
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._newest = 0
        self._process: int | None = None
        self._has_redis = False

    def join(self, listener: Listener) -> None:
        """Let a listener hear what happens from now on."""
        self._start()
        with self.lock:
            self._listeners[listener.user_id].add(listener)

    def leave(self, listener: Listener) -> None:
        """Tell a listener nothing more."""
        with self.lock:
            group = self._listeners.get(listener.user_id, set())
            group.discard(listener)
            if not group:
                self._listeners.pop(listener.user_id, None)

    # -- how events get here

    def _start(self) -> None:
        with self.lock:
            if self._process == os.getpid():
                return
            self._process = os.getpid()
        with db.transaction(reading=True):
            self._newest = newest_id()
            self._seen.update(dict.fromkeys(ids_after(self._newest - _OVERLAP)))
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
                    listener.farewell(*_CLOSED_LOGIN)
        else:
            self._deliver(message["event"], message["user"], message["kind"], message["data"])

    def _deliver(self, id: int, user_id: int, kind: str, data: dict[str, Any]) -> None:
        with self.lock:
            if id in self._seen:
                return
            self._seen[id] = None
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
            listeners = tuple(self._listeners.get(user_id, ()))
        if listeners:
            frame = Frame(id, event_frame(id, kind, data))
            for listener in listeners:
                listener.offer(frame)
                if kind == MEMBERSHIP_ENDED:
                    listener.farewell(*_LEFT_TEAM)

    # -- what looks after it

    def _look_after(self) -> None:
        looked = checked = time.monotonic()
        while True:
            time.sleep(0.5)
            present = time.monotonic()
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
                ids = ids_after(self._newest - _OVERLAP, limit=_LOOKED_AT)
                missed = [id for id in ids if id not in self._seen]
                rows = told(missed) if missed else []
            for row in rows:
                self._deliver(row.id, row.user_id, row.kind, row.data)
            last = ids[-1] if ids else 0
            is_more = len(ids) == _LOOKED_AT and last > self._newest
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
                listener.farewell(*_CLOSED_LOGIN)

    def _everybody(self) -> list[Listener]:
        with self.lock:
            return [listener for group in self._listeners.values() for listener in group]


def event_frame(id: int, kind: str, data: dict[str, Any]) -> bytes:
    """An event as the contract writes it, with its id for a later `last_event_id`."""
    if kind == "task_started" and "session_id" in data:
        session = {"id": data["session_id"], "duration_minutes": data["duration_minutes"]}
        told = {name: data[name] for name in ("task_id", "title", "started_at")}
        data = {**told, "pomodoro_session": session}
    return text_frame(orjson.dumps({"type": kind, "data": data, "id": id}))


switchboard = Switchboard()
