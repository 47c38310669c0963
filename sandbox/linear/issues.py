"""Linear's issues, teams and workflow states."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.people import Person

NAMESPACE = uuid.UUID("a5a1f0de-3c6d-4d6e-8f52-9c0a7f6b2e44")
TEAMS = {"ENG": "Engineering", "DES": "Design"}
STATES = {
    "Triage": ("triage", "#fc7840", 0.0), "Backlog": ("backlog", "#bec2c8", 0.0), "Todo": ("unstarted", "#e2e2e2", 1.0),
    "In Progress": ("started", "#f2c94c", 2.0), "In Review": ("started", "#0f783c", 1002.0),
    "Done": ("completed", "#5e6ad2", 3.0), "Canceled": ("canceled", "#95a2b3", 4.0),
}  # fmt: skip
"""By name: type, colour, position."""
PRIORITIES = ("No priority", "Urgent", "High", "Medium", "Low")
FOUNDED = "2026-01-12T08:00:00.000Z"


def uuid_of(*words: Any) -> str:
    return str(uuid.uuid5(NAMESPACE, " ".join(str(word) for word in words)))


def stamp(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


@dataclass
class Issue:
    id: str
    team: str
    number: int
    title: str
    creator: Person
    created: datetime
    updated: datetime
    state: str = "Todo"
    priority: int = 0
    assignee: Person | None = None
    description: str | None = None
    due: str | None = None
    labels: list[str] = field(default_factory=list)
    started: datetime | None = None
    completed: datetime | None = None
    canceled: datetime | None = None
    archived: datetime | None = None
    is_trashed: bool = False

    @property
    def identifier(self) -> str:
        return f"{self.team}-{self.number}"

    def path(self) -> str:
        slug = re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")[:60]
        return f"harborline/issue/{self.identifier}/{slug}"

    def enter(self, state: str, at: datetime) -> None:
        """Go over into another state, with the times that belong to it."""
        self.state, kind = state, STATES[state][0]
        self.started = self.started or (at if kind == "started" else None)
        self.completed = at if kind == "completed" else None
        self.canceled = at if kind == "canceled" else None


class Writer:
    """Shows everything to one person, in GraphQL's names."""

    def __init__(self, base: str, origin: str, viewer: Person) -> None:
        self.base, self.origin, self.viewer = base, origin, viewer

    def organization(self) -> dict[str, Any]:
        return {
            "id": uuid_of("organization"), "name": "Harborline", "urlKey": "harborline", "logoUrl": None,
            "createdAt": FOUNDED, "updatedAt": FOUNDED, "userCount": 11,
        }  # fmt: skip

    def user(self, person: Person) -> dict[str, Any]:
        return {
            "id": uuid_of("user", person.key), "name": person.name, "displayName": person.login, "email": person.email,
            "initials": person.initials, "active": True, "admin": False, "guest": False, "app": False,
            "isMe": person.key == self.viewer.key, "avatarUrl": f"{self.origin}/avatars/{person.key}.svg",
            "url": f"{self.base}/harborline/profiles/{person.login}", "timezone": person.time_zone,
            "createdAt": FOUNDED, "updatedAt": FOUNDED, "organization": self.organization(),
        }  # fmt: skip

    def team(self, key: str) -> dict[str, Any]:
        return {
            "id": uuid_of("team", key), "name": TEAMS[key], "key": key, "displayName": TEAMS[key], "private": False,
            "createdAt": FOUNDED, "updatedAt": FOUNDED, "organization": self.organization(),
        }  # fmt: skip

    def state(self, team: str, name: str) -> dict[str, Any]:
        kind, colour, position = STATES[name]
        return {
            "id": uuid_of("state", team, name), "name": name, "type": kind, "color": colour, "position": position,
            "createdAt": FOUNDED, "updatedAt": FOUNDED, "team": self.team(team),
        }  # fmt: skip

    def label(self, name: str) -> dict[str, Any]:
        return {
            "id": uuid_of("label", name),
            "name": name,
            "color": "#EB5757",
            "createdAt": FOUNDED,
            "updatedAt": FOUNDED,
        }

    def issue(self, issue: Issue) -> dict[str, Any]:
        return {
            "id": issue.id, "identifier": issue.identifier, "number": issue.number, "title": issue.title,
            "description": issue.description, "url": f"{self.base}/{issue.path()}", "priority": issue.priority,
            "branchName": f"{self.viewer.login}/{issue.identifier.lower()}",
            "priorityLabel": PRIORITIES[issue.priority],
            "dueDate": issue.due, "boardOrder": 0, "sortOrder": -float(issue.number), "customerTicketCount": 0,
            "createdAt": stamp(issue.created), "updatedAt": stamp(issue.updated), "archivedAt": stamp(issue.archived),
            "startedAt": stamp(issue.started), "completedAt": stamp(issue.completed),
            "canceledAt": stamp(issue.canceled), "trashed": True if issue.is_trashed else None,
            "state": self.state(issue.team, issue.state), "team": self.team(issue.team),
            "assignee": self.user(issue.assignee) if issue.assignee else None, "creator": self.user(issue.creator),
        }  # fmt: skip
