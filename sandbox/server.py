"""A threaded HTTP/1.1 server that can also break its promises on the socket, which is what the faults need."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import threading
import time
from email.utils import formatdate
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

IDLE_SECONDS = 75.0
LINE = 65_536
BODILESS = (204, 304)


class Server:
    """One thread for each connection; state lives in this one process."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.listener = socket.create_server((host, port), backlog=1024)
        self.host, self.port = self.listener.getsockname()[:2]
        self.app: Any = None
        self.stopped = False
        self._open: set[socket.socket] = set()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def serve(self) -> None:
        """Answer until `stop` is called."""
        while not self.stopped:
            try:
                connection, address = self.listener.accept()
            except OSError:
                if self.stopped:
                    return
                time.sleep(0.05)  # out of file descriptors: let some connections end
                continue
            self._open.add(connection)
            threading.Thread(target=self._converse, args=(connection, address), daemon=True).start()

    def stop(self) -> None:
        self.stopped = True
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _converse(self, connection: socket.socket, address: tuple[str, int]) -> None:
        connection.settimeout(IDLE_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = connection.makefile("rb")
        try:
            while not self.stopped and self._answer(connection, reader, address):
                pass
        except (OSError, ValueError):
            pass  # the client went away, or does not speak HTTP
        finally:
            self._open.discard(connection)
            with contextlib.suppress(OSError):
                reader.close()
            with contextlib.suppress(OSError):
                connection.close()

    def _answer(self, connection: socket.socket, reader: Any, address: tuple[str, int]) -> bool:
        """Read one request and answer it; whether the connection may carry another."""
        line = reader.readline(LINE)
        if not line.strip():
            return bool(line)
        method, target, protocol = line.decode("latin-1").split()
        environ = self._environ(method, target, protocol, reader, connection, address)
        keep = environ.get("HTTP_CONNECTION", "").lower() != "close" and protocol == "HTTP/1.1"

        began: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            began.update(status=status, headers=headers)
            return lambda data: None

        chunks = self.app(environ, start_response)
        try:
            body = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close:
                close()
        return self._send(connection, method, began["status"], began["headers"], body, keep, environ)

    def _environ(
        self, method: str, target: str, protocol: str, reader: Any, connection: socket.socket, address: tuple[str, int]
    ) -> dict[str, Any]:
        if target.startswith("http://"):  # a client that takes us for its proxy
            target = "/" + target.split("/", 3)[3] if target.count("/") > 2 else "/"
        path, _, query = target.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": self.host,
            "SERVER_PORT": str(self.port),
            "SERVER_PROTOCOL": protocol,
            "REMOTE_ADDR": address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
        }
        while (header := reader.readline(LINE)) not in (b"\r\n", b"\n", b""):
            name, _, value = header.decode("latin-1").partition(":")
            key = name.strip().upper().replace("-", "_")
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                key = f"HTTP_{key}"
            value = value.strip()
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        if environ.get("HTTP_EXPECT", "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
            body = _dechunk(reader)
            environ["CONTENT_LENGTH"] = str(len(body))
        else:
            body = reader.read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        return environ

    def _send(
        self,
        connection: socket.socket,
        method: str,
        status: str,
        headers: list[tuple[str, str]],
        body: bytes,
        keep: bool,
        environ: dict[str, Any],
    ) -> bool:
        wire = environ.get("sandbox.wire")
        if wire == "drop" or (wire and not body):
            _reset(connection)
            return False
        if int(status[:3]) in BODILESS:
            body = b""
        else:
            headers = [pair for pair in headers if pair[0].lower() != "content-length"]
            headers.append(("Content-Length", str(len(body))))
        headers += [("Date", formatdate(usegmt=True)), ("Connection", "keep-alive" if keep and not wire else "close")]
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        message = f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1")
        if method == "HEAD":
            body = b""
        if wire in ("short", "reset"):
            connection.sendall(message + body[: len(body) // 2])
            if wire == "reset":
                time.sleep(0.02)  # let the half arrive: a reset throws away what the client has not read
                _reset(connection)
            return False
        connection.sendall(message + body)
        return keep


def _dechunk(reader: Any) -> bytes:
    parts = []
    while size := int(reader.readline(LINE).split(b";")[0] or b"0", 16):
        parts.append(reader.read(size))
        reader.readline(LINE)
    while reader.readline(LINE) not in (b"\r\n", b"\n", b""):
        pass
    return b"".join(parts)


def _reset(connection: socket.socket) -> None:
    """Make the coming close an RST instead of a polite end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
