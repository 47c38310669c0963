"""Files that others shared, with their comments, and how Drive shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask import g

from sandbox.google.api import google
from sandbox.people import Person


@dataclass
class Comment:
    id: str
    author: Person
    content: str
    created: datetime
    modified: datetime
    mentioned: list[str] = field(default_factory=list)
    assignee: str | None = None
    is_resolved: bool = False
    replies: list[Comment] = field(default_factory=list)


@dataclass
class File:
    id: str
    name: str
    mime: str
    owner: Person
    created: datetime
    modified: datetime
    shared: dict[str, datetime] = field(default_factory=dict)
    """With whom (by key), and when."""
    viewed: dict[str, datetime] = field(default_factory=dict)
    """Who looked at it (by key), and when."""
    lost: set[str] = field(default_factory=set)
    """Who could see it once."""
    is_trashed: bool = False
    comments: list[Comment] = field(default_factory=list)
    changed: int = 0
    changed_at: float = 0.0


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user(person: Person) -> dict[str, Any]:
    return {
        "kind": "drive#user", "displayName": person.name, "photoLink": google.avatar(person),
        "me": person.key == g.get("account"), "permissionId": f"{person.number:020d}", "emailAddress": person.email,
    }  # fmt: skip


def shape(file: File) -> dict[str, Any]:
    person = google.person()
    is_mine = file.owner.key == person.key
    shown = {
        "kind": "drive#file", "id": file.id, "name": file.name, "mimeType": file.mime, "trashed": file.is_trashed,
        "starred": False, "parents": ["0AN1h4oAN_CPaUk9PVA"] if is_mine else [], "version": str(file.changed),
        "webViewLink": f"{google.base}/drive/file/d/{file.id}/view", "iconLink": f"{google.origin}/avatars/file.svg",
        "createdTime": stamp(file.created), "modifiedTime": stamp(file.modified), "owners": [user(file.owner)],
        "lastModifyingUser": user(file.owner), "shared": True, "ownedByMe": is_mine, "size": "1024",
        "capabilities": {"canComment": True, "canEdit": is_mine, "canDownload": True},
    }  # fmt: skip
    if person.key in file.viewed:
        shown |= {"viewedByMe": True, "viewedByMeTime": stamp(file.viewed[person.key])}
    if person.key in file.shared:
        shown |= {"sharedWithMeTime": stamp(file.shared[person.key]), "sharingUser": user(file.owner)}
    return shown


def comment_shape(file: File, comment: Comment) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "kind": "drive#comment", "id": comment.id, "createdTime": stamp(comment.created),
        "modifiedTime": stamp(comment.modified), "resolved": comment.is_resolved, "author": user(comment.author),
        "deleted": False, "htmlContent": comment.content, "content": comment.content,
        "replies": [reply_shape(each) for each in comment.replies],
        "mentionedEmailAddresses": comment.mentioned,
        "quotedFileContent": {"mimeType": "text/html", "value": file.name},
    }  # fmt: skip
    return shown | ({"assigneeEmailAddress": comment.assignee} if comment.assignee else {})


def reply_shape(reply: Comment) -> dict[str, Any]:
    return {
        "kind": "drive#reply",
        "id": reply.id,
        "createdTime": stamp(reply.created),
        "modifiedTime": stamp(reply.modified),
        "author": user(reply.author),
        "deleted": False,
        "htmlContent": reply.content,
        "content": reply.content,
    }
