"""Google Drive: files newly shared with the user, and comments that assign or mention the user.

https://developers.google.com/workspace/drive/api/guides/manage-changes
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from connectors import text
from connectors.base import ConnectorError, Cursor, Item, Page
from connectors.google.api import Api, Gone, Stale, listed
from connectors.members import read, sweep
from connectors.text import Malformed

FIRST_DAYS = timedelta(days=14)
LIST_EVERY = timedelta(hours=6)
MOST_PAGES = 20
MOST_COMMENTED = 20
"""Comments can be listed only file by file: so many files in one run, those that changed last."""
MOST_FOLLOWED = 100
FILE = (
    "id,name,mimeType,webViewLink,trashed,ownedByMe,sharedWithMeTime,viewedByMeTime,modifiedTime,"
    "sharingUser(displayName),capabilities(canComment)"
)
COMMENTS = (
    "nextPageToken,comments(id,content,author(displayName,me),createdTime,modifiedTime,resolved,deleted,"
    "assigneeEmailAddress,mentionedEmailAddresses,replies(author(me),createdTime,deleted))"
)


class Drive:
    """The files of one account; `state` is kept in the cursor."""

    def __init__(self, api: Api, state: Cursor, now: datetime) -> None:
        self.api = api
        self.state: Cursor = {**state}
        self.followed: dict[str, list[str]] = {**state.get("followed", {})}
        """Files with comments that are open here, and these comments' external ids."""
        self.now = now
        self.begin = text.moment(state.get("begun_at")) if "begun_at" in state else now - FIRST_DAYS

    def pages(self) -> Iterator[Page]:
        """Pages whose cursors are this part's own state."""
        if "email" not in self.state:
            about = self.api.ask(self.api.service("drive").about().get(fields="user(emailAddress)"))
            self.state["email"] = str(text.member(about.get("user")).get("emailAddress") or "").lower()
        is_due = text.moment(self.state.get("listed_at")) + LIST_EVERY <= self.now
        if self.state.get("token") and not is_due:
            try:
                yield from self.changes()
                return
            except Stale:
                pass
        yield from self.listing()

    def page(self, items: list[Item], skipped: int = 0, sweeps: Any = ()) -> Page:
        return Page(items, {**self.state, "followed": {**self.followed}}, skipped, sweeps)

    def listing(self) -> Iterator[Page]:
        """What was shared since the beginning, newest first; complete, so that it proves what was taken back."""
        files = self.api.service("drive").files()
        start = self.api.ask(self.api.service("drive").changes().getStartPageToken())["startPageToken"]
        seen: set[str] = set()
        recent: list[dict[str, Any]] = []
        token, whole = None, True
        for _ in range(MOST_PAGES):
            answer = self.api.ask(
                files.list(
                    q="sharedWithMe and trashed = false", orderBy="sharedWithMeTime desc", pageSize=100,
                    pageToken=token, fields=f"nextPageToken,files({FILE})",
                )
            )
            members = listed(answer, "files")
            items, skipped = read(members, lambda raw: file_item(raw, self.begin))
            seen.update(item.external_id for item in items)
            recent += [raw for raw in members if isinstance(raw, dict)]
            whole = whole and not skipped
            yield self.page(items, skipped)
            token = answer.get("nextPageToken")
            older = any(_shared(raw) < self.begin for raw in members)
            if not token or older:
                token = None
                break
        lately = [file for file in recent if text.moment(file.get("modifiedTime")) >= self.begin]
        yield from self.comments([*lately, *({"id": id} for id in self.followed)])
        self.state.update(token=str(start), listed_at=text.stamp(self.now), begun_at=text.stamp(self.begin))
        yield self.page([], sweeps=sweep("file", seen, whole and token is None))

    def changes(self) -> Iterator[Page]:
        """What changed since the token."""
        token = self.state["token"]
        changed: list[dict[str, Any]] = []
        for _ in range(MOST_PAGES):
            answer = self.api.ask(
                self.api.service("drive").changes().list(
                    pageToken=token, pageSize=100, includeRemoved=True,
                    fields=f"nextPageToken,newStartPageToken,changes(fileId,removed,file({FILE}))",
                )
            )
            members = listed(answer, "changes")
            items, skipped = read(members, self.change_item)
            for raw in members:
                if isinstance(raw, dict) and isinstance(raw.get("file"), dict) and not raw.get("removed"):
                    changed.append(raw["file"])
                elif isinstance(raw, dict):
                    items += self.forget(str(raw.get("fileId")))
            yield self.page(items, skipped)
            token = answer.get("nextPageToken")
            if not token:
                token = str(answer.get("newStartPageToken") or self.state["token"])
                break
        yield from self.comments(list(reversed(changed)))
        # Not before: a run that is cut short among the comments must find the same changes again.
        self.state["token"] = token
        yield self.page([])

    def change_item(self, raw: object) -> Item | None:
        change = text.member(raw)
        if change.get("removed") or not isinstance(change.get("file"), dict):
            identity = text.clean(change.get("fileId"), 120)
            if not identity:
                raise Malformed("no id")
            return Item(f"file:{identity}", "No longer shared", None, "google-drive", "update", is_open=False)
        return file_item(change["file"], self.begin)

    # -- comments

    def comments(self, files: list[dict[str, Any]]) -> Iterator[Page]:
        """The comments of the files that changed last."""
        asked: dict[str, dict[str, Any]] = {}
        for file in files:
            if isinstance(file.get("id"), str) and not file.get("trashed"):
                asked.setdefault(file["id"], file)
        for file in list(asked.values())[:MOST_COMMENTED]:
            try:
                yield from self.comments_of(file)
            except Gone:
                yield self.page(self.forget(file["id"]))
            except ConnectorError as error:
                if error.kind != "refused":
                    raise
                return  # the user let us see the names of files only

    def comments_of(self, file: dict[str, Any]) -> Iterator[Page]:
        token = None
        followed = set(self.followed.get(file["id"], ()))
        for _ in range(MOST_PAGES):
            answer = self.api.ask(
                self.api.service("drive").comments().list(
                    fileId=file["id"], pageSize=100, pageToken=token, fields=COMMENTS
                )
            )
            items, skipped = read(
                listed(answer, "comments"), lambda raw: comment_item(raw, file, self.state["email"])
            )
            for item in items:
                (followed.add if item.is_open else followed.discard)(item.external_id)
            self.followed.pop(file["id"], None)
            if followed:
                self.followed[file["id"]] = sorted(followed)
                self.followed = dict(list(self.followed.items())[-MOST_FOLLOWED:])
            yield self.page(items, skipped)
            token = answer.get("nextPageToken")
            if not token:
                return

    def forget(self, file: str) -> list[Item]:
        """A file is not to be seen any more, nor are its comments."""
        return [
            Item(id, "No longer shared", None, "google-drive", "update", is_open=False)
            for id in self.followed.pop(file, ())
        ]


