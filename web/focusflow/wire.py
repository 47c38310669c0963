"""One WebSocket: simple-websocket, made safe for clients that send much, read slowly or break the rules.

Frames go out whole and uncompressed (a compressor costs a quarter of a megabyte for each socket). After the greeting
nothing that a client says is kept, and one who does not stop talking is cut off.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from simple_websocket import Server
from wsproto.events import Ping
from wsproto.utilities import RemoteProtocolError

LARGEST_MESSAGE = 8192
"""Bytes; a token has at most 4,096."""
MOST_MESSAGES = 120
"""That a client may send in a minute after the greeting."""


class Wire(Server):
    """A WebSocket whose handshake is done. Errors of making one: RemoteProtocolError, ConnectionError."""

    pong_received: bool

    def __init__(self, environ: dict[str, Any]) -> None:
        self.on_gone: Callable[[], None] = lambda: None
        without_compression = {name: environ[name] for name in environ if name != "HTTP_SEC_WEBSOCKET_EXTENSIONS"}
        super().__init__(
            {**without_compression, "gunicorn.socket": _Whole(environ["gunicorn.socket"])},
            receive_bytes=4096,
            max_message_size=LARGEST_MESSAGE,
        )

    def stop_listening(self) -> None:
        """From now on what the client sends is counted and dropped."""
        self.input_buffer = _Ignored()

    def beat(self) -> None:
        """Send a ping. Errors: ConnectionError, where the one before was never answered."""
        if not self.pong_received:
            raise ConnectionAbortedError("no pong")
        self.pong_received = False
        self.sock.send(self.ws.send(Ping()))

    def cut(self) -> None:
        """End it at once, whatever is under way."""
        self.sock.shutdown()

    def _thread(self) -> None:
        try:
            super()._thread()
        except (RemoteProtocolError, UnicodeDecodeError):  # which the library lets through
            self.sock.close()
        finally:
            self.connected = False
            self.event.set()
            self.on_gone()


class _Whole:
    """A network socket that sends all of a frame before anything of the next."""

    def __init__(self, inner: socket.socket) -> None:
        self._inner = inner
        self._lock = threading.Lock()

    def send(self, data: bytes) -> int:
        with self._lock:
            self._inner.sendall(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        return self._inner.recv(size)

    def shutdown(self) -> None:
        try:
            self._inner.shutdown(socket.SHUT_RDWR)
        except OSError:  # it is gone already
            return

    def close(self) -> None:
        self._inner.close()


class _Ignored(list[Any]):
    """Where messages go that nobody reads."""

    def __init__(self) -> None:
        super().__init__()
        self._began, self._count = time.monotonic(), 0

    def append(self, message: Any) -> None:
        if time.monotonic() - self._began > 60:
            self._began, self._count = time.monotonic(), 0
        self._count += 1
        if self._count > MOST_MESSAGES:
            raise ConnectionAbortedError("the client does not stop talking")


def detached(server_socket: socket.socket) -> socket.socket:
    """The connection under a descriptor of its own, so that the server may close its own and use the thread again.

    The server's descriptor then leads to nothing: it shuts down what it closes, which would reach the connection.
    """
    own = server_socket.dup()
    left, right = socket.socketpair()
    os.dup2(left.fileno(), server_socket.fileno())
    left.close()
    right.close()
    return own
