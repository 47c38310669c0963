"""Google Calendar: the events of the next 30 days, followed by sync token.

https://developers.google.com/workspace/calendar/api/guides/sync
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Generator, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from typing import Any
from zoneinfo import ZoneInfo

from connectors import text
from connectors.base import Cursor, Item, Page
from connectors.google.api import Api, Gone, Stale, listed
from connectors.members import read, sweep
from connectors.text import Malformed

AHEAD = timedelta(days=30)
LIST_EVERY = timedelta(hours=6)
"""The window moves on, but a sync token tells only of what was changed: so it is listed anew, that much longer."""
MOST_PAGES = 40
MOST_OFFERED = 200
NO_WORK = ("workingLocation", "birthday")
NOT_CHOSEN = ("#holiday@group.v.calendar.google.com", "#contacts@group.v.calendar.google.com")
"""Calendars that come by themselves; they arrive only where the user names them."""
READABLE = ("owner", "writer", "reader")
FIELDS = (
    "nextPageToken,nextSyncToken,items(id,status,summary,description,location,htmlLink,start,end,eventType,"
    "recurringEventId,hangoutLink,organizer(email,self),attendees(email,self,responseStatus))"
)
_TAG = re.compile(r"<(?:br|/p|/div|/li)[^>]*>", re.IGNORECASE), re.compile(r"<[^>]+>")


@dataclass(frozen=True, slots=True)
class Offered:
    """A calendar that the user may choose."""

    id: str
    name: str
    is_primary: bool
    is_read: bool


def offered(cursor: Cursor) -> list[Offered]:
    """The calendars of an account, as its last run found them."""
    state = cursor.get("calendar", {})
    read = state.get("calendars", {})
    return [Offered(id, name or id, primary, id in read) for id, name, primary in state.get("offered", ())]


class Calendars:
    """The chosen calendars of one account; `state` is kept in the cursor by calendar id."""

    def __init__(self, api: Api, state: Cursor, chosen: str, now: datetime) -> None:
        self.api = api
        self.state: Cursor = deepcopy(state)
        self.chosen = [part.strip() for part in chosen.split(",") if part.strip()]
        self.now = now

    def pages(self) -> Iterator[Page]:
        """Pages whose cursors are this part's own state."""
        choice = ",".join(self.chosen)
        if text.moment(self.state.get("chosen_at")) + LIST_EVERY <= self.now or self.state.get("choice") != choice:
            yield from self.choose()
            self.state.update(chosen_at=text.stamp(self.now), choice=choice)
        for id in list(self.state.get("calendars", {})):
            try:
                yield from self.calendar(id)
            except Gone:
                del self.state["calendars"][id]
                yield self.page([], sweeps=sweep(scope_of(id), ()))

    def page(self, items: list[Item], skipped: int = 0, sweeps: Any = ()) -> Page:
        return Page(items, deepcopy(self.state), skipped, sweeps)

    def choose(self) -> Iterator[Page]:
        """Which calendars there are now; the events of one that was taken away leave."""
        found: list[dict[str, Any]] = []
        token = None
        for _ in range(MOST_PAGES):
            answer = self.api.ask(
                self.api.service("calendar").calendarList().list(maxResults=250, pageToken=token)
            )
            members = [each for each in listed(answer, "items") if isinstance(each, dict)]
            found += [each for each in members if isinstance(each.get("id"), str)]
            token = answer.get("nextPageToken")
            if not token:
                break
        primary = next((each["id"] for each in found if each.get("primary")), "")
        if self.chosen:
            ids = [primary if id == "primary" else id for id in self.chosen]
        else:
            ids = [each["id"] for each in found if _is_chosen(each)]
        known = self.state.get("calendars", {})
        self.state["offered"] = [
            [each["id"], text.clean(each.get("summaryOverride") or each.get("summary"), 200), each["id"] == primary]
            for each in found if not each.get("deleted") and each.get("accessRole") in READABLE
        ][:MOST_OFFERED]
        self.state["primary"] = primary if primary in ids else ""
        self.state["calendars"] = {id: known.get(id, {}) for id in ids}
        gone = [scope for id in known if id not in ids for scope in sweep(scope_of(id), ())]
        yield self.page([], sweeps=tuple(gone))

    def calendar(self, id: str) -> Iterator[Page]:
        kept = self.state["calendars"][id]
        if not kept.get("token") or text.moment(kept.get("listed_at")) + LIST_EVERY <= self.now:
            yield from self.listing(id)
            return
        until = text.moment(kept.get("until"))
        try:
            orphans = yield from self.changes(id, until)
        except Stale:
            orphans = True
        if orphans:
            yield from self.listing(id)

    def changes(self, id: str, until: datetime) -> Generator[Page, None, bool]:
        """What changed since the token; whether something was cancelled that is no known instance."""
        kept = self.state["calendars"][id]
        orphans, token = False, None
        for _ in range(MOST_PAGES):
            asked: dict[str, str] = {"pageToken": token} if token else {}
            answer = self.ask(id, syncToken=kept["token"], **asked)
            members = listed(answer, "items")
            items, skipped = read(members, lambda raw: self.item(raw, id, until))
            orphans = orphans or any(
                isinstance(raw, dict) and raw.get("status") == "cancelled" and "_" not in str(raw.get("id"))
                for raw in members
            )
            token = answer.get("nextPageToken")
            if not token and answer.get("nextSyncToken"):
                kept["token"] = answer["nextSyncToken"]
            if not token and orphans:
                # A series that was cancelled may be told by its own id alone: all is listed, if not now then next time.
                kept.pop("listed_at", None)
            yield self.page(items, skipped)
            if not token:
                break
        return orphans

    def listing(self, id: str) -> Iterator[Page]:
        """The whole window; complete, so that it proves what is gone.

        Where it took more than a page and something changed meanwhile, its pages may have shifted: once more then.
        """
        kept = self.state["calendars"][id]
        kept.pop("listed_at", None)  # one that is cut short is begun anew, also where it has its new token already
        until = self.now + AHEAD + LIST_EVERY
        for _ in range(2):
            seen: set[str] = set()
            token, whole, count, end = None, True, 0, None
            while count < MOST_PAGES:
                count += 1
                asked: dict[str, str] = {"pageToken": token} if token else {}
                answer = self.ask(id, timeMin=text.stamp(self.now), timeMax=text.stamp(until), **asked)
                items, skipped = read(listed(answer, "items"), lambda raw: self.item(raw, id, until))
                seen.update(item.external_id for item in items if item.is_open)
                whole = whole and not skipped
                token, end = answer.get("nextPageToken"), answer.get("nextSyncToken")
                yield self.page(items, skipped)
                if not token:
                    break
            whole = whole and token is None
            kept.update(token=end, until=text.stamp(until))
            if count == 1 or not end:
                break
            moved = False
            for page in self.changes(id, until):
                moved = moved or bool(page.items)
                yield page
            if not moved:
                break
            whole = False
        kept["listed_at"] = text.stamp(self.now if whole else self.now - LIST_EVERY + timedelta(hours=1))
        yield self.page([], sweeps=sweep(scope_of(id), seen, whole))

    def ask(self, id: str, **parameters: Any) -> dict[str, Any]:
        request = self.api.service("calendar").events().list(
            calendarId=id, singleEvents=True, maxResults=250, fields=FIELDS, **parameters
        )
        return self.api.ask(request)

    def item(self, raw: object, calendar: str, until: datetime) -> Item | None:
        """An event; one that stands in the user's own calendar too is taken from there alone."""
        event = text.member(raw)
        primary = self.state.get("primary")
        if primary and calendar != primary and _is_invited(event, primary):
            return None
        return event_item(event, calendar, self.now, until)


