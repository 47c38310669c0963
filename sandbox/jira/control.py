"""What control can do with the sandbox's Jira."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response

from sandbox import words
from sandbox.control import body, controls
from sandbox.jira.issues import PRIORITIES, STATUSES, TYPES, Issue
from sandbox.jira.site import jira
from sandbox.people import COLLEAGUES
from sandbox.reply import reply
from sandbox.stand import Unknown

STATES = {"open": "To Do", "closed": "Done"}
FIELDS = {"title": "summary", "description": "description", "due": "due", "labels": "labels"}

routes = controls("jira_control", "/_control")


class Control:
    """Issues added and changed from outside; each change is pushed where somebody listens."""

    def find_item(self: Any, id: str) -> Issue:
        issue = self.find(id)
        if issue is None:
            raise Unknown(f"no item {id}")
        return issue

    def show_items(self: Any, account: str | None) -> list[dict[str, Any]]:
        person = self.who(account) if account else None
        return [
            issue.summary_for_control(self.base)
            for issue in list(self.issues.values())
            if person is None or issue.assignee == person
        ]

    def add_items(self: Any, spec: dict[str, Any]) -> list[dict[str, Any]]:
        """One issue (title, account, project, kind, priority, status, description, due, mention), or `count`."""
        person = self.who(spec.get("account"))
        if "count" in spec:
            return self.heap(person, int(spec["count"]), spec.get("keep", False))
        mentioned = self.who(spec["mention"]) if spec.get("mention") else None
        issue = self.add(
            spec.get("project", "FERRY"),
            spec["title"],
            COLLEAGUES[0],
            is_made=True,
            assignee=None if mentioned else person,
            kind=_one_of(TYPES, spec.get("kind", "Task")),
            priority=_one_of(PRIORITIES, spec["priority"]) if spec.get("priority") else "Medium",
            status=_one_of(STATUSES, spec.get("status", "To Do")),
            description=spec.get("description"),
            due=spec.get("due"),
        )
        self.announce("jira:issue_created", issue.id, action="issue_created")
        if mentioned:
            self.comment(issue, spec.get("comment", "please have a look"), mentioned, COLLEAGUES[1])
            self.announce("comment_created", issue.id)
        return [issue.summary_for_control(self.base)]

    def heap(self: Any, person: Any, count: int, keep: bool) -> list[dict[str, Any]]:
        if not keep:
            for issue in [each for each in self.issues.values() if each.assignee == person]:
                self.delete(issue)
        now, apart = datetime.now(UTC), 0 if keep else 60  # what comes to what is there comes now
        names = list(PRIORITIES)
        for number in range(1, count + 1):
            self.add(
                "FERRY", words.title(number), COLLEAGUES[number % 8], assignee=person, priority=names[number % 5],
                description=words.body(number, 300), updated=now - timedelta(seconds=apart * (number // 3 + 1)),
            )  # fmt: skip
        return [{}] * count

    def change_item(self: Any, id: str, spec: dict[str, Any]) -> dict[str, Any]:
        """Change title, description, due, labels, priority, status or state, assignee; add a `comment` (`mention`)."""
        issue = self.find_item(id)
        changes: dict[str, Any] = {FIELDS[name]: value for name, value in spec.items() if name in FIELDS}
        if "priority" in spec:
            changes["priority"] = _one_of(PRIORITIES, spec["priority"]) if spec["priority"] else None
        if "status" in spec or "state" in spec:
            changes["status"] = _one_of(STATUSES, spec.get("status") or STATES.get(spec["state"], ""))
        if "assignee" in spec:
            changes["assignee"] = self.who(spec["assignee"]) if spec["assignee"] else None
        if "comment" in spec or "mention" in spec:
            mentioned = self.who(spec["mention"]) if spec.get("mention") else None
            self.comment(issue, spec.get("comment", "please have a look"), mentioned, COLLEAGUES[1])
            self.announce("comment_created", id)
        if changes:
            self.touch(issue, **changes)
            action = "issue_assigned" if "assignee" in changes else "issue_updated"
            self.announce("jira:issue_updated", id, action=action)
        return issue.summary_for_control(self.base)

    def delete(self: Any, issue: Issue) -> None:
        self.issues.pop(issue.id, None)
        self.keys.pop(issue.key, None)

    def delete_item(self: Any, id: str) -> dict[str, Any]:
        issue = self.find_item(id)
        self.delete(issue)
        self.announce("jira:issue_deleted", issue, action="issue_deleted")
        return issue.summary_for_control(self.base)


def _one_of(known: dict[str, Any], name: str) -> str:
    if name not in known:
        raise ValueError(f"{name!r} is none of {', '.join(known)}")
    return name


@routes.post("/lag")
def set_lag() -> Response:
    """How many `seconds` search is behind the issues themselves."""
    jira.lag = float(body()["seconds"])
    return reply({"seconds": jira.lag})
