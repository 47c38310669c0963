"""The door to live events: a WebSocket at `/ws/pomodoro/`, in the same process and at the same address as all else.

The handshake is a request like others. Then the connection is taken from the server, which has its thread or greenlet
back at once, and given to the lookout. A socket holds no database connection and no transaction.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import socket
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import orjson
from gevent import monkey
from wsproto.utilities import generate_accept_token

from settings import settings
from web.focusflow.listener import Listener
from web.focusflow.lookout import lookout
from web.focusflow.shape import shape
from web.shape import Failure

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/ws/pomodoro"
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


def beside(app: WSGIApplication) -> WSGIApplication:
    """The contract's app, with the WebSocket in front of it."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").rstrip("/") != PATH:
            return app(environ, start_response)
        refusal = _refusal(environ)
        if refusal is not None:
            return _answer(start_response, refusal)
        environ["gunicorn.socket"].sendall(_handshake(environ))
        lookout.take(_taken(environ["gunicorn.socket"]), partial(Listener, last_event_id=_last_event_id(environ)))
        raise StopIteration  # gunicorn's sign that the connection was taken over

    return application


def _refusal(environ: WSGIEnvironment) -> Failure | None:
    """Why this request gets no socket; None where it does."""
    is_upgrade = (
        environ["REQUEST_METHOD"] == "GET"
        and environ.get("HTTP_UPGRADE", "").lower() == "websocket"
        and "upgrade" in environ.get("HTTP_CONNECTION", "").lower()
        and environ.get("HTTP_SEC_WEBSOCKET_VERSION") == "13"
        and _is_key(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""))
    )
    if not is_upgrade or "gunicorn.socket" not in environ:
        return Failure(426, "VALIDATION_ERROR", "Connect with a WebSocket client")
    if lookout.is_closing or not lookout.has_room(settings.live_sockets):
        return Failure(503, "INTERNAL_ERROR", "There are too many live connections; try again later")
    return None


def _is_key(given: str) -> bool:
    try:
        return len(base64.b64decode(given, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


def _answer(start_response: StartResponse, failure: Failure) -> Iterable[bytes]:
    body = orjson.dumps(shape.failure(failure))
    words = {426: "426 Upgrade Required", 503: "503 Service Unavailable"}
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Connection", "close")]
    start_response(words[failure.status], headers)
    return [body]


def _handshake(environ: WSGIEnvironment) -> bytes:
    token = generate_accept_token(environ["HTTP_SEC_WEBSOCKET_KEY"].encode())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + token + b"\r\n\r\n"
    )


def _taken(server_socket: socket.socket) -> int:
    """The connection's descriptor, which the server may not close any more."""
    if monkey.is_module_patched("socket"):
        return server_socket.detach()
    # gunicorn's threads shut down what they close, which would reach a copy too: theirs then leads to nothing.
    own = os.dup(server_socket.fileno())
    left, right = socket.socketpair()
    os.dup2(left.fileno(), server_socket.fileno())
    left.close()
    right.close()
    return own


def _last_event_id(environ: WSGIEnvironment) -> int | None:
    given = parse_qs(environ.get("QUERY_STRING", "")).get("last_event_id", [""])[0]
    return int(given) if _NUMBER.fullmatch(given) else None
