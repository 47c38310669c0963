"""What control can do with the sandbox's Google: events, shared files, comments."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Response

from sandbox import words
from sandbox.control import body, controls
from sandbox.google import seed
from sandbox.google.api import google
from sandbox.google.events import Calendar, Event, Moment
from sandbox.google.files import Comment, File
from sandbox.people import COLLEAGUES, Person
from sandbox.reply import reply
from sandbox.stand import Unknown

routes = controls("google_control", "/_control")


def moment(text: str) -> Moment:
    """`2026-11-30` for a whole day, else a time with its offset."""
    if len(text) == 10:
        return date.fromisoformat(text)
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("times need an offset")
    return found


class Control:
    """Events, files and comments added and changed from outside; open channels are told."""

    def show_items(self: Any, account: str | None) -> list[dict[str, Any]]:
        person = self.who(account)
        events = [
            self.event_for_control(person, event)
            for calendar in self.calendars(person).values()
            for event in calendar.events.values()
        ]
        return events + [self.file_for_control(file) for file in self.files.values() if person.key in file.shared]

    def event_for_control(self: Any, person: Person, event: Event) -> dict[str, Any]:
        return {
            "id": event.id, "kind": "event", "title": event.summary, "calendar": self.home(person, event).id,
            "start": event.start.isoformat(), "end": event.end.isoformat(), "status": event.status,
            "recurrence": event.recurrence, "account": person.key,
        }  # fmt: skip

    def file_for_control(self: Any, file: File) -> dict[str, Any]:
        comments = [
            {"id": f"{file.id}/{each.id}", "text": each.content, "resolved": each.is_resolved} for each in file.comments
        ]
        return {"id": file.id, "kind": "file", "title": file.name, "shared": list(file.shared), "comments": comments}

    def add_items(self: Any, spec: dict[str, Any]) -> list[dict[str, Any]]:
        """An event (title, start, minutes or end, calendar, recurrence), or with `kind` a file or a comment."""
        person, kind = self.who(spec.get("account")), spec.get("kind", "event")
        if kind == "file":
            return [self.add_file(person, spec)]
        if kind == "comment":
            return [self.add_comment(person, spec)]
        if kind != "event":
            raise ValueError("kind must be event, file or comment")
        calendar = self.calendar_of(person, spec.get("calendar"))
        if "count" in spec:
            return self.heap(person, calendar, int(spec["count"]), spec.get("keep", False))
        default = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)
        start = moment(spec["start"]) if spec.get("start") else default
        length = timedelta(minutes=spec.get("minutes", 30)) if isinstance(start, datetime) else timedelta(days=1)
        end = moment(spec["end"]) if spec.get("end") else start + length
        event = seed.put(
            self, calendar, person, spec.get("title"), start, end,
            recurrence=list(spec.get("recurrence", ())), attendees=list(spec.get("attendees", ())),
            organizer=self.accounts.find(spec.get("organizer")) or person,
        )  # fmt: skip
        self.tell(person, calendar.id)
        return [self.event_for_control(person, event)]

    def calendar_of(self: Any, person: Person, id: str | None) -> Calendar:
        mine = self.calendars(person)
        if id not in (None, "primary", *mine):
            raise Unknown(f"no calendar {id}")
        return mine[person.email if id in (None, "primary") else id]

    def heap(self: Any, person: Person, calendar: Calendar, count: int, keep: bool) -> list[dict[str, Any]]:
        if not keep:
            for event in list(calendar.events.values()):
                self.change(person, event, status="cancelled")
        first = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        for number in range(1, count + 1):
            start = first + timedelta(minutes=number * 40_000 // count)  # all of them within four weeks
            seed.put(self, calendar, person, words.title(number), start, start + timedelta(minutes=25))
        self.tell(person, calendar.id)
        return [{}] * count

    def add_file(self: Any, person: Person, spec: dict[str, Any]) -> dict[str, Any]:
        now, owner = datetime.now(UTC), self.accounts.find(spec.get("owner")) or COLLEAGUES[0]
        id = seed.make_id("made", len(self.files), self.era)
        file = File(
            id, spec["title"], str(spec.get("mime") or seed.MIMES["document"]), owner, now, now, {person.key: now}
        )
        self.files[file.id] = file
        self.change_file(file)
        return self.file_for_control(file)

    def add_comment(self: Any, person: Person, spec: dict[str, Any]) -> dict[str, Any]:
        """On `file`: `text`, which mentions the account, or with `assign` gives it the work."""
        file, now = self.files.get(spec["file"]), datetime.now(UTC)
        if file is None:
            raise Unknown(f"no file {spec['file']}")
        is_for = spec.get("mention", True) or spec.get("assign")
        comment = Comment(
            seed.make_id("said", len(file.comments), file.id)[:11],
            COLLEAGUES[1],
            spec.get("text", "please have a look"),
            now,
            now,
            [person.email] if is_for else [],
            person.email if spec.get("assign") else None,
        )
        file.comments.append(comment)
        self.change_file(file)
        return {"id": f"{file.id}/{comment.id}", "kind": "comment", "text": comment.content}

    def find_event(self: Any, id: str) -> tuple[Person, Event]:
        for key, calendars in self.agendas.items():
            for calendar in calendars.values():
                if id in calendar.events:
                    return self.accounts.people[key], calendar.events[id]
        raise Unknown(f"no item {id}")

    def change_item(self: Any, id: str, spec: dict[str, Any]) -> dict[str, Any]:
        """An event: title, start, end, state, calendar; a file: title, share, viewed; a comment: resolved, reply."""
        file = self.files.get(id.partition("/")[0])
        if file is not None:
            return self.change_shared(file, id.partition("/")[2], spec)
        series, _, instance = id.rpartition("_")
        person, event = self.find_event(series if instance and series else id)
        changes: dict[str, Any] = {}
        if "title" in spec:
            changes["summary"] = spec["title"]
        if "start" in spec:
            changes["start"] = moment(spec["start"])
            changes["end"] = changes["start"] + (event.end - event.start)
        if "end" in spec:
            changes["end"] = moment(spec["end"])
        if "state" in spec or "status" in spec:
            cancelled = spec.get("state") == "closed" or spec.get("status") == "cancelled"
            changes["status"] = "cancelled" if cancelled else "confirmed"
        if series:
            self.change_instance(person, event, id, changes)
        else:
            self.change(person, event, **changes)
        if "calendar" in spec:
            self.move(person, event, self.calendar_of(person, spec["calendar"]))
        return self.event_for_control(person, event)

    def move(self: Any, person: Person, event: Event, target: Calendar) -> None:
        """To another calendar, with the same id: cancelled here, new there."""
        home = self.home(person, event)
        left = Event(event.id, None, event.start, event.end, event.zone, event.organizer, event.updated,
                     recurrence=event.recurrence, status="cancelled")  # fmt: skip
        home.events[event.id], target.events[event.id] = left, event
        for each, calendar in ((left, home), (event, target)):
            self.stamp(each)
            self.tell(person, calendar.id)

    def change_shared(self: Any, file: File, comment_id: str, spec: dict[str, Any]) -> dict[str, Any]:
        now = datetime.now(UTC)
        if comment_id:
            comment = next((each for each in file.comments if each.id == comment_id), None)
            if comment is None:
                raise Unknown(f"no comment {comment_id}")
            if "reply" in spec:
                id = seed.make_id("reply", comment.id, len(comment.replies))[:11]
                comment.replies.append(Comment(id, self.who(spec.get("account")), spec["reply"], now, now))
            if "resolved" in spec or "state" in spec:
                comment.is_resolved = bool(spec.get("resolved", spec.get("state") == "closed"))
            comment.modified = now
        file.name = spec.get("title", file.name)
        file.is_trashed = bool(spec.get("trashed", file.is_trashed))
        if "title" in spec:
            file.modified = now
        if "viewed" in spec:
            file.viewed[self.who(spec["viewed"]).key] = now
        if "share" in spec:
            key = self.who(spec["share"]).key
            file.shared[key] = now
            file.lost.discard(key)
        if "unshare" in spec or (spec.get("state") == "closed" and not comment_id):
            gone = [self.who(spec["unshare"]).key] if "unshare" in spec else list(file.shared)
            for key in gone:
                file.shared.pop(key, None)
                file.lost.add(key)
        self.change_file(file)
        return self.file_for_control(file)

    def delete_item(self: Any, id: str) -> dict[str, Any]:
        return self.change_item(id, {"state": "closed"})


@routes.post("/sync")
def set_sync() -> Response:
    """`expire` true: sync tokens are worth nothing from now on. `window`: whether they remember timeMin, timeMax."""
    spec = body()
    if spec.get("expire"):
        google.era = seed.make_id("era", google.era, datetime.now(UTC))[:8]
    google.remembers_window = bool(spec.get("window", google.remembers_window))
    return reply({"era": google.era, "window": google.remembers_window})


@routes.get("/channels")
def channels() -> Response:
    return reply([vars(channel) for channel in google.channels.values()])


@routes.delete("/channels")
def forget_channels() -> Response:
    google.channels.clear()
    return reply([])
