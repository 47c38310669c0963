"""A Notion workspace: databases with their data sources, and the pages in them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.people import COLLEAGUES, Accounts, Person

LINES = Path(__file__).parent / "pages.txt"
NAMESPACE = uuid.UUID("0b0f2f3a-41c2-4d0c-8a86-5b8f7a1f5c10")
WORKSPACE_NAME = "Harborline"


def uuid_of(*words: Any) -> str:
    """The same id for the same words, every time."""
    return str(uuid.uuid5(NAMESPACE, " ".join(str(word) for word in words)))


WORKSPACE_ID = uuid_of("workspace")


def person_id(person: Person) -> str:
    return uuid_of("person", person.key)


def bot_id(person: Person) -> str:
    """The connection of one person."""
    return uuid_of("bot", person.key)


@dataclass(frozen=True)
class Source:
    """A data source (2025-09-03), which before was the database itself."""

    id: str
    database_id: str
    name: str
    people: str | None
    """The name of the property that holds who has to do it."""
    state: str | None
    """The name of the property that says how far it is: a status, or a checkbox."""
    states: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    has_priority: bool = False
    has_due: bool = False

    @property
    def is_checkbox(self) -> bool:
        return self.state is not None and not self.states

    def types(self) -> dict[str, str]:
        """The properties by name, with their types."""
        found = {"Name": "title"}
        if self.people:
            found[self.people] = "people"
        if self.state:
            found[self.state] = "checkbox" if self.is_checkbox else "status"
        if self.has_priority:
            found["Priority"] = "select"
        if self.has_due:
            found["Due"] = "date"
        return found | {"Edited": "last_edited_time"}


def source(name: str, *arguments: Any, database: str | None = None, **more: Any) -> Source:
    return Source(uuid_of("source", name), uuid_of("database", database or name), name, *arguments, **more)


SOURCES = (
    source("Tasks", "Assignee", "Status", ("Not started", "In progress", "In review", "Done"), ("Done",), True, True),
    source("Content calendar", "Owner", "Published", has_due=True),
    # One database with two data sources: what lies in the second is lost to who asks for databases alone.
    source(
        "Hiring", "Responsible", "Stage", ("Screening", "Interview", "Offer", "Rejected"), ("Rejected",), has_due=True
    ),
    source("Hiring archive", None, None, database="Hiring"),
    source("Meeting notes", None, None),
)
BY_NAME = {each.name: each for each in SOURCES}


@dataclass
class Page:
    id: str
    source: Source
    title: list[str]
    created: datetime
    edited: datetime
    people: list[Person] = field(default_factory=list)
    state: str | bool | None = None
    priority: str | None = None
    due: date | None = None
    body: str = ""
    in_trash: bool = False

    @property
    def text(self) -> str:
        return "".join(self.title)

    @property
    def minute(self) -> datetime:
        """Edit times are cut to the minute."""
        return self.edited.replace(second=0, microsecond=0)

    def close(self) -> None:
        self.state = True if self.source.is_checkbox else (self.source.done or (None,))[0]

    def reopen(self) -> None:
        self.state = False if self.source.is_checkbox else (self.source.states or (None,))[0]


def fill(accounts: Accounts) -> dict[str, Page]:
    """The pages of the first day."""
    mara, now = accounts.people["mara"], datetime.now(UTC).replace(second=0, microsecond=0)
    made: dict[str, Page] = {}
    for place, line in enumerate(LINES.read_text("utf-8").splitlines()):
        if not line.strip() or line.startswith("#"):
            continue
        name, state, priority, due, title = (part.strip() for part in line.split("|", 4))
        where, is_other = BY_NAME[name.lstrip("@")], name.startswith("@")
        at = now - timedelta(hours=3 * place, minutes=7 * place)
        page = Page(
            uuid_of("page", place), where, [part for part in title.split("*") if part], at - timedelta(days=place % 9),
            at,
            people=([COLLEAGUES[place % 8]] if is_other else [mara]) if where.people else [],
            state=state == "x" if where.is_checkbox else state or None, priority=priority or None,
            due=(now + timedelta(days=int(due))).date() if due else None,
        )  # fmt: skip
        made[page.id] = page
    return made
