"""One client of the live channel: from the first message, which carries the token, to the last event.

The token must come within ten seconds of connecting, whatever else is sent. What the client missed comes first, a
page at a time, while what happens meanwhile is held back; then every event goes out as it comes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
import structlog

from models import db
from models.api_keys import MARK, caller_of_key
from models.errors import Invalid, Refusal, TokenInvalid, TooMany
from models.live import missed_by, newest_id
from models.logins import caller_of
from models.organizations import list_organizations
from models.tokens import read_access
from web.body import strict_json
from web.focusflow.lookout import lookout
from web.focusflow.places import Place, places
from web.focusflow.shape import shape
from web.focusflow.switchboard import Frame, event_frame, switchboard
from web.focusflow.wire import Wire, text_frame

log = structlog.get_logger("daybook.live")
GREETING_SECONDS = 9.5
"""Looked at every half second, so that nobody has more than ten."""
PING_SECONDS = 25.0
MOST_TEAMS = 1000
MOST_HELD = 1000
PAGE = 200
"""Missed events that are read and sent at one time."""


class Listener:
    """Whose socket it is, what may withdraw it, and what it has yet to hear. Until the greeting nobody's."""

    __slots__ = (
        "_began", "_expires_at", "_held", "_last_event_id", "_next_ping", "_place", "_rest", "credential", "user_id",
        "wire",
    )  # fmt: skip

    def __init__(self, wire: Wire, last_event_id: int | None) -> None:
        self.wire = wire
        self.user_id = 0
        self.credential = ""
        """Uid of the login or personal token."""
        self._began = time.monotonic()
        self._next_ping = self._began + PING_SECONDS
        self._expires_at: float | None = None
        self._last_event_id = last_event_id
        self._place: Place | None = None
        self._held: list[Frame] | None = []
        self._rest: partial[None] | None = None

    # -- what the lookout says

    def heard(self, message: str | bytes) -> None:
        """The first message; all others are dropped."""
        if not self.wire.is_deaf:
            self.wire.is_deaf = True
            lookout.work(self._try, partial(self._greet, message))

    def look(self, present: float) -> None:
        """Close what is over, keep alive what is not, and go on with what was missed."""
        if not self.wire.is_deaf and present - self._began > GREETING_SECONDS:
            self._refuse(TokenInvalid("No token came within ten seconds"))
        elif self._expires_at is not None and time.time() >= self._expires_at:
            self.wire.close(4401, "The token has expired")
        elif self._rest is not None and self.wire.blocked_since is None:
            rest, self._rest = self._rest, None
            lookout.work(self._try, rest)
        elif present >= self._next_ping:
            self._next_ping = present + PING_SECONDS
            self.wire.beat()
            if self._place is not None and self._place.organization_ids:
                lookout.work(self._place.keep)

    def gone(self) -> None:
        """The socket is closed."""
        if self.user_id:
            switchboard.leave(self)
        if self._place is not None and self._place.organization_ids:
            lookout.work(self._place.leave)
        log.info("live connection closed", seconds=round(time.monotonic() - self._began, 1))

    # -- what the switchboard says

    def offer(self, frame: Frame) -> None:
        """Something happened."""
        if self._held is not None:
            with switchboard.lock:
                if self._held is not None:
                    if len(self._held) >= MOST_HELD:
                        self.wire.cut()
                    else:
                        self._held.append(frame)
                    return
        self.wire.send(frame.data)

    def farewell(self, code: int, reason: str) -> None:
        """This socket may not go on."""
        self.wire.close(code, reason)

    # -- the greeting

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception:
            log.exception("live connection failed")
            self.wire.close(1011, "Something went wrong; connect again")

    def _greet(self, message: str | bytes) -> None:
        try:
            teams = self._recognise(message)
            self._place = places.take(teams)
        except Refusal as refusal:
            self._refuse(refusal)
            return
        switchboard.join(self)
        if self.wire.fileno() < 0:  # the client left while he was being recognised
            self.gone()
            return
        log.info("live connection opened", user=self.user_id)
        with db.transaction(reading=True):
            newest = newest_id(self.user_id)
        hello = {"type": "connected", "data": {"last_event_id": newest}}
        self.wire.send(text_frame(orjson.dumps(hello)))
        self._catch_up(self._last_event_id, set())

    def _recognise(self, message: str | bytes) -> list[int]:
        """Whose the token is; the organisations of its user. Errors: TokenInvalid and kin."""
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
                credential, self._expires_at = caller.key_uid, caller.expires_at and caller.expires_at.timestamp()
            else:
                claims = read_access(token, "focusflow")
                caller = caller_of(claims)
                credential, self._expires_at = caller.login_uid, claims["exp"]
            teams = [row.id for row in list_organizations(caller.id, limit=MOST_TEAMS)]
        self.user_id, self.credential = caller.id, str(credential)
        return teams

    def _refuse(self, refusal: Refusal) -> None:
        failure = shape.describe(refusal)
        self.wire.send(text_frame(orjson.dumps({"type": "error", **shape.failure(failure)})))
        self.wire.close(4429 if isinstance(refusal, TooMany) else 4401, failure.message)

    def _catch_up(self, after: int | None, told: set[int]) -> None:
        """Send what was missed after an event, as fast as it is read, then what was held back, each once."""
        while after is not None:
            with db.transaction(reading=True):
                missed = missed_by(self.user_id, after, limit=PAGE)
            for row in missed:
                self.wire.send(event_frame(row.id, row.kind, row.data))
                told.add(row.id)
                if self.wire.blocked_since is not None:
                    self._rest = partial(self._catch_up, row.id, told)
                    return
            after = missed[-1].id if len(missed) == PAGE else None
        while True:
            with switchboard.lock:
                held = self._held
                self._held = [] if held else None
            if not held:
                return
            for frame in held:
                if frame.id not in told:
                    self.wire.send(frame.data)