def file_item(raw: object, begin: datetime) -> Item | None:
    """A file that was shared with the user since `begin`, until the user has looked at it. None: any other file."""
    file = text.member(raw)
    identity = text.clean(file.get("id"), 120)
    if not identity:
        raise Malformed("no id")
    shared_at = _shared(file)
    if shared_at < begin or file.get("ownedByMe"):
        return None
    sharer = file.get("sharingUser")
    who = text.clean(sharer.get("displayName"), 100) if isinstance(sharer, dict) else ""
    seen = text.moment(file.get("viewedByMeTime")) > shared_at
    return Item(
        external_id=f"file:{identity}",
        title=text.title(file.get("name")),
        url=text.link(file.get("webViewLink")),
        source="google-drive",
        type="update",
        description=f"{who or 'Somebody'} shared this with you",
        is_open=not seen and not file.get("trashed"),
    )


def comment_item(raw: object, file: dict[str, Any], me: str) -> Item | None:
    """A comment that assigns something to the user, or mentions the user. None: any other comment."""
    comment = text.member(raw)
    identity = text.clean(comment.get("id"), 120)
    if not identity:
        raise Malformed("no id")
    said = text.clean(comment.get("content"))
    assigned = str(comment.get("assigneeEmailAddress") or "").lower() == me
    mentioned = me in [str(each).lower() for each in comment.get("mentionedEmailAddresses") or ()]
    if not me or not (assigned or mentioned or f"@{me}" in said.lower() or f"+{me}" in said.lower()):
        return None
    author: Any = comment.get("author") if isinstance(comment.get("author"), dict) else {}
    if author.get("me") and not assigned:
        return None
    replies = [each for each in comment.get("replies") or () if isinstance(each, dict) and not each.get("deleted")]
    answered = any(isinstance(each.get("author"), dict) and each["author"].get("me") for each in replies)
    name = text.clean(file.get("name"), 200)
    who = text.clean(author.get("displayName"), 100) or "Somebody"
    return Item(
        external_id=f"comment:{file['id']}-{identity}",
        title=text.clean(text.title(said or name or "A comment"), 200),
        url=text.link(file.get("webViewLink")) or f"https://drive.google.com/open?id={file['id']}",
        source="google-drive",
        type="task" if assigned else "update",
        description=text.clean(f"{who}, in {name}" if name else who),
        is_open=not comment.get("resolved") and not comment.get("deleted") and (assigned or not answered),
    )


def _shared(file: object) -> datetime:
    return text.moment(file.get("sharedWithMeTime")) if isinstance(file, dict) else text.LONG_AGO
