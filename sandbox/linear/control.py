"""What control can do with the sandbox's Linear."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox import words
from sandbox.linear.issues import STATES, TEAMS, Issue, uuid_of
from sandbox.people import COLLEAGUES
from sandbox.stand import Unknown


class Control:
    """Issues added and changed from outside; each change is pushed where somebody listens."""

    def find_item(self: Any, id: str) -> Issue:
        issue = self.find(id)
        if issue is None:
            raise Unknown(f"no item {id}")
        return issue

    def shown(self: Any, issue: Issue) -> dict[str, Any]:
        return {
            "id": issue.id, "identifier": issue.identifier, "title": issue.title, "status": issue.state,
            "priority": issue.priority, "assignee": issue.assignee.key if issue.assignee else None,
            "archived": issue.archived is not None, "updated": issue.updated.isoformat(),
            "url": f"{self.base}/{issue.path()}",
        }  # fmt: skip

    def show_items(self: Any, account: str | None) -> list[dict[str, Any]]:
        person = self.who(account) if account else None
        return [self.shown(issue) for issue in list(self.issues.values()) if person in (None, issue.assignee)]

    def add_items(self: Any, spec: dict[str, Any]) -> list[dict[str, Any]]:
        """One issue (title, account, team, status, priority 0–4, description, due, labels), or `count` of them."""
        person = self.who(spec.get("account"))
        if "count" in spec:
            return self.heap(person, int(spec["count"]), spec.get("keep", False))
        issue = self.add(
            str(uuid.uuid4()), _one_of(TEAMS, spec.get("team", "ENG")), spec["title"], COLLEAGUES[0], datetime.now(UTC),
            assignee=person, priority=int(spec.get("priority", 0)), description=spec.get("description"),
            due=spec.get("due"), labels=list(spec.get("labels", ())),
        )  # fmt: skip
        issue.enter(_one_of(STATES, spec.get("status", "Todo")), issue.created)
        self.announce("Issue", issue.id, action="create")
        return [self.shown(issue)]

    def heap(self: Any, person: Any, count: int, keep: bool) -> list[dict[str, Any]]:
        if not keep:
            for issue in [each for each in self.issues.values() if each.assignee == person]:
                del self.issues[issue.id]
        now, first = datetime.now(UTC), len(self.issues) if keep else 0
        for number in range(1, count + 1):
            # Some share their time; what comes to what is there comes now.
            at = now if keep else now - timedelta(minutes=number // 3 + 1)
            self.add(
                uuid_of("heap", person.key, first + number), "ENG", words.title(number), COLLEAGUES[number % 8], at,
                assignee=person, priority=number % 5, description=words.body(number, 300),
            )  # fmt: skip
        return [{}] * count

    def change_item(self: Any, id: str, spec: dict[str, Any]) -> dict[str, Any]:
        """Change title, description, priority, due, labels, status or state, assignee, archived."""
        issue = self.find_item(id)
        changes: dict[str, Any] = {}
        for name in ("title", "description", "priority", "due", "labels"):
            if name in spec:
                changes[name] = spec[name]
        if "assignee" in spec:
            changes["assignee"] = self.who(spec["assignee"]) if spec["assignee"] else None
        if "archived" in spec:
            changes["archived"] = datetime.now(UTC) if spec["archived"] else None
        state = spec.get("status") or {"open": "Todo", "closed": "Done"}.get(spec.get("state", ""))
        if state:
            changes["state"] = _one_of(STATES, state)
        self.touch(issue, **changes)
        self.announce("Issue", id, action="update")
        return self.shown(issue)

    def delete_item(self: Any, id: str) -> dict[str, Any]:
        """Into the trash: from then on it is shown only to who asks for what is archived."""
        issue = self.find_item(id)
        self.touch(issue, archived=datetime.now(UTC), is_trashed=True)
        self.announce("Issue", issue, action="remove")
        return self.shown(issue)


def _one_of(known: dict[str, Any], name: str) -> str:
    if name not in known:
        raise ValueError(f"{name!r} is none of {', '.join(known)}")
    return name
