"""Live events over a WebSocket: `/ws/pomodoro/`, in the same process and at the same address as everything else.

The first message carries the token, within ten seconds of connecting whatever else is sent. Then come the events, each
with an id; who was away asks with `?last_event_id=` for what he missed in the last hour. A socket holds no database
connection and no transaction.
"""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import orjson
import structlog
from gevent import monkey
from simple_websocket import ConnectionClosed
from wsproto.utilities import ProtocolError

from models import db
from models.api_keys import MARK, caller_of_key
from models.errors import Invalid, Refusal, TokenInvalid, TooMany
from models.live import missed_by, newest_id
from models.logins import caller_of
from models.organizations import list_organizations
from models.tokens import read_access
from settings import settings
from web.body import strict_json
from web.focusflow.places import Place, places
from web.focusflow.shape import shape
from web.focusflow.switchboard import Farewell, Frame, Listener, frame_text, switchboard
from web.focusflow.wire import Wire, detached
from web.shape import Failure

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.get_logger("daybook.live")
PATH = "/ws/pomodoro"
GREETING_SECONDS = 10.0
PING_SECONDS = 25.0
MOST_TEAMS = 1000
THREADED_SOCKETS = 500
"""At most, where every socket costs two threads."""
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


def beside(app: WSGIApplication) -> WSGIApplication:
    """The contract's app, with the WebSocket in front of it."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").rstrip("/") != PATH:
            return app(environ, start_response)
        refusal = _refusal(environ)
        if refusal is not None:
            return _answer(start_response, refusal)
        is_green = monkey.is_module_patched("socket")
        if not is_green:
            environ = {**environ, "gunicorn.socket": detached(environ["gunicorn.socket"])}
        try:
            wire = Wire(environ)
        except (ProtocolError, ConnectionError, OSError):
            raise StopIteration from None  # the handshake was none; the server closes what is left
        if is_green:
            _converse(wire, environ)
        else:  # a thread of its own, so that the server's threads stay free for requests
            threading.Thread(target=_converse, args=(wire, environ), name="live-socket", daemon=True).start()
        raise StopIteration  # gunicorn's sign that the connection was taken over

    return application


def _refusal(environ: WSGIEnvironment) -> Failure | None:
    """Why this request gets no socket; None where it does."""
    is_upgrade = (
        environ["REQUEST_METHOD"] == "GET"
        and environ.get("HTTP_UPGRADE", "").lower() == "websocket"
        and "upgrade" in environ.get("HTTP_CONNECTION", "").lower()
        and environ.get("HTTP_SEC_WEBSOCKET_VERSION") == "13"
        and environ.get("HTTP_SEC_WEBSOCKET_KEY")
    )
    if not is_upgrade or "gunicorn.socket" not in environ:
        return Failure(426, "VALIDATION_ERROR", "Connect with a WebSocket client")
    most = settings.live_sockets if monkey.is_module_patched("socket") else min(THREADED_SOCKETS, settings.live_sockets)
    if switchboard.is_closing or switchboard.count >= most:
        return Failure(503, "INTERNAL_ERROR", "There are too many live connections; try again later")
    return None


def _answer(start_response: StartResponse, failure: Failure) -> Iterable[bytes]:
    body = orjson.dumps(shape.failure(failure))
    words = {426: "426 Upgrade Required", 503: "503 Service Unavailable"}
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Connection", "close")]
    start_response(words[failure.status], headers)
    return [body]


def _converse(wire: Wire, environ: WSGIEnvironment) -> None:
    """One socket's life."""
    began = time.monotonic()
    try:
        try:
            listener, expires_at, teams = _greet(wire)
            place = places.take(teams)
        except Refusal as refusal:
            failure = shape.describe(refusal)
            wire.send(orjson.dumps({"type": "error", **shape.failure(failure)}).decode())
            wire.close(4429 if isinstance(refusal, TooMany) else 4401, failure.message)
            return
        wire.on_gone = lambda: listener.offer(None)
        try:
            with switchboard.connected(listener):
                log.info("live connection opened", user=listener.user_id)
                _serve(wire, listener, place, expires_at, _last_event_id(environ))
        finally:
            place.leave()
    except (ConnectionClosed, OSError, ProtocolError):
        pass  # the client is gone, and with him everybody who could be told
    except Exception:
        log.exception("live connection failed")
    finally:
        wire.cut()
        log.info("live connection closed", seconds=round(time.monotonic() - began, 1))


def _greet(wire: Wire) -> tuple[Listener, float | None, list[int]]:
    """Wait for the token: whose socket it is, the Unix time when it must close, and the organisations of its user.

    Errors: TokenInvalid and kin.
    """
    message = wire.receive(timeout=GREETING_SECONDS)
    wire.stop_listening()
    if message is None:
        raise TokenInvalid("No token came within ten seconds")
    try:
        given = strict_json(message if isinstance(message, bytes) else message.encode())
    except (Invalid, UnicodeEncodeError) as error:
        raise TokenInvalid("The first message must be JSON with the token") from error
    token = given.get("token") if isinstance(given, dict) else None
    if not isinstance(token, str):
        raise TokenInvalid("The first message must carry the token")
    with db.transaction(reading=True):
        if token.startswith(MARK):
            caller: Any = caller_of_key(token)
            credential, expires_at = caller.key_uid, caller.expires_at and caller.expires_at.timestamp()
        else:
            claims = read_access(token, "focusflow")
            caller = caller_of(claims)
            credential, expires_at = caller.login_uid, claims["exp"]
        teams = [row.id for row in list_organizations(caller.id, limit=MOST_TEAMS)]
    return Listener(caller.id, str(credential), wire.cut), expires_at, teams


def _serve(
    wire: Wire, listener: Listener, place: Place, expires_at: float | None, last_event_id: int | None
) -> None:
    """Say hello, send what was missed, then what happens."""
    with db.transaction(reading=True):
        newest = newest_id(listener.user_id)
        missed = [] if last_event_id is None else missed_by(listener.user_id, last_event_id)
    _send(wire, listener, orjson.dumps({"type": "connected", "data": {"last_event_id": newest}}).decode())
    for row in missed:
        _send(wire, listener, frame_text(row.id, row.kind, row.data))
    sent = {row.id for row in missed}
    next_ping = time.monotonic() + PING_SECONDS
    while True:
        left = next_ping - time.monotonic()
        if expires_at is not None:
            left = min(left, expires_at - time.time())
        try:
            item = listener.waiting.get(timeout=max(0.0, left))
        except queue.Empty:
            if expires_at is not None and time.time() >= expires_at:
                wire.close(4401, "The token has expired")
                return
            if time.monotonic() >= next_ping:
                wire.beat()
                place.keep()
                next_ping = time.monotonic() + PING_SECONDS
            continue
        if item is None:
            return
        if isinstance(item, Farewell):
            wire.close(item.code, item.reason)
            return
        if isinstance(item, Frame) and item.id not in sent:
            _send(wire, listener, item.text)


def _send(wire: Wire, listener: Listener, text: str) -> None:
    listener.sending_since = time.monotonic()
    wire.send(text)
    listener.sending_since = None


def _last_event_id(environ: WSGIEnvironment) -> int | None:
    given = parse_qs(environ.get("QUERY_STRING", "")).get("last_event_id", [""])[0]
    return int(given) if _NUMBER.fullmatch(given) else None
