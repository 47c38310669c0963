"""What control can do with the sandbox's Notion."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sandbox import words
from sandbox.notion.pages import BY_NAME, Page, Source
from sandbox.stand import Unknown


class Control:
    """Pages added and changed from outside; each change is pushed where somebody listens."""

    def find_item(self: Any, id: str) -> Page:
        if id not in self.pages:
            raise Unknown(f"no item {id}")
        return self.pages[id]

    def shown(self: Any, page: Page) -> dict[str, Any]:
        return {
            "id": page.id, "title": page.text, "database": page.source.name, "status": page.state,
            "people": [person.key for person in page.people], "in_trash": page.in_trash, "priority": page.priority,
            "due": page.due.isoformat() if page.due else None, "edited": page.edited.isoformat(),
        }  # fmt: skip

    def show_items(self: Any, account: str | None) -> list[dict[str, Any]]:
        person = self.who(account) if account else None
        return [self.shown(page) for page in list(self.pages.values()) if person is None or person in page.people]

    def database(self: Any, name: str) -> Source:
        if name not in BY_NAME:
            raise ValueError(f"database must be one of {', '.join(BY_NAME)}")
        return BY_NAME[name]

    def add_items(self: Any, spec: dict[str, Any]) -> list[dict[str, Any]]:
        """One page (title: text or pieces; database, account, status, priority, due), or `count` of them."""
        person, source = self.who(spec.get("account")), self.database(spec.get("database", "Tasks"))
        if "count" in spec:
            return self.heap(person, source, int(spec["count"]), spec.get("keep", False))
        title, now = spec["title"], datetime.now(UTC)
        page = Page(
            str(uuid.uuid4()), source, list(title) if isinstance(title, list) else [title], now, now,
            people=[person] if source.people else [], priority=spec.get("priority"), body=spec.get("body", ""),
            due=date.fromisoformat(spec["due"]) if spec.get("due") else None,
        )  # fmt: skip
        self.pages[page.id] = page
        page.reopen()
        page.state = spec.get("status", page.state)
        self.announce("page.created", page.id)
        return [self.shown(page)]

    def heap(self: Any, person: Any, source: Source, count: int, keep: bool) -> list[dict[str, Any]]:
        if not keep:
            for page in [each for each in self.pages.values() if person in each.people]:
                del self.pages[page.id]
        now = datetime.now(UTC)
        for number in range(1, count + 1):
            at = now if keep else now - timedelta(minutes=number // 3 + 1)  # what comes to what is there comes now
            page = Page(str(uuid.uuid4()), source, [words.title(number)], at, at, people=[person])
            self.pages[page.id] = page
            page.reopen()
        return [{}] * count

    def change_item(self: Any, id: str, spec: dict[str, Any]) -> dict[str, Any]:
        """Change title, status or state, priority, due, assignee (an account, or null), in_trash."""
        page = self.find_item(id)
        if "title" in spec:
            page.title = list(spec["title"]) if isinstance(spec["title"], list) else [spec["title"]]
        if "priority" in spec:
            page.priority = spec["priority"]
        if "due" in spec:
            page.due = date.fromisoformat(spec["due"]) if spec["due"] else None
        if "assignee" in spec:
            page.people = [self.who(spec["assignee"])] if spec["assignee"] else []
        if "status" in spec:
            page.state = spec["status"]
        if spec.get("state") == "closed":
            page.close()
        elif spec.get("state") == "open":
            page.reopen()
        if "in_trash" in spec:
            page.in_trash = bool(spec["in_trash"])
        self.touch(page)
        event = "page.properties_updated"
        if "in_trash" in spec:
            event = "page.deleted" if page.in_trash else "page.undeleted"
        self.announce(event, id)
        return self.shown(page)

    def delete_item(self: Any, id: str) -> dict[str, Any]:
        """Gone from everywhere, as when a page is no longer shared."""
        page = self.pages.pop(id, None)
        if page is None:
            raise Unknown(f"no item {id}")
        self.announce("page.deleted", page)
        return self.shown(page)
