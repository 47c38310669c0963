"""So many WebSocket clients in a process of their own, which keeps every frame with the moment it was read.

Plain sockets and one selector, so that the clients' own work weighs little in what they measure.
"""

from __future__ import annotations

import json
import multiprocessing
import selectors
import socket
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

_HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
AT_ONCE = 100
"""Connections that are being made at one time."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame: which client read it and when, on the clock of `time.monotonic`."""

    client: int
    at: float
    frame: dict[str, Any]


class Listeners:
    """Connected clients, one for each token given; each sends its token and hears what comes."""

    def __init__(self, port: int, path: str, tokens: list[str]) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(
            target=_listen, args=(theirs, port, path, tokens), daemon=True
        )
        self._process.start()
        theirs.close()
        self.connected, self.seconds = self._pipe.recv()

    def heard(self) -> list[Heard]:
        """What was heard since the last time."""
        self._pipe.send("heard")
        return [Heard(client, at, json.loads(frame)) for client, at, frame in self._pipe.recv()]

    def closed(self) -> list[int]:
        """Which clients the server has closed."""
        self._pipe.send("closed")
        return list(self._pipe.recv())

    def leave(self) -> None:
        """Close all of them."""
        self._pipe.send("leave")
        self._process.join(20)


class _Client:
    __slots__ = ("greeted", "number", "received", "socket", "token", "upgraded")

    def __init__(self, number: int, port: int, path: str, token: str) -> None:
        self.number, self.token, self.received = number, token, b""
        self.upgraded = self.greeted = False
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(_HANDSHAKE.format(path=path).encode())
        self.socket.setblocking(False)

    def frames(self) -> list[bytes]:
        """The texts that have come in whole. Errors: EOFError."""
        part = self.socket.recv(65536)
        if not part:
            raise EOFError
        self.received += part
        if not self.upgraded:
            head, found, rest = self.received.partition(b"\r\n\r\n")
            if not found:
                return []
            if b" 101 " not in head.partition(b"\r\n")[0]:
                raise EOFError
            self.upgraded, self.received = True, rest
            self.socket.send(masked(json.dumps({"token": self.token}).encode()))
        found_frames = []
        while (whole := self._next()) is not None:
            opcode, payload = whole
            if opcode == 8:
                raise EOFError
            if opcode == 9:
                self.socket.send(b"\x8a\x80\0\0\0\0")
            elif opcode == 1:
                found_frames.append(payload)
        return found_frames

    def _next(self) -> tuple[int, bytes] | None:
        data = self.received
        if len(data) < 2:
            return None
        length, start = data[1], 2
        if length == 126:
            length, start = int.from_bytes(data[2:4], "big"), 4
        if len(data) < start + length:
            return None
        self.received = data[start + length :]
        return data[0] & 15, data[start : start + length]


def masked(text: bytes) -> bytes:
    """A client's text frame, masked with zeros."""
    if len(text) < 126:
        return bytes((0x81, 0x80 | len(text))) + b"\0\0\0\0" + text
    return b"\x81\xfe" + len(text).to_bytes(2, "big") + b"\0\0\0\0" + text


def _listen(pipe: Connection, port: int, path: str, tokens: list[str]) -> None:
    selector = selectors.DefaultSelector()
    began = time.monotonic()
    waiting = list(enumerate(tokens))
    making, connected, told = 0, 0, False
    heard: list[tuple[int, float, bytes]] = []
    closed: list[int] = []
    selector.register(pipe, selectors.EVENT_READ)
    while True:
        while waiting and making < AT_ONCE:
            client = _Client(*_numbered(waiting.pop(), port, path))
            selector.register(client.socket, selectors.EVENT_READ, client)
            making += 1
        if not told and not waiting and not making:
            told = True
            pipe.send((connected, time.monotonic() - began))
        for key, _ in selector.select():
            client = key.data
            if client is None:
                order = pipe.recv()
                if order == "heard":
                    pipe.send(heard)
                    heard = []
                elif order == "closed":
                    pipe.send(closed)
                else:
                    return
                continue
            try:
                frames = client.frames()
            except (EOFError, OSError):
                selector.unregister(client.socket)
                client.socket.close()
                closed.append(client.number)
                making -= not client.greeted
                client.greeted = True
                continue
            at = time.monotonic()
            for frame in frames:
                if client.greeted:
                    heard.append((client.number, at, frame))
                else:  # the first frame says that the token was taken, or why not
                    client.greeted = True
                    making -= 1
                    connected += b'"connected"' in frame


def _numbered(waiting: tuple[int, str], port: int, path: str) -> tuple[int, int, str, str]:
    number, token = waiting
    return number, port, path, token
