"""What one member of Jira's lists becomes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from connectors import text
from connectors.base import Item
from connectors.jira.api import Site
from connectors.jira.document import mentions, plain
from connectors.text import Malformed

HIGH = ("highest", "high", "blocker", "critical", "urgent")
HIGH_IDS = ("1", "2")
"""The two uppermost of the default scheme, whose names are shown in the reader's language."""


def issue_item(raw: object, site: Site, me: str) -> Item:
    """An issue that is, or was, assigned to the user."""
    issue = text.member(raw)
    fields = text.member(issue.get("fields"))
    identity, key = str(issue.get("id") or ""), text.clean(issue.get("key"), 100)
    if not identity.isdigit() or not key:
        raise Malformed("no id or key")
    said = plain(fields.get("description"))
    return Item(
        external_id=f"issue:{place(site)}{identity}",
        title=text.title(fields.get("summary")),
        url=text.link(f"{site.url}/browse/{key}"),
        source="jira",
        type="task",
        priority="high" if _is_high(fields.get("priority")) else "normal",
        description=text.clean(f"{key}\n\n{said}" if said else key),
        is_open=not _is_done(fields) and _is_mine(fields, me),
    )


def mention_items(raw: object, site: Site, me: str, since: datetime) -> Iterator[Item]:
    """The comments of one issue that mention the user, each open until the user has answered below or it is done."""
    issue = text.member(raw)
    fields = text.member(issue.get("fields"))
    listed = fields.get("comment")
    comments = listed.get("comments", []) if isinstance(listed, dict) else []
    by_me = [_made(each) for each in comments if _author(each).get("accountId") == me]
    for comment in comments:
        if not isinstance(comment, dict) or _author(comment).get("accountId") == me:
            continue
        if me not in mentions(comment.get("body")):
            continue
        made = _made(comment)
        if made < since:
            continue
        who = text.clean(_author(comment).get("displayName"), 100) or "Somebody"
        identity = text.clean(str(comment.get("id")), 40)
        yield Item(
            external_id=f"mention:{place(site)}{identity}",
            title=text.title(fields.get("summary")),
            url=text.link(f"{site.url}/browse/{issue.get('key')}?focusedCommentId={identity}"),
            source="jira",
            type="update",
            description=text.clean(f"{who} mentioned you in {issue.get('key')}\n\n{plain(comment.get('body'))}"),
            is_open=not _is_done(fields) and not any(later > made for later in by_me),
        )


def place(site: Site) -> str:
    """Ids are unique within a site."""
    return f"{site.id[:8]}/"


def _is_high(priority: object) -> bool:
    if not isinstance(priority, dict):
        return False
    return str(priority.get("name", "")).lower() in HIGH or str(priority.get("id")) in HIGH_IDS


def _is_done(fields: dict[str, Any]) -> bool:
    status = fields.get("status")
    category = status.get("statusCategory") if isinstance(status, dict) else None
    return isinstance(category, dict) and category.get("key") == "done"


def _is_mine(fields: dict[str, Any], me: str) -> bool:
    """Answers that leave the assignee out were asked for the user's own issues."""
    if "assignee" not in fields:
        return True
    assignee = fields["assignee"]
    return isinstance(assignee, dict) and assignee.get("accountId") == me


def _author(comment: object) -> dict[str, Any]:
    author = comment.get("author") if isinstance(comment, dict) else None
    return author if isinstance(author, dict) else {}


def _made(comment: Any) -> datetime:
    try:
        return text.instant(comment.get("updated") or comment.get("created"))
    except (Malformed, AttributeError):
        return datetime.min.replace(tzinfo=UTC)
