"""Calendar feeds: what is planned as iCalendar, at a secret address of the house."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from flask import Blueprint, Response, request
from icalendar import Calendar, Event

from models.clock import local
from models.db import Record
from models.feeds import feed_span, list_feed, reader_of
from models.horizon import look_ahead
from settings import settings

routes = Blueprint("feeds", __name__)


def address(secret: str) -> str:
    """Where calendar apps find a feed."""
    return f"{settings.public_url.rstrip('/')}/feeds/{secret}.ics"


@routes.get("/feeds/<secret>.ics")
def feed(secret: str) -> Response:
    """The feed that a secret opens. Unchanged since the reader's ETag it costs no writing."""
    reader = reader_of(secret)
    first, last = feed_span(reader.timezone)
    look_ahead(reader, last)
    rows = list_feed(reader.id, first, last)
    tag = hashlib.blake2b(repr((reader.timezone, [tuple(row) for row in rows])).encode(), digest_size=16).hexdigest()
    response = Response(mimetype="text/calendar")
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    if request.if_none_match.contains(tag):
        response.status_code = 304
    else:
        response.set_data(write_calendar(rows, reader.timezone, first, last))
        response.headers["Content-Disposition"] = 'inline; filename="daybook.ics"'
    return response


def write_calendar(rows: Sequence[Record], zone_name: str, first: date, last: date) -> bytes:
    """Blocks as an iCalendar file, in the wall clock of their owner's zone, with that zone's rules."""
    calendar = Calendar()
    calendar.add("prodid", "-//Daybook//Planned blocks//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "Daybook")
    calendar.add("x-wr-timezone", zone_name)
    calendar.add("refresh-interval", timedelta(minutes=15), parameters={"VALUE": "DURATION"})
    for row in rows:
        calendar.add_component(_event(row, zone_name))
    if zone_name != "UTC":
        # Without bounds it would write out 68 years of changes.
        calendar.add_missing_timezones(first_date=first, last_date=last + timedelta(days=366))
    return calendar.to_ical()


def _event(row: Record, zone_name: str) -> Event:
    event = Event()
    event.add("uid", f"{row.uid}@daybook")
    event.add("dtstamp", row.updated_at.replace(microsecond=0))
    event.add("last-modified", row.updated_at.replace(microsecond=0))
    event.add("dtstart", _moment(row.starts_at, zone_name))
    event.add("dtend", _moment(row.starts_at + timedelta(minutes=row.duration_minutes), zone_name))
    event.add("summary", row.title)
    if row.subtitle:
        event.add("description", row.subtitle)
    if row.external_url:
        event.add("url", row.external_url)
    return event


def _moment(moment: datetime, zone_name: str) -> datetime:
    """Wall clock with its zone, or UTC: a time that comes twice means the first one there, so the second is UTC."""
    there = local(moment, zone_name)
    return moment if zone_name == "UTC" or there.fold else there
