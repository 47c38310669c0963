"""The calendars and files that everybody finds, around the day on which the sandbox is started."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.google.events import Calendar, Event, instance_id, starts
from sandbox.google.files import Comment, File
from sandbox.people import COLLEAGUES, Person

HERE = Path(__file__).parent
MIMES = {
    "document": "application/vnd.google-apps.document",
    "spreadsheet": "application/vnd.google-apps.spreadsheet",
    "presentation": "application/vnd.google-apps.presentation",
    "pdf": "application/pdf",
}
TEAM, HOLIDAYS = "c_harborline7crew@group.calendar.google.com", "en.swedish#holiday@group.v.calendar.google.com"


def lines(name: str) -> list[list[str]]:
    """The parts of each line that says something."""
    texts = (HERE / name).read_text("utf-8").splitlines()
    return [[part.strip() for part in text.split("|")] for text in texts if text.strip() and not text.startswith("#")]


def make_id(*words: Any) -> str:
    """An id like Google's: the same every time, of letters that they use."""
    digest = int.from_bytes(hashlib.sha256(repr(words).encode()).digest()[:20], "big")
    letters = "0123456789abcdefghijklmnopqrstuv"
    return "".join(letters[digest >> (5 * place) & 31] for place in range(26))


def at(person: Person, day: int, clock: str) -> datetime:
    zone = ZoneInfo(person.time_zone)
    today = datetime.now(zone).date() + timedelta(days=day)
    hour, minute = (int(part) for part in clock.split(":"))
    return datetime(today.year, today.month, today.day, hour, minute, tzinfo=zone)


def put(
    stand: Any, calendar: Calendar, person: Person, summary: str | None, start: Any, end: Any, **more: Any
) -> Event:
    """Put an event into a calendar; `id` and all other fields of it may be given."""
    id = more.pop("id", None) or make_id(calendar.id, summary, str(start), len(calendar.events))
    stand.count += 1
    event = Event(id, summary, start, end, calendar.zone, more.pop("organizer", person), datetime.now(UTC), **more)
    event.changed = event.series_changed = stand.count
    calendar.events[event.id] = event
    return event


def guest(person: Person, answer: str, me: bool = False) -> dict[str, Any]:
    shown = {"email": person.email, "displayName": person.name, "responseStatus": answer}
    return shown | ({"self": True} if me else {})


def fill(stand: Any) -> None:
    """Everybody's first day: full for one, quiet for the next, nothing for the third."""
    mara, jun = stand.accounts.people["mara"], stand.accounts.people["jun"]
    mine = stand.calendars(mara)
    primary = mine[mara.email]
    for place, (day, clock, minutes, title) in enumerate(lines("events.txt")):
        start = at(mara, int(day), clock)
        more: dict[str, Any] = {}
        if place % 3 == 1:
            guests = [guest(mara, "accepted", me=True), guest(COLLEAGUES[place % 8], "accepted")]
            more = {"attendees": guests, "organizer": COLLEAGUES[place % 8]}
        put(stand, primary, mara, title or None, start, start + timedelta(minutes=int(minutes)), **more)
    series(stand, mara, primary)
    days(stand, mara, primary)

    team = mine[TEAM] = Calendar(TEAM, "Crew: who is on call", mara.time_zone, "writer")
    for week in range(-1, 5):
        first = at(mara, 7 * week, "00:00").date()
        name = COLLEAGUES[week % 8].name
        put(stand, team, COLLEAGUES[0], f"On call: {name}", first, first + timedelta(days=7))
    holidays = mine[HOLIDAYS] = Calendar(HOLIDAYS, "Holidays in Sweden", mara.time_zone, "reader")
    year = datetime.now(UTC).year
    for month, number, name in (
        (12, 24, "Julafton"),
        (12, 25, "Juldagen"),
        (12, 26, "Annandag jul"),
        (12, 31, "Nyårsafton"),
    ):
        first = date(year, month, number)
        put(
            stand,
            holidays,
            COLLEAGUES[1],
            name,
            first,
            first + timedelta(days=1),
            extra={"transparency": "transparent"},
        )

    start = at(jun, 1, "11:00")
    put(stand, stand.calendars(jun)[jun.email], jun, "定例会議", start, start + timedelta(minutes=30))
    files(stand, mara, jun)


def series(stand: Any, mara: Person, primary: Calendar) -> None:
    start = at(mara, -30, "09:00")
    put(
        stand,
        primary,
        mara,
        "Stand-up",
        start,
        start + timedelta(minutes=15),
        recurrence=["RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"],
        extra={"hangoutLink": "https://meet.example.com/abc-defg-hij"},
    )
    start = at(mara, -21, "13:00")
    weekly = put(stand, primary, COLLEAGUES[2], "Planning", start, start + timedelta(minutes=60),
                 recurrence=["RRULE:FREQ=WEEKLY;INTERVAL=1"])  # fmt: skip
    coming = starts(weekly, datetime.now(UTC) + timedelta(days=40))
    moved, fallen = coming[4], coming[5]
    later = moved + timedelta(days=1, hours=2)
    changes = {"start": later, "end": later + timedelta(hours=1), "summary": "Planning (moved)"}
    weekly.exceptions[instance_id(weekly, moved)] = changes
    weekly.exceptions[instance_id(weekly, fallen)] = {"status": "cancelled"}
    birthday = at(mara, 11, "00:00").date()
    put(stand, primary, mara, "Birthday: Elsa 🎂", birthday, birthday + timedelta(days=1),
        recurrence=["RRULE:FREQ=YEARLY"], extra={"transparency": "transparent"})  # fmt: skip


def days(stand: Any, mara: Person, primary: Calendar) -> None:
    conference, leave = at(mara, 16, "00:00").date(), at(mara, 25, "00:00").date()
    put(stand, primary, mara, "Maritime data days, Hamburg", conference, conference + timedelta(days=3))
    put(stand, primary, mara, "Away", leave, leave + timedelta(days=2), extra={"eventType": "outOfOffice"})
    start = at(mara, 2, "12:00")
    put(stand, primary, COLLEAGUES[3], "Lunch talk (declined)", start, start + timedelta(minutes=45),
        attendees=[guest(mara, "declined", me=True), guest(COLLEAGUES[3], "accepted")])  # fmt: skip
    start = at(mara, 4, "16:30")
    put(
        stand,
        primary,
        COLLEAGUES[4],
        "Cancelled: vendor call",
        start,
        start + timedelta(minutes=30),
        status="cancelled",
    )


def files(stand: Any, mara: Person, jun: Person) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    for place, (days_ago, kind, reason, name, text) in enumerate(lines("files.txt")):
        then, author = now - timedelta(days=int(days_ago), hours=3), COLLEAGUES[place % 8]
        stand.count += 1
        file = File(
            make_id("file", place), name, MIMES[kind], author, then, then, {mara.key: then}, changed=stand.count
        )
        if place == 7:
            file.shared[jun.key] = then
        if text:
            comment = Comment(make_id("comment", place)[:11], author, text, then, then)
            if reason:
                comment.content, comment.mentioned = f"@{mara.email} {text}", [mara.email]
            if reason == "assign":
                comment.assignee = mara.email
            file.comments.append(comment)
        stand.files[file.id] = file
