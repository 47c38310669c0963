"""One WebSocket: frames go out and messages come in without anybody's waiting for either.

It has no thread and no greenlet of its own, which would cost more than all the rest of it; the lookout tells it when
there is something to read or room to write. A frame's bytes are the same for all its readers, so an event is encoded
once for everybody; nothing is compressed, for a compressor costs a quarter of a megabyte for each socket.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Message, Ping, Pong
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

LARGEST_MESSAGE = 8192
"""Bytes; a token has at most 4,096."""
MOST_FRAMES = 300
"""That a client may send in a minute."""
MOST_UNSENT = 256 * 1024
"""Bytes that may wait, beside what the kernel holds, for a reader who is slow; one who is slower is cut off."""
_PING = b"\x89\x00"


class Gone(Exception):
    """The client has left, or may not stay."""


class Wire:
    """A connection that does not block, whose handshake is done; `want_room` is told when it cannot send at once."""

    __slots__ = (
        "_answered", "_connection", "_counted", "_frames", "_lock", "_parts", "_protocol", "_size", "_unsent",
        "_want_room", "blocked_since", "closing_since", "is_deaf",
    )  # fmt: skip

    def __init__(self, connection: socket.socket, want_room: Callable[[int], None]) -> None:
        self._connection = connection
        self._want_room = want_room
        self._protocol = Connection(ConnectionType.SERVER)
        self._lock = threading.Lock()
        self._unsent: bytearray | None = None
        self._parts: list[str | bytes] | None = None
        self._size = self._counted = self._frames = 0
        self._answered = True
        self.is_deaf = False
        """Whether what the client says is counted and dropped."""
        self.blocked_since: float | None = None
        self.closing_since: float | None = None

    def fileno(self) -> int:
        """The connection's descriptor."""
        return self._connection.fileno()

    # -- out

    def send(self, frame: bytes) -> None:
        """Send a frame, now or as soon as there is room."""
        with self._lock:
            if self.closing_since is None:
                self._put(frame)

    def send_on(self) -> bool:
        """Send what waits; whether nothing does any more."""
        with self._lock:
            unsent, self._unsent = self._unsent, None
            if unsent:
                self._put(unsent)
            if self._unsent is None:
                self.blocked_since = None
            return self._unsent is None

    def beat(self) -> None:
        """Send a ping; cut the connection if the one before was never answered."""
        if not self._answered:
            self.cut()
            return
        self._answered = False
        self.send(_PING)

    def close(self, code: int, reason: str) -> None:
        """Say good-bye. Whoever does not answer it is cut off soon."""
        with self._lock:
            if self.closing_since is None:
                self.closing_since = time.monotonic()
                self._put(self._protocol.send(CloseConnection(code, reason)))

    def cut(self) -> None:
        """End it at once; the lookout finds it ended."""
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:  # it is gone already
            return

    def release(self) -> None:
        """Give the descriptor back; nobody watches it any more."""
        self._connection.close()

    def _put(self, data: bytes | bytearray) -> None:
        if self._unsent is not None:
            if len(self._unsent) + len(data) > MOST_UNSENT:
                self.cut()
            else:
                self._unsent += data
            return
        try:
            sent = self._connection.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:  # the next look at what comes in says so too
            return
        if sent < len(data):
            self._unsent = bytearray(data[sent:])
            if self.blocked_since is None:
                self.blocked_since = time.monotonic()
                self._want_room(self._connection.fileno())

    # -- in

    def receive(self) -> list[str | bytes]:
        """The messages that have come in whole. Errors: Gone."""
        try:
            data = self._connection.recv(4096)
        except BlockingIOError:
            return []
        except OSError as error:
            raise Gone from error
        if not data:
            raise Gone
        try:
            self._protocol.receive_data(data)
            return self._read()
        except (LocalProtocolError, RemoteProtocolError, UnicodeDecodeError) as error:
            raise Gone from error

    def _read(self) -> list[str | bytes]:
        messages = []
        for event in self._protocol.events():
            self._count()
            if isinstance(event, CloseConnection):
                with self._lock:
                    if self.closing_since is None:
                        self._put(self._protocol.send(event.response()))
                raise Gone
            if self.closing_since is not None:
                continue
            if isinstance(event, Message):
                self._size += len(event.data)
                if self._size > LARGEST_MESSAGE:
                    self.close(1009, "Message is too big")
                    continue
                if not self.is_deaf:
                    self._parts = [*(self._parts or ()), event.data]
                if event.message_finished:
                    if self._parts is not None:
                        empty: str | bytes = "" if isinstance(event.data, str) else b""
                        messages.append(empty.join(self._parts))  # type: ignore[arg-type]  # they are of one kind
                    self._parts, self._size = None, 0
            elif isinstance(event, Ping):
                self.send(self._protocol.send(event.response()))
            elif isinstance(event, Pong):
                self._answered = True
        return messages

    def _count(self) -> None:
        minute = int(time.monotonic() // 60)
        if minute != self._counted:
            self._counted, self._frames = minute, 0
        self._frames += 1
        if self._frames > MOST_FRAMES:
            raise Gone


def text_frame(text: bytes) -> bytes:
    """A server's frame that carries a text."""
    if len(text) < 126:
        return bytes((0x81, len(text))) + text
    if len(text) < 65536:
        return b"\x81\x7e" + len(text).to_bytes(2, "big") + text
    return b"\x81\x7f" + len(text).to_bytes(8, "big") + text
