"""Google Drive v3: files that others shared, their comments, and the changes since a token."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, g, render_template, request

from sandbox.google.api import Wrong, api, flag, google, instant, missing, opened, sealed, select, size
from sandbox.google.files import File, comment_shape, shape, stamp, user
from sandbox.reply import reply

SCOPES = ("drive", "drive.readonly", "drive.metadata.readonly")
CONTENT = ("drive", "drive.readonly")
TERM = re.compile(
    r"\s*(not\s+)?(?:(?P<who>'[^']*')\s+in\s+(?P<list>\w+)|(?P<name>\w+)(?:\s*(?P<sign><=|>=|!=|=|<|>|contains)\s*(?P<value>'(?:\\.|[^'])*'|true|false))?)\s*"
)
ORDERS = (
    "createdTime",
    "modifiedTime",
    "name",
    "sharedWithMeTime",
    "recency",
    "modifiedByMeTime",
    "viewedByMeTime",
    "folder",
)

routes = Blueprint("google_drive", __name__)


def visible() -> list[File]:
    key = google.person().key
    return [file for file in google.files.values() if key in file.shared or file.owner.key == key]


def own(id: str) -> File:
    file = google.files.get(id)
    if file is None or file not in visible():
        raise missing(f"File not found: {id}.")
    return file


def fits(file: File, match: re.Match[str]) -> bool:
    """Whether a file fits one term of `q`. Errors: Wrong."""
    person, name = google.person(), match["name"]
    value = (match["value"] or "true").strip("'")
    if match["who"]:
        owned = file.owner.key == person.key
        held = {"owners": owned, "readers": True, "writers": owned, "parents": owned}.get(match["list"])
        if held is None:
            raise bad_query()
        return held
    if name in ("sharedWithMe", "trashed", "starred"):
        held = {"sharedWithMe": person.key in file.shared, "trashed": file.is_trashed, "starred": False}[name]
        return (held == (value == "true")) == (match["sign"] != "!=")
    if name in ("modifiedTime", "createdTime") and match["sign"]:
        at, limit = file.modified if name == "modifiedTime" else file.created, datetime.fromisoformat(value)
        limit = limit if limit.tzinfo else limit.replace(tzinfo=UTC)
        return {"<": at < limit, "<=": at <= limit, ">": at > limit, ">=": at >= limit}.get(match["sign"], at == limit)
    if name in ("name", "fullText", "mimeType"):
        text = (file.mime if name == "mimeType" else file.name).lower()
        found = value.lower() in text if match["sign"] == "contains" else text == value.lower()
        return found == (match["sign"] != "!=")
    raise bad_query()


def bad_query() -> Wrong:
    return Wrong(400, "invalid", "Invalid Value", location="q", locationType="parameter")


def queried(files: list[File], text: str) -> list[File]:
    """What `q` finds: terms joined by `and`. Errors: Wrong."""
    for part in re.split(r"\s+and\s+", text.strip().replace("(", " ").replace(")", " ")) if text.strip() else []:
        match = TERM.fullmatch(part)
        if match is None:
            raise bad_query()
        try:
            files = [file for file in files if fits(file, match) != bool(match[1])]
        except ValueError:
            raise bad_query() from None
    return files


def default(body: dict[str, Any], fields: str) -> dict[str, Any]:
    """Without `fields` there is little to see."""
    return body if request.args.get("fields") else select(body, fields)


@routes.get("/drive/v3/files")
@api(*SCOPES)
def index() -> Any:
    found = queried(visible(), request.args.get("q", ""))
    for key in reversed([part.strip() for part in request.args.get("orderBy", "").split(",") if part.strip()]):
        name, _, direction = key.partition(" ")
        if name not in ORDERS:
            raise Wrong(400, "invalid", "Invalid Value", location="orderBy", locationType="parameter")
        found.sort(key=lambda file: str(shape(file).get(name, "")), reverse=direction == "desc")
    page = opened(request.args["pageToken"]) if request.args.get("pageToken") else {"offset": 0}
    if page is None or google.faults.take("stale_cursor", account=g.account):
        raise Wrong(400, "invalid", "Invalid Value", location="pageToken", locationType="parameter")
    most, offset = size("pageSize", 100, 1000), page["offset"]
    shown = found[offset : offset + most]
    if offset and shown and google.faults.take("duplicates", account=g.account):
        shown = [found[offset - 1], *shown]
    body: dict[str, Any] = {"kind": "drive#fileList", "incompleteSearch": False}
    if offset + most < len(found):
        body["nextPageToken"] = sealed({"offset": offset + most})
    body["files"] = [shape(file) for file in shown]
    return default(body, "kind,incompleteSearch,nextPageToken,files(kind,id,name,mimeType)")


@routes.get("/drive/v3/files/<id>")
@api(*SCOPES)
def show(id: str) -> Any:
    return default(shape(own(id)), "kind,id,name,mimeType")


@routes.get("/drive/v3/about")
@api(*SCOPES)
def about() -> Any:
    if not request.args.get("fields"):
        raise Wrong(
            400,
            "required",
            "The 'fields' parameter is required for this method.",
            location="fields",
            locationType="parameter",
        )
    quota = {"limit": "16106127360", "usage": "37879902", "usageInDrive": "267181", "usageInDriveTrash": "0"}
    return {"kind": "drive#about", "user": user(google.person()), "storageQuota": quota}


@routes.get("/drive/v3/files/<id>/comments")
@api(*CONTENT)
def comments(id: str) -> Any:
    if not request.args.get("fields"):
        raise Wrong(
            400,
            "required",
            "The 'fields' parameter is required for this method.",
            location="fields",
            locationType="parameter",
        )
    file, since = own(id), instant("startModifiedTime")
    found = [comment for comment in file.comments if since is None or comment.modified >= since]
    page = opened(request.args["pageToken"]) if request.args.get("pageToken") else {"offset": 0}
    if page is None:
        raise Wrong(400, "invalid", "Invalid Value", location="pageToken", locationType="parameter")
    most, offset = size("pageSize", 20, 100), page["offset"]
    body: dict[str, Any] = {"kind": "drive#commentList"}
    if offset + most < len(found):
        body["nextPageToken"] = sealed({"offset": offset + most})
    return body | {"comments": [comment_shape(file, each) for each in found[offset : offset + most]]}


@routes.get("/drive/v3/changes/startPageToken")
@api(*SCOPES)
def start_page_token() -> Any:
    return {"kind": "drive#startPageToken", "startPageToken": str(google.count)}


@routes.get("/drive/v3/changes")
@api(*SCOPES)
def changes() -> Any:
    """What changed since a token; the last page has the token for the next time."""
    text = request.args.get("pageToken", "")
    if not text.isdigit() or int(text) > google.count or google.faults.take("stale_cursor", account=g.account):
        raise Wrong(400, "invalid", "Invalid Value", location="pageToken", locationType="parameter")
    key, most = google.person().key, size("pageSize", 100, 1000)
    seen = [f for f in google.files.values() if f.changed > int(text) and (f in visible() or key in f.lost)]
    seen.sort(key=lambda file: file.changed)
    shown = seen[:most]
    items = []
    for file in shown:
        gone = file not in visible()
        item = {
            "kind": "drive#change", "type": "file", "changeType": "file", "fileId": file.id, "removed": gone,
            "time": stamp(datetime.fromtimestamp(file.changed_at or time.time(), UTC)),
        }  # fmt: skip
        if not gone or flag("includeRemoved"):
            items.append(item if gone else item | {"file": shape(file)})
        elif request.args.get("includeRemoved", "true") != "false":
            items.append(item)
    if google.faults.take("duplicates", account=g.account):
        items += items[-1:]
    body: dict[str, Any] = {"kind": "drive#changeList"}
    if len(seen) > most:
        body["nextPageToken"] = str(shown[-1].changed)
        if google.faults.take("empty_page", account=g.account):
            items, body["nextPageToken"] = [], text
    else:
        body["newStartPageToken"] = str(google.count)
    body["changes"] = items
    return default(
        body,
        "kind,nextPageToken,newStartPageToken,"
        "changes(kind,type,changeType,time,removed,fileId,file(kind,id,name,mimeType))",
    )


@routes.get("/drive/file/d/<id>/view")
def page(id: str) -> Any:
    """What a person sees who follows a file's link."""
    file = google.files.get(id)
    if file is None:
        return reply({"error": "not found"}, 404)
    text = "\n\n".join(f"{comment.author.name}: {comment.content}" for comment in file.comments)
    return render_template("item.html", provider="Google Drive", title=file.name, state=file.mime, body=text,
                           place=f"shared by {file.owner.name}")  # fmt: skip