def event_item(raw: object, calendar: str, now: datetime, until: datetime) -> Item:
    """An event. Cancelled, declined, over, or beyond the window: it is closed."""
    event = text.member(raw)
    identity = event.get("id")
    if not isinstance(identity, str) or not identity:
        raise Malformed("no id")
    external_id = f"{scope_of(calendar)}:{identity if len(identity) <= 120 else _short(identity, 32)}"
    name = " ".join(text.clean(event.get("summary"), text.TITLE).split()) or "(No title)"
    if event.get("status") == "cancelled":
        return Item(external_id, name, text.link(event.get("htmlLink")), "google-calendar", "event", is_open=False)
    starts_at, is_all_day = _when(event.get("start"))
    ends_at, _ = _when(event.get("end"))
    declined = any(
        isinstance(each, dict) and each.get("self") and each.get("responseStatus") == "declined"
        for each in event.get("attendees") or ()
    )
    over = ends_at <= now - timedelta(days=1) if is_all_day else ends_at <= now and starts_at < now
    return Item(
        external_id=external_id,
        title=name,
        url=text.link(event.get("htmlLink")),
        source="google-calendar",
        type="event",
        description=_description(event),
        is_open=not declined and not over and starts_at < until and event.get("eventType") not in NO_WORK,
        starts_at=starts_at,
        ends_at=ends_at,
        is_all_day=is_all_day,
    )


def scope_of(calendar: str) -> str:
    """Each calendar is swept by itself."""
    return f"event-{_short(calendar, 8)}"


def _short(value: str, length: int) -> str:
    return hashlib.blake2s(value.encode("utf-8", "replace")).hexdigest()[:length]


def _is_chosen(calendar: dict[str, Any]) -> bool:
    shown = calendar.get("primary") or (calendar.get("selected") and not calendar.get("hidden"))
    by_itself = calendar["id"].endswith(NOT_CHOSEN)
    return bool(shown) and not by_itself and not calendar.get("deleted") and calendar.get("accessRole") in READABLE


def _is_invited(event: dict[str, Any], primary: str) -> bool:
    people = [event.get("organizer"), *(event.get("attendees") or ())]
    return any(isinstance(person, dict) and person.get("email") == primary for person in people)


def _when(raw: object) -> tuple[datetime, bool]:
    """A moment; a whole day is its midnight in UTC, and stays a date for whoever shows it."""
    moment = text.member(raw)
    if isinstance(moment.get("date"), str):
        try:
            return datetime.combine(date.fromisoformat(moment["date"]), clock(), UTC), True
        except ValueError as error:
            raise Malformed("a date that cannot be read") from error
    value = moment.get("dateTime")
    if isinstance(value, str) and isinstance(moment.get("timeZone"), str):
        try:
            at = datetime.fromisoformat(value)
            if at.tzinfo is None:
                return at.replace(tzinfo=ZoneInfo(moment["timeZone"])).astimezone(UTC), False
        except (ValueError, KeyError, OverflowError) as error:
            raise Malformed("a time that cannot be read") from error
    return text.instant(value), False


def _description(event: dict[str, Any]) -> str | None:
    """Where it is, how to get in, and what it says; descriptions hold markup."""
    said = text.clean(event.get("description"), 20_000)
    said = html.unescape(_TAG[1].sub("", _TAG[0].sub("\n", said)))
    parts = (text.clean(event.get("location"), 300), text.link(event.get("hangoutLink")) or "", text.clean(said))
    return text.clean("\n\n".join(part for part in parts if part)) or None
