"""`/notifications`: what GitHub tells a person."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import orjson
from flask import Blueprint, Response, g, request

from sandbox.github import shapes
from sandbox.github.api import api, array, github, instant, not_found, number, page_of
from sandbox.github.lists import sees
from sandbox.github.tracker import Notification

TALKING = ("assign", "author", "comment", "mention", "review_requested", "team_mention", "state_change")
"""Reasons that count as taking part."""

routes = Blueprint("github_notifications", __name__)


def shown(thread: Notification) -> dict[str, Any]:
    issue = thread.issue
    api_url = f"{github.base}/repos/{issue.repository}/{'pulls' if issue.is_pull else 'issues'}/{issue.number}"
    home = orjson.loads(github.writer.repository(issue.repository))
    for name in ("created_at", "updated_at", "pushed_at", "size", "stargazers_count", "watchers_count", "open_issues"):
        home.pop(name, None)  # the repository is shorter here
    return {
        "id": str(thread.id),
        "unread": thread.is_unread,
        "reason": thread.reason,
        "updated_at": shapes.stamp(thread.updated_at),
        "last_read_at": shapes.stamp(thread.last_read_at),
        "subject": {
            "title": issue.title,
            "url": api_url,
            "latest_comment_url": f"{github.base}/repos/{issue.repository}/issues/comments/{issue.id}"
            if issue.comments
            else api_url,
            "type": "PullRequest" if issue.is_pull else "Issue",
        },
        "repository": home,
        "url": f"{github.base}/notifications/threads/{thread.id}",
        "subscription_url": f"{github.base}/notifications/threads/{thread.id}/subscription",
    }


@routes.get("/notifications")
@api(scopes=("notifications", "repo"))
def index() -> Any:
    """Unread ones, or `all`; `participating`, `since`, `before`; at most 50 to a page."""
    person = github.person()
    found = [thread for thread in github.tracker.threads(person) if sees(thread.issue, g.token.grant.scopes)]
    if request.args.get("all") != "true":
        found = [thread for thread in found if thread.is_unread]
    if request.args.get("participating") == "true":
        found = [thread for thread in found if thread.reason in TALKING]
    since, before = instant("since"), instant("before")
    if since is not None:
        found = [thread for thread in found if thread.updated_at >= since]
    if before is not None:
        found = [thread for thread in found if thread.updated_at < before]
    page, headers = page_of(found, most=50, default=50)
    headers["Last-Modified"] = formatdate(github.tracker.notified.get(person.key, 0), usegmt=True)
    headers["X-Poll-Interval"] = "60"
    if number("page", 1, 1000) > 1:
        del headers["Last-Modified"]
    return array([orjson.dumps(shown(thread)) for thread in page]), headers


def own(id: str) -> Notification | None:
    thread = github.tracker.notifications.get(int(id)) if id.isdigit() else None
    return thread if thread and thread.person.key == github.person().key else None


@routes.get("/notifications/threads/<id>")
@api(scopes=("notifications", "repo"))
def show(id: str) -> Any:
    thread = own(id)
    return (orjson.dumps(shown(thread)), {}) if thread else not_found()


@routes.patch("/notifications/threads/<id>")
@api(scopes=("notifications", "repo"))
def read(id: str) -> Any:
    """Mark one as read."""
    thread = own(id)
    if thread is None:
        return not_found()
    mark(thread, unread=False)
    return Response(status=205)


def mark(thread: Notification, unread: bool) -> None:
    thread.is_unread = unread
    if not unread:
        thread.last_read_at = int(time.time())
    github.tracker.stir(thread.person)
