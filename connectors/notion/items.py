"""What a row of a Notion database becomes, and what the database's columns mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from connectors import text
from connectors.base import Item
from connectors.text import Malformed

UNTITLED = "Untitled"
_ASSIGNEE = re.compile(r"assign|owner|responsib|\bdri\b|in charge", re.IGNORECASE)
_STATUS = re.compile(r"status|state|stage", re.IGNORECASE)
_PRIORITY = re.compile(r"priorit|urgen|severity", re.IGNORECASE)
_DONE_BOX = re.compile(r"^\W*(done|complete|completed|finished|closed|published|shipped)\W*$", re.IGNORECASE)
_DONE = re.compile(
    r"^\W*(done|complete|completed|closed|finished|published|shipped|cancell?ed|archived|resolved|won.?t do)\W*$",
    re.IGNORECASE,
)
_HIGH = re.compile(r"^\W*(highest|high|urgent|critical|blocker|p0|p1)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """A data source (the table of a database): who is assigned by which columns, and which states mean done."""

    id: str
    title: str
    people: tuple[str, ...]
    done: frozenset[str]
    """Ids of the options in the group that Notion calls complete."""


def source_of(raw: object) -> Source:
    source = text.member(raw)
    identity = identity_of(source)
    columns = source.get("properties")
    columns = columns if isinstance(columns, dict) else {}
    people = [name for name, column in columns.items() if _type(column) == "people"]
    named = [name for name in people if _ASSIGNEE.search(name)]
    done: set[str] = set()
    for column in columns.values():
        if _type(column) == "status":
            groups = [group for group in (column.get("status") or {}).get("groups", ()) if isinstance(group, dict)]
            complete = [g for g in groups if _DONE.match(str(g.get("name")))] or groups[-1:]
            done.update(str(option) for group in complete for option in group.get("option_ids", ()))
    return Source(identity, _plain(source.get("title")), tuple(named or people), frozenset(done))


def page_item(raw: object, source: Source, me: str) -> Item:
    """A page that is, or was, assigned to the user."""
    page = text.member(raw)
    if page.get("object") != "page":
        raise Malformed("not a page")
    columns = page.get("properties")
    if not isinstance(columns, dict):
        raise Malformed("no properties")
    title = next((_plain(c.get("title")) for c in columns.values() if _type(c) == "title"), "")
    gone = any(page.get(key) is True for key in ("archived", "in_trash", "is_archived"))
    return Item(
        external_id=f"page:{identity_of(page)}",
        title=text.title(title or UNTITLED),
        url=text.link(page.get("url")),
        source="notion",
        type="task",
        priority="high" if _is_high(columns) else "normal",
        description=f"In {source.title}" if source.title else None,
        is_open=not gone and not _is_done(columns, source) and _is_mine(columns, source, me),
    )


def identity_of(raw: dict[str, Any]) -> str:
    identity = str(raw.get("id") or "")
    if not re.fullmatch(r"[0-9a-fA-F-]{32,36}", identity):
        raise Malformed("no id")
    return identity


def _is_mine(columns: dict[str, Any], source: Source, me: str) -> bool:
    return any(
        isinstance(person, dict) and person.get("id") == me
        for name in source.people
        for person in (columns[name].get("people") or () if _type(columns.get(name)) == "people" else ())
    )


def _is_done(columns: dict[str, Any], source: Source) -> bool:
    for name, column in columns.items():
        kind = _type(column)
        if kind == "checkbox" and _DONE_BOX.match(name) and column.get("checkbox") is True:
            return True
        chosen = column.get(kind) if kind in ("status", "select") else None
        if not isinstance(chosen, dict):
            continue
        if kind == "status" and source.done:
            if str(chosen.get("id")) in source.done:
                return True
        elif (kind == "status" or _STATUS.search(name)) and _DONE.match(str(chosen.get("name"))):
            return True
    return False


def _is_high(columns: dict[str, Any]) -> bool:
    for name, column in columns.items():
        chosen = column.get(_type(column)) if _type(column) in ("status", "select") and _PRIORITY.search(name) else None
        if isinstance(chosen, dict) and _HIGH.match(str(chosen.get("name"))):
            return True
    return False


def _type(column: object) -> str:
    return str(column.get("type")) if isinstance(column, dict) else ""


def _plain(pieces: object) -> str:
    """A title is a list of pieces, and may be empty."""
    if not isinstance(pieces, list):
        return ""
    return text.clean("".join(str(p.get("plain_text") or "") for p in pieces if isinstance(p, dict)), text.TITLE)
