"""What control can do with the sandbox's GitHub."""

from __future__ import annotations

import time
from typing import Any

from flask import Response

from sandbox.control import body, controls
from sandbox.github.api import github
from sandbox.github.issues import Issue
from sandbox.github.notifications import mark, shown
from sandbox.people import COLLEAGUES
from sandbox.reply import reply
from sandbox.stand import Unknown

KINDS = ("issue", "pull", "review", "mention")

routes = controls("github_control", "/_control")


class Control:
    """The items of the tracker, added and changed from outside; each change is pushed where somebody listens."""

    def find_item(self: Any, id: str) -> Issue:
        issue = self.tracker.issues.get(int(id)) if id.isdigit() else None
        if issue is None:
            raise Unknown(f"no item {id}")
        return issue

    def show_items(self: Any, account: str | None) -> list[dict[str, Any]]:
        mine = self.tracker.mine[self.who(account).key] if account else self.tracker.issues
        return [issue.summary(self.base) for issue in list(mine.values())]

    def add_items(self: Any, spec: dict[str, Any]) -> list[dict[str, Any]]:
        """One item (title, account, kind: see KINDS, repository, labels, body), or `count` of them (page_kb, keep)."""
        person = self.who(spec.get("account"))
        kind = spec.get("kind", "issue")
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        if "count" in spec:
            if not spec.get("keep"):
                self.tracker.clear(person)
            heap = self.tracker.heap(
                person, int(spec["count"]), spec.get("page_kb"), kind == "pull", spec.get("repository")
            )
            return [{"id": issue.id} for issue in heap]
        issue = self.tracker.add(
            spec.get("repository", "harborline/booking-web"),
            spec["title"],
            self.accounts.find(spec.get("author")) or COLLEAGUES[0],
            is_made=True,
            body=spec.get("body"),
            is_pull=kind in ("pull", "review"),
            assignees=[person] if kind in ("issue", "pull") else [],
            reviewers=[person] if kind == "review" else [],
            mentioned=[person] if kind == "mention" else [],
            labels=tuple(spec.get("labels", ())),
        )
        reason = {"review": "review_requested", "mention": "mention"}.get(kind)
        if reason:
            self.tracker.notify(person, issue, reason)
        self.announce("", str(issue.id), action="review_requested" if kind == "review" else "opened")
        return [issue.summary(self.base)]

    def change_item(self: Any, id: str, spec: dict[str, Any]) -> dict[str, Any]:
        """Change title, body, labels, state (open, closed), assignee or reviewer (an account, or null)."""
        issue, action = self.find_item(id), "edited"
        changes: dict[str, Any] = {}
        for name in ("title", "body"):
            if name in spec:
                changes[name] = spec[name]
        if "labels" in spec:
            changes["labels"] = tuple(spec["labels"])
        for name, field in (("assignee", "assignees"), ("reviewer", "reviewers")):
            if name in spec:
                changes[field] = [self.who(spec[name])] if spec[name] else []
                action = {"assignee": "assigned", "reviewer": "review_requested"}[name] if spec[name] else "unassigned"
        if "state" in spec:
            if spec["state"] not in ("open", "closed"):
                raise ValueError("state must be open or closed")
            changes |= {"state": spec["state"], "closed_at": int(time.time()) if spec["state"] == "closed" else None}
            action = "closed" if spec["state"] == "closed" else "reopened"
        gone = issue.assignees[0].key if action == "unassigned" and issue.assignees else None
        self.tracker.touch(issue, **changes)
        self.announce("", id, action=action, account=gone)
        return issue.summary(self.base)

    def delete_item(self: Any, id: str) -> dict[str, Any]:
        issue = self.find_item(id)
        self.tracker.delete(issue)
        self.announce("", issue, action="deleted")
        return issue.summary(self.base)


@routes.get("/notifications")
def notifications() -> Response:
    return reply([shown(thread) | {"account": thread.person.key} for thread in github.tracker.notifications.values()])


@routes.post("/notifications")
def notify() -> Response:
    """Tell a person of an item: account, item, reason."""
    spec = body()
    thread = github.tracker.notify(
        github.who(spec.get("account")), github.find_item(str(spec["item"])), spec.get("reason", "mention")
    )
    return reply(shown(thread), 201)


@routes.route("/notifications/<int:id>", methods=["POST", "PATCH"])
def mark_notification(id: int) -> Response:
    """Mark a notification: unread true or false."""
    thread = github.tracker.notifications.get(id)
    if thread is None:
        return reply({"error": f"no notification {id}"}, 404)
    mark(thread, bool(body().get("unread", False)))
    return reply(shown(thread))


@routes.post("/rate")
def set_rate() -> Response:
    """The quota: `limit` for everybody, or what is `remaining` for an account until `reset_seconds` from now."""
    spec, meter = body(), github.meter
    resource = spec.get("resource", "core")
    if "limit" in spec:
        meter.limits[resource] = int(spec["limit"])
    if "remaining" in spec:
        used = meter.limits[resource] - int(spec["remaining"])
        reset = int(time.time()) + int(spec.get("reset_seconds", 3600))
        meter.used[github.who(spec.get("account")).key, resource] = used, reset
    return reply({"limits": meter.limits})
