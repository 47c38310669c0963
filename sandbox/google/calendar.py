"""Google Calendar v3: the calendars, and their events with pages and sync tokens."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, g, render_template, request

from sandbox.google.api import Wrong, api, flag, google, instant, missing, opened, sealed, size
from sandbox.google.events import LONGEST, Calendar, Occurrence, occurrences, shape, utc
from sandbox.reply import reply

ANY = ("calendar", "calendar.readonly")
EVENTS = (*ANY, "calendar.events", "calendar.events.readonly")
NOT_WITH_TOKEN = (
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMin",
    "timeMax",
    "updatedMin",
)

routes = Blueprint("google_calendar", __name__)


def stale() -> Wrong:
    message = "Sync token is no longer valid, a full sync is required."
    return Wrong(410, "fullSyncRequired", message, "calendar", locationType="parameter", location="syncToken")


def synced(token: str) -> dict[str, Any]:
    """What a sync token remembers. Errors: Wrong (410)."""
    claims = opened(token)
    if claims is None or claims.get("era") != google.era or google.faults.take("stale_cursor", account=g.account):
        raise stale()
    return claims


@routes.get("/calendar/v3/users/me/calendarList")
@api(*ANY, "calendar.calendarlist.readonly")
def calendars() -> Any:
    found = list(google.calendars(google.person()).values())
    if request.args.get("syncToken"):
        since = synced(request.args["syncToken"])["count"]
        found = found if since < google.listed_at.get(g.account, 0) else []
    end = sealed({"era": google.era, "count": google.count})
    items = [calendar.shape() for calendar in found]
    return {"kind": "calendar#calendarList", "etag": f'"{google.count}"', "nextSyncToken": end, "items": items}


@routes.get("/calendar/v3/users/me/calendarList/<id>")
@api(*ANY, "calendar.calendarlist.readonly")
def calendar_entry(id: str) -> Any:
    return own(id).shape()


@routes.get("/calendar/v3/calendars/<id>")
@api(*ANY)
def calendar(id: str) -> Any:
    found = own(id)
    return {
        "kind": "calendar#calendar",
        "etag": '"1"',
        "id": found.id,
        "summary": found.summary,
        "timeZone": found.zone,
    }


@routes.get("/calendar/v3/users/me/settings/<name>")
@api(*ANY, "calendar.settings.readonly")
def setting(name: str) -> Any:
    values = {"timezone": google.person().time_zone, "locale": "en", "weekStart": "1"}
    if name not in values:
        raise missing()
    return {"kind": "calendar#setting", "etag": '"1"', "id": name, "value": values[name]}


def own(id: str) -> Calendar:
    mine = google.calendars(google.person())
    found = mine.get(google.person().email if id == "primary" else id)
    if found is None:
        raise missing()
    return found


@routes.get("/calendar/v3/calendars/<id>/events")
@api(*EVENTS)
def index(id: str) -> Any:
    """Events of a calendar; the last page has a sync token, unless an order was asked for."""
    calendar, args = own(id), request.args
    single, page = flag("singleEvents"), opened(args.get("pageToken", "")) if args.get("pageToken") else None
    if args.get("pageToken") and (page is None or page.get("era") != google.era):
        raise Wrong(400, "invalid", "Invalid page token value.", locationType="parameter", location="pageToken")
    if args.get("orderBy") == "startTime" and not single:
        raise Wrong(400, "badRequest", "The requested ordering is not available for the particular query.")
    token = synced(args["syncToken"]) if args.get("syncToken") else None
    if token is not None and any(args.get(name) for name in NOT_WITH_TOKEN):
        raise Wrong(400, "syncTokenWithNonDefaultOrdering" if args.get("orderBy") else "badRequest",
                    "Sync token cannot be used with the given query restrictions.", "calendar")  # fmt: skip
    if token is not None and (token["single"], token["calendar"]) != (single, calendar.id):
        raise Wrong(400, "badRequest", "The sync token was made by another query.", "calendar")

    count = page["count"] if page else google.count
    window = [instant("timeMin"), instant("timeMax")]
    if token is not None and google.remembers_window:
        window = [datetime.fromisoformat(text) if text else None for text in token["window"]]
    found = listed(calendar, single, window[0], window[1], token["count"] if token else None)
    offset, most = (page["offset"] if page else 0), size("maxResults", 250, 2500)
    shown = found[offset : offset + most]
    body = envelope(calendar)
    faults = google.faults
    if offset and shown and faults.take("duplicates", account=g.account):
        shown = [found[offset - 1], *shown]
    if offset + most < len(found) or (len(found) > 1 and not page and faults.take("empty_page", account=g.account)):
        after = offset + most
        if offset + most >= len(found) or faults.take("empty_page", account=g.account):
            shown, after = [], offset
        body["nextPageToken"] = sealed({"era": google.era, "count": count, "offset": after})
        if shown and faults.take("update_while_paging", account=g.account):
            google.change(google.person(), found[-1].event)
        if shown and faults.take("close_while_paging", account=g.account):
            google.change(google.person(), shown[0].event, status="cancelled")
    elif not args.get("orderBy"):
        bounds = [moment.isoformat() if moment else None for moment in window]
        claims = {"era": google.era, "count": count, "single": single, "calendar": calendar.id, "window": bounds}
        body["nextSyncToken"] = sealed(claims)
    return body | {
        "items": [shape(each, calendar, google.base, bool(each.event.recurrence) and not single) for each in shown]
    }


def envelope(calendar: Calendar) -> dict[str, Any]:
    updated = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "kind": "calendar#events", "etag": f'"p{google.count}"', "summary": calendar.summary, "description": "",
        "updated": updated, "timeZone": calendar.zone, "accessRole": calendar.role, "defaultReminders": [],
    }  # fmt: skip


def listed(
    calendar: Calendar, single: bool, start: datetime | None, end: datetime | None, since: int | None
) -> list[Occurrence]:
    """What the query finds: all that stands in the window, or all that changed since a sync, the cancelled too."""
    until = end or datetime.now(UTC) + LONGEST
    found: list[Occurrence] = []
    for event in calendar.events.values():
        if since is not None and event.changed <= since:
            continue
        if single and since is not None and event.series_changed <= since:
            found += [
                each
                for each in occurrences(event, until)
                if event.exceptions.get(each.id, {}).get("changed", 0) > since
            ]
        elif single:
            found += occurrences(event, until)
        else:
            found.append(Occurrence(event.id, event, event.start, event.end, None, event.status, event.summary))
            found += (
                [each for each in occurrences(event, until) if each.id in event.exceptions] if event.recurrence else []
            )
    if since is None and not flag("showDeleted"):
        found = [each for each in found if each.status != "cancelled"]
    updated = instant("updatedMin")
    words = request.args.get("q", "").lower()
    kept = [each for each in found if within(each, start, end) and words in (each.summary or "").lower()]
    if updated:
        kept = [each for each in kept if each.event.updated >= updated]
    if request.args.get("orderBy") == "updated":
        return sorted(kept, key=lambda each: each.event.updated)
    return sorted(kept, key=lambda each: (utc(each.start, each.event.zone), each.id))


def within(each: Occurrence, start: datetime | None, end: datetime | None) -> bool:
    if each.event.recurrence and each.original is None:
        return end is None or utc(each.start, each.event.zone) < end  # a series may reach into any window
    first, last = utc(each.start, each.event.zone), utc(each.end, each.event.zone)
    return (start is None or last > start) and (end is None or first < end)


@routes.get("/calendar/v3/calendars/<id>/events/<event_id>")
@api(*EVENTS)
def show(id: str, event_id: str) -> Any:
    calendar = own(id)
    event = calendar.events.get(event_id) or calendar.events.get(event_id.rpartition("_")[0])
    if event is None:
        raise missing()
    if event.id == event_id:
        whole = Occurrence(event.id, event, event.start, event.end, None, event.status, event.summary)
        return shape(whole, calendar, google.base, bool(event.recurrence))
    for each in occurrences(event, datetime.now(UTC) + LONGEST):
        if each.id == event_id:
            return shape(each, calendar, google.base)
    raise missing()


@routes.get("/calendar/v3/calendars/<id>/events/<event_id>/instances")
@api(*EVENTS)
def instances(id: str, event_id: str) -> Any:
    calendar = own(id)
    event = calendar.events.get(event_id)
    if event is None:
        raise missing()
    until = instant("timeMax") or datetime.now(UTC) + timedelta(days=90)
    found = [each for each in occurrences(event, until) if flag("showDeleted") or each.status != "cancelled"]
    return envelope(calendar) | {"items": [shape(each, calendar, google.base) for each in found]}


@routes.get("/calendar/event")
def page() -> Any:
    """What a person sees who follows an event's link."""
    try:
        text = request.args.get("eid", "")
        id, calendar_id = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split(" ")
    except ValueError:
        return reply({"error": "not found"}, 404)
    for mine in google.agendas.values():
        events = mine[calendar_id].events if calendar_id in mine else {}
        event = events.get(id) or events.get(id.rpartition("_")[0])
        if event:
            title, text = event.summary or "(No title)", event.extra.get("description")
            place = f"Google Calendar · {event.start}"
            return render_template(
                "item.html", provider="Google", title=title, state=event.status, body=text, place=place
            )
    return reply({"error": "not found"}, 404)
