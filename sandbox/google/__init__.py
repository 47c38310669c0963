"""The sandbox's Google: sign-in, Calendar and Drive."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar

from flask import Blueprint, Response

from sandbox.faults import Fault
from sandbox.google import calendar, channels, drive, identity, seed
from sandbox.google.api import failure
from sandbox.google.channels import Channel
from sandbox.google.consent import GoogleConsent
from sandbox.google.control import Control
from sandbox.google.control import routes as control_routes
from sandbox.google.events import LONGEST, Calendar, Event, occurrences
from sandbox.google.files import File
from sandbox.people import Person
from sandbox.sender import Delivery
from sandbox.stand import Stand

UNKNOWN = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
    "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)


class Google(Control, Stand):
    """Google's OAuth, userinfo, Calendar v3 and Drive v3."""

    name = "google"
    title = "Google"
    consent_type = GoogleConsent
    routes: ClassVar[Blueprint] = Blueprint("google", __name__, url_prefix="/google")

    def reset(self) -> None:
        self.era = secrets.token_hex(4)
        """Sync tokens of another era are worth nothing: that is what 410 is for."""
        self.count = int(time.time())
        """The number of the last change. It begins high, so that Drive's tokens go on over a restart."""
        self.remembers_window = False
        self.agendas: dict[str, dict[str, Calendar]] = {}
        self.files: dict[str, File] = {}
        self.channels: dict[str, Channel] = {}
        self.listed_at: dict[str, int] = {}
        seed.fill(self)

    def calendars(self, person: Person) -> dict[str, Calendar]:
        """The calendars of an account, which has at least its own."""
        if person.key not in self.agendas:
            self.agendas[person.key] = {
                person.email: Calendar(person.email, person.name, person.time_zone, is_primary=True)
            }
        return self.agendas[person.key]

    def home(self, person: Person, event: Event) -> Calendar:
        return next(each for each in self.calendars(person).values() if each.events.get(event.id) is event)

    # -- changes

    def change(self, person: Person, event: Event, **changes: Any) -> None:
        """Change an event or a whole series; instances that fall away are remembered, for the next sync."""
        before = occurrences(event, datetime.now(UTC) + LONGEST) if event.recurrence else []
        for name, value in changes.items():
            setattr(event, name, value)
        if before and event.status != "cancelled":
            event.graves, dead = {}, event.graves
            still = {each.id for each in occurrences(event, datetime.now(UTC) + LONGEST)}
            event.graves = dead
            event.graves |= {each.id: each.original or each.start for each in before}
            event.graves = {id: start for id, start in event.graves.items() if id not in still}
        self.stamp(event)
        event.series_changed = event.changed
        self.tell(person, self.home(person, event).id)

    def change_instance(self, person: Person, event: Event, id: str, changes: dict[str, Any]) -> None:
        """Change one instance of a series."""
        self.stamp(event)
        event.exceptions[id] = event.exceptions.get(id, {}) | changes | {"changed": event.changed}
        self.tell(person, self.home(person, event).id)

    def stamp(self, event: Event) -> None:
        self.count += 1
        event.changed, event.updated = self.count, datetime.now(UTC)

    def change_file(self, file: File) -> None:
        self.count += 1
        file.changed, file.changed_at = self.count, time.time()
        for key in {*file.shared, *file.lost, file.owner.key} & set(self.accounts.people):
            self.tell(self.accounts.people[key], "changes")

    def tell(self, person: Person, resource: str) -> None:
        """Push to the channels that watch a resource."""
        for channel in list(self.channels.values()):
            if channel.is_open and (channel.account, channel.resource) == (person.key, resource):
                self.sender.post_later(channel.message("exists"))

    # -- what goes wrong, and what is pushed

    def failed(self, status: int) -> Response:
        return failure(status, "backendError", "Internal error encountered.")

    def unauthorized(self) -> Response:
        refused = failure(401, "authError", UNKNOWN, location="Authorization", locationType="header")
        refused.headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/", error="invalid_token"'
        return refused

    def limited(self, fault: Fault) -> Response:
        """A 403 whose reason tells it from a missing scope; Retry-After only where the test wants it."""
        reason = "rateLimitExceeded" if fault.kind == "rate_limit" else "userRateLimitExceeded"
        answer = failure(fault.status or 403, reason, "Rate Limit Exceeded", domain="usageLimits")
        if fault.retry_after is not None:
            answer.headers["Retry-After"] = str(fault.retry_after)
        return answer

    def deliveries(self, spec: dict[str, Any]) -> Iterator[Delivery]:
        """A message to each open channel of an account; `url` sends it elsewhere, `token` and `channel` forge it."""
        person = self.who(spec.get("account"))
        for channel in list(self.channels.values()):
            if channel.account != person.key or spec.get("channel") not in (None, channel.id):
                continue
            made = channel.message(spec.get("event") or "exists")
            if "token" in spec:
                made.headers["X-Goog-Channel-Token"] = spec["token"]
            yield Delivery(made.body, made.headers, spec.get("url") or made.url)


for part in (identity.routes, calendar.routes, drive.routes, channels.routes, control_routes):
    Google.routes.register_blueprint(part)
