"""Jira issues, and what JQL compares them with."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.people import Person

NAMESPACE = uuid.UUID("6f1c6a1e-2d53-4f52-9a35-6d1c5a0a6d11")
SITE_ID = "3c0f5a52-8d1e-4a7b-9f60-b1d2c3e4f5a6"
PROJECTS = {
    "FERRY": ("10000", "Ferry platform"),
    "OPS": ("10001", "Operations"),
    "AGEN": ("10002", "Agents & partners"),
}
PRIORITIES = {"Highest": "1", "High": "2", "Medium": "3", "Low": "4", "Lowest": "5"}
STATUSES = {
    # name: (id, category id, category key, colour, category name)
    "To Do": ("10000", 2, "new", "blue-gray", "To Do"),
    "In Progress": ("10001", 4, "indeterminate", "yellow", "In Progress"),
    "In Review": ("10002", 4, "indeterminate", "yellow", "In Progress"),
    "Done": ("10003", 3, "done", "green", "Done"),
}
TYPES = {
    "Epic": "10001", "Sub-task": "10002", "Task": "10003", "Story": "10004", "Bug": "10005", "Incident": "10006",
    "Service Request": "10007",
}  # fmt: skip


def account_id(person: Person) -> str:
    return f"712020:{uuid.uuid5(NAMESPACE, person.key)}"


@dataclass
class Comment:
    id: str
    author: Person
    text: str
    created: datetime
    mentioned: Person | None = None


@dataclass
class Issue:
    """One issue."""

    id: str
    key: str
    summary: str
    reporter: Person
    created: datetime
    updated: datetime
    kind: str = "Task"
    priority: str | None = "Medium"
    status: str = "To Do"
    assignee: Person | None = None
    description: str | None = None
    due: str | None = None
    labels: list[str] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    past_assignees: set[str] = field(default_factory=set)
    resolved: datetime | None = None
    indexed: Issue | None = None
    """What search still shows of it, until its index has caught up."""

    @property
    def project(self) -> str:
        return self.key.partition("-")[0]

    @property
    def is_done(self) -> bool:
        return STATUSES[self.status][2] == "done"

    def values(self, name: str) -> list[str]:
        """What a JQL field compares with."""
        people = {
            "assignee": self.assignee,
            "reporter": self.reporter,
            "creator": self.reporter,
            "watcher": self.assignee,
        }
        if name in people:
            person = people[name]
            return [account_id(person), person.email] if person else []
        _, _, category, _, category_name = STATUSES[self.status]
        return {
            "status": [self.status],
            "statuscategory": [category, category_name],
            "project": [self.project, *PROJECTS.get(self.project, ())],
            "priority": [self.priority] if self.priority else [],
            "key": [self.key], "issuekey": [self.key], "issue": [self.key, self.id], "id": [self.id, self.key],
            "labels": self.labels,
            "type": [self.kind], "issuetype": [self.kind],
            "resolution": ["Done"] if self.is_done else ["unresolved", ""],
        }[name]  # fmt: skip

    def text(self, name: str) -> str:
        comments = " ".join(
            f"{comment.text} {account_id(comment.mentioned) if comment.mentioned else ''}" for comment in self.comments
        )
        texts = {"summary": self.summary, "description": self.description or "", "comment": comments}
        return texts.get(name, " ".join(texts.values())).lower()

    def moment(self, name: str) -> datetime | None:
        if name in ("duedate", "due"):
            return datetime.fromisoformat(self.due).replace(tzinfo=UTC) if self.due else None
        return {"created": self.created, "updated": self.updated, "resolutiondate": self.resolved}[name]

    def summary_for_control(self, base: str) -> dict[str, Any]:
        return {
            "id": self.id, "key": self.key, "title": self.summary, "status": self.status, "priority": self.priority,
            "assignee": self.assignee.key if self.assignee else None, "updated": self.updated.isoformat(),
            "html_url": f"{base}/site/browse/{self.key}", "comments": len(self.comments),
        }  # fmt: skip
