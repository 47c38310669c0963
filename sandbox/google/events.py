"""Calendars, events and series, and how the instances of a series come out of it."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from sandbox.people import Person

Moment = datetime | date
LONGEST = timedelta(days=366)
MOST = 730


@dataclass
class Calendar:
    id: str
    summary: str
    zone: str
    role: str = "owner"
    is_primary: bool = False
    events: dict[str, Event] = field(default_factory=dict)

    def shape(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "kind": "calendar#calendarListEntry", "etag": f'"{abs(hash(self.id)) % 10**16}"', "id": self.id,
            "summary": self.summary, "timeZone": self.zone, "colorId": "14", "backgroundColor": "#9fe1e7",
            "foregroundColor": "#000000", "selected": True, "accessRole": self.role, "defaultReminders": [],
            "conferenceProperties": {"allowedConferenceSolutionTypes": ["hangoutsMeet"]},
        }  # fmt: skip
        return shown | ({"primary": True} if self.is_primary else {})


@dataclass
class Event:
    """A single event, or with `recurrence` a series."""

    id: str
    summary: str | None
    start: Moment
    end: Moment
    zone: str
    organizer: Person
    updated: datetime
    recurrence: list[str] = field(default_factory=list)
    status: str = "confirmed"
    attendees: list[dict[str, Any]] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    changed: int = 0
    """The number of the last change, which sync tokens count by."""
    series_changed: int = 0
    """The number of the last change of the series as a whole."""
    exceptions: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Instances of the series that differ, by their ids: summary, start, end, status, changed."""
    graves: dict[str, Moment] = field(default_factory=dict)
    """Instances that the series once had, with their original starts."""


@dataclass(frozen=True)
class Occurrence:
    """What stands in a calendar at one time: an event, or one instance of a series."""

    id: str
    event: Event
    start: Moment
    end: Moment
    original: Moment | None = None
    status: str = "confirmed"
    summary: str | None = None


def utc(moment: Moment, zone: str) -> datetime:
    """For comparing: an all-day date counts as the midnight of its zone."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC)
    return datetime(moment.year, moment.month, moment.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def instance_id(event: Event, original: Moment) -> str:
    if isinstance(original, datetime):
        return f"{event.id}_{original.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return f"{event.id}_{original:%Y%m%d}"


def starts(event: Event, until: datetime) -> list[Moment]:
    """When the instances of a series begin, by its rule alone."""
    if isinstance(event.start, datetime):
        zone = ZoneInfo(event.zone)
        first = event.start.astimezone(zone).replace(tzinfo=None)
    else:
        zone, first = None, datetime.combine(event.start, time())
    text = "\n".join(re.sub(r"(UNTIL=\d{8}T\d{6})Z", r"\1", line) for line in event.recurrence)
    found: list[Moment] = []
    for local in rrulestr(text, dtstart=first, forceset=True):
        moment: Moment = local.replace(tzinfo=zone) if zone else local.date()
        if utc(moment, event.zone) > until or len(found) >= MOST:
            break
        found.append(moment)
    return found


def occurrences(event: Event, until: datetime) -> list[Occurrence]:
    """The instances of a series up to a moment, the different ones as they are; a single event is its own."""
    if not event.recurrence:
        return [Occurrence(event.id, event, event.start, event.end, None, event.status, event.summary)]
    length: timedelta = event.end - event.start  # type: ignore[operator]  # both are times, or both are dates
    made = []
    for original in starts(event, until):
        id = instance_id(event, original)
        other = event.exceptions.get(id, {})
        start = other.get("start", original)
        status = "cancelled" if event.status == "cancelled" else other.get("status", "confirmed")
        end, summary = other.get("end", start + length), other.get("summary", event.summary)
        made.append(Occurrence(id, event, start, end, original, status, summary))
    made += [
        Occurrence(id, event, original, original + length, original, "cancelled")
        for id, original in event.graves.items()
    ]
    return made


def when(moment: Moment, zone: str) -> dict[str, str]:
    if isinstance(moment, datetime):
        return {"dateTime": moment.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds"), "timeZone": zone}
    return {"date": moment.isoformat()}


def shape(occurrence: Occurrence, calendar: Calendar, base: str, as_series: bool = False) -> dict[str, Any]:
    """An event as the API shows it; of a cancelled one little more than its id."""
    event = occurrence.event
    etag = f'"{int(event.updated.timestamp() * 2000) + event.changed}"'
    shown: dict[str, Any] = {"kind": "calendar#event", "etag": etag, "id": occurrence.id, "status": occurrence.status}
    part = (
        {"recurringEventId": event.id, "originalStartTime": when(occurrence.original, event.zone)}
        if occurrence.original is not None
        else {}
    )
    if occurrence.status == "cancelled":
        return shown | part
    eid = base64.urlsafe_b64encode(f"{occurrence.id} {calendar.id}".encode()).decode().rstrip("=")
    stamp = event.updated.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    person = {"email": event.organizer.email, "displayName": event.organizer.name}
    shown |= {
        "htmlLink": f"{base}/calendar/event?eid={eid}", "created": stamp, "updated": stamp,
        "creator": {"email": event.organizer.email},
        "organizer": person | ({"self": True} if event.organizer.email == calendar.id else {}),
        "start": when(occurrence.start, event.zone), "end": when(occurrence.end, event.zone),
        "iCalUID": f"{event.id}@google.com", "sequence": 0, "reminders": {"useDefault": True}, "eventType": "default",
    }  # fmt: skip
    if occurrence.summary is not None:
        shown["summary"] = occurrence.summary
    if event.attendees:
        shown["attendees"] = event.attendees
    if as_series:
        shown["recurrence"] = event.recurrence
    return shown | part | event.extra
