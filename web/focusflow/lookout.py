"""All open sockets of this process, looked after by one thread (a greenlet where the server has those).

It reads what clients say, sends on what had no room, and twice a second looks each one over. What takes time, a
question to the database or to Redis, is done by a few others, so that no socket waits for another's.
"""

from __future__ import annotations

import logging
import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from gevent import monkey
from prometheus_client import Gauge

from web.focusflow.wire import Gone, Wire

log = logging.getLogger(__name__)
SOCKETS = Gauge("daybook_live_sockets", "Open live connections", ("contract",), multiprocess_mode="livesum")
LOOK_SECONDS = 0.5
LONGEST_SEND = 15.0
LONGEST_GOODBYE = 2.0
HANDS = 4
"""Slow things that are done at one time, each with a database connection at most."""
_GOING_AWAY = (1001, "The server is restarting")
_FULL = (1013, "There are too many live connections; try again later")


class Watched(Protocol):
    """Somebody at the other end of a wire."""

    wire: Wire

    def heard(self, message: str | bytes) -> None:
        """The client said something."""

    def look(self, present: float) -> None:
        """Do what is due; called twice a second. `present` is of `time.monotonic`."""

    def gone(self) -> None:
        """The connection has ended."""


class Lookout:
    """The sockets of this process."""

    def __init__(self) -> None:
        self._watched: dict[int, Watched] = {}
        self._arrived: deque[tuple[int, Watched]] = deque()
        self._blocked: deque[int] = deque()
        self._lock = threading.Lock()
        self._process: int | None = None
        self._worker: Any = None

    @property
    def count(self) -> int:
        """Sockets that are open or about to be."""
        return len(self._watched) + len(self._arrived)

    @property
    def is_closing(self) -> bool:
        """Whether this process ends."""
        return self._worker is not None and not self._worker.alive

    def has_room(self, most: int) -> bool:
        """Whether one more may come; where it is full, the guest who has said nothing for longest goes."""
        if self.count < most:
            return True
        for watched in tuple(self._watched.values()):
            if not watched.wire.is_deaf and watched.wire.closing_since is None:
                watched.wire.close(*_FULL)
                watched.wire.cut()
                return True
        return False

    def watch(self, worker: Any) -> None:
        """Say good-bye to everybody once a gunicorn worker is told to stop."""
        self._worker = worker

    def take(self, connection: int, meet: Callable[[Wire], Watched]) -> None:
        """Look after a connection whose handshake is done, by its descriptor."""
        self._start()
        own = _socket_of(connection)
        own.setblocking(False)
        self._arrived.append((connection, meet(Wire(own, self._want_room))))
        self._ring()

    def work(self, act: Callable[..., None], *given: Any) -> None:
        """Have something done that takes time."""
        self._hands.submit(_safely, act, *given)

    def end(self) -> None:
        """The process ends now: tell everybody, and wait a moment for their answers."""
        if self._process != os.getpid():
            return
        for watched in tuple(self._watched.values()):
            watched.wire.close(*_GOING_AWAY)
        deadline = time.monotonic() + LONGEST_GOODBYE
        while self._watched and time.monotonic() < deadline:
            time.sleep(0.02)

    def _start(self) -> None:
        with self._lock:
            if self._process == os.getpid():  # a forked child has the module, but not the thread
                return
            self._process = os.getpid()
            self._hands = ThreadPoolExecutor(HANDS, "live-hand")
            self._bell, self._rung = _pair()
            threading.Thread(target=self._run, name="live-lookout", daemon=True).start()

    def _ring(self) -> None:
        try:
            self._bell.send(b"!")
        except BlockingIOError:  # it is ringing
            return

    def _want_room(self, connection: int) -> None:
        self._blocked.append(connection)
        self._ring()

    def _run(self) -> None:
        selector = selectors.DefaultSelector()
        selector.register(self._rung, selectors.EVENT_READ)
        looked = time.monotonic()
        while True:
            try:
                for key, events in selector.select(max(0.0, looked + LOOK_SECONDS - time.monotonic())):
                    if key.data is None:
                        self._hear_bell(selector)
                    else:
                        self._attend(selector, key.fd, key.data, events)
                if time.monotonic() >= looked + LOOK_SECONDS:
                    looked = time.monotonic()
                    self._look(looked)
            except Exception:
                log.exception("the lookout stumbled")

    def _hear_bell(self, selector: selectors.BaseSelector) -> None:
        self._rung.recv(4096)
        while self._arrived:
            connection, watched = self._arrived.popleft()
            selector.register(connection, selectors.EVENT_READ, watched)
            self._watched[connection] = watched
            SOCKETS.labels("focusflow").inc()
        while self._blocked:
            connection = self._blocked.popleft()
            if connection in self._watched:
                both = selectors.EVENT_READ | selectors.EVENT_WRITE
                selector.modify(connection, both, self._watched[connection])

    def _attend(self, selector: selectors.BaseSelector, connection: int, watched: Watched, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE and watched.wire.send_on():
                selector.modify(connection, selectors.EVENT_READ, watched)
            if events & selectors.EVENT_READ:
                for message in watched.wire.receive():
                    watched.heard(message)
        except Exception as error:
            if not isinstance(error, Gone):
                log.exception("a live connection failed")
            selector.unregister(connection)
            del self._watched[connection]
            SOCKETS.labels("focusflow").dec()
            watched.wire.release()
            watched.gone()

    def _look(self, present: float) -> None:
        for watched in tuple(self._watched.values()):
            wire = watched.wire
            if wire.closing_since is not None:
                if present - wire.closing_since > LONGEST_GOODBYE:
                    wire.cut()
            elif wire.blocked_since is not None and present - wire.blocked_since > LONGEST_SEND:
                wire.cut()
            elif self.is_closing:
                wire.close(*_GOING_AWAY)
            else:
                watched.look(present)


def _safely(act: Callable[..., None], *given: Any) -> None:
    try:
        act(*given)
    except Exception:
        log.exception("something for a live connection failed")


def _socket_of(connection: int) -> socket.socket:
    """A plain socket: gevent's own makes two watchers of its loop for each."""
    plain: type[socket.socket] = monkey.get_original("socket", "socket")
    return plain(fileno=connection)


def _pair() -> tuple[socket.socket, socket.socket]:
    """Where a byte goes in and comes out, without blocking at either end."""
    left, right = (_socket_of(each.detach()) for each in socket.socketpair())
    left.setblocking(False)
    right.setblocking(False)
    return left, right


lookout = Lookout()
