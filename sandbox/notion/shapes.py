"""Users, pages, data sources and databases as Notion's API shows them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sandbox.notion.pages import WORKSPACE_ID, WORKSPACE_NAME, Page, Source, bot_id, person_id, uuid_of
from sandbox.people import Person

PLAIN = {"bold": False, "italic": False, "strikethrough": False, "underline": False, "code": False, "color": "default"}


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:00.000Z")


def rich(pieces: list[str]) -> list[dict[str, Any]]:
    """Rich text; every second piece is bold, as if somebody had stressed it."""
    return [
        {
            "type": "text", "text": {"content": text, "link": None}, "annotations": PLAIN | {"bold": place % 2 == 1},
            "plain_text": text, "href": None,
        }
        for place, text in enumerate(pieces)
    ]  # fmt: skip


def user(person: Person, origin: str) -> dict[str, Any]:
    return {
        "object": "user", "id": person_id(person), "name": person.name, "type": "person",
        "avatar_url": f"{origin}/avatars/{person.key}.svg", "person": {"email": person.email},
    }  # fmt: skip


def bot(person: Person, origin: str) -> dict[str, Any]:
    """Whom `users/me` shows: the connection, with its owner inside."""
    return {
        "object": "user", "id": bot_id(person), "name": "Daybook", "avatar_url": None, "type": "bot",
        "bot": {
            "owner": {"type": "user", "user": user(person, origin)}, "workspace_name": WORKSPACE_NAME,
            "workspace_id": WORKSPACE_ID, "workspace_limits": {"max_file_upload_size_in_bytes": 5242880},
        },
    }  # fmt: skip


def option(kind: str, name: str) -> dict[str, Any]:
    return {"id": uuid_of("option", kind, name), "name": name, "color": "default"}


def property_id(name: str) -> str:
    return "title" if name == "Name" else uuid_of("property", name)[:4]


def value(page: Page, name: str, kind: str, origin: str) -> Any:
    match kind:
        case "title":
            return rich(page.title)
        case "people":
            return [user(person, origin) for person in page.people]
        case "checkbox":
            return bool(page.state)
        case "status":
            return option(kind, str(page.state)) if page.state else None
        case "select":
            return option(kind, page.priority) if page.priority else None
        case "date":
            return {"start": page.due.isoformat(), "end": None, "time_zone": None} if page.due else None
    return stamp(page.edited)


def page_shape(page: Page, base: str, origin: str, modern: bool) -> dict[str, Any]:
    """A page; before 2025-09-03 its parent was the database."""
    author = {"object": "user", "id": uuid_of("person", "tomasz-w")}
    source = page.source
    parent = {"type": "database_id", "database_id": source.database_id}
    if modern:
        parent = {"type": "data_source_id", "data_source_id": source.id, "database_id": source.database_id}
    slug = re.sub(r"[^A-Za-z0-9]+", "-", page.text).strip("-")[:60]
    return {
        "object": "page", "id": page.id, "created_time": stamp(page.created), "last_edited_time": stamp(page.edited),
        "created_by": author, "last_edited_by": author, "cover": None, "icon": None, "parent": parent,
        "in_trash": page.in_trash, "is_archived": page.in_trash, "archived": page.in_trash, "is_locked": False,
        "properties": {
            name: {"id": property_id(name), "type": kind, kind: value(page, name, kind, origin)}
            for name, kind in source.types().items()
        },
        "url": f"{base}/p/{slug + '-' if slug else ''}{page.id.replace('-', '')}", "public_url": None,
    }  # fmt: skip


def schema(source: Source) -> dict[str, Any]:
    shown = {}
    for name, kind in source.types().items():
        content: dict[str, Any] = {}
        if kind == "status":
            done = [option(kind, each)["id"] for each in source.done]
            groups = [{"id": uuid_of("group", source.name), "name": "Complete", "color": "green", "option_ids": done}]
            content = {"options": [option(kind, each) for each in source.states], "groups": groups}
        if kind == "select":
            content = {"options": [option(kind, each) for each in ("High", "Medium", "Low")]}
        shown[name] = {"id": property_id(name), "name": name, "description": None, "type": kind, kind: content}
    return shown


def container(source: Source, base: str, edited: str, modern: bool) -> dict[str, Any]:
    """A data source, or what a database was before there were any."""
    author = {"object": "user", "id": uuid_of("person", "tomasz-w")}
    parent: dict[str, Any] = {"type": "workspace", "workspace": True}
    shown: dict[str, Any] = {
        "object": "data_source" if modern else "database", "id": source.id if modern else source.database_id,
        "cover": None, "icon": None, "created_time": "2026-01-12T08:00:00.000Z", "created_by": author,
        "last_edited_by": author, "last_edited_time": edited, "title": rich([source.name]), "description": [],
        "is_inline": False, "properties": schema(source), "parent": parent, "public_url": None, "in_trash": False,
        "archived": False, "url": f"{base}/{source.database_id.replace('-', '')}",
    }  # fmt: skip
    if modern:
        shown["parent"] = {"type": "database_id", "database_id": source.database_id}
        shown["database_parent"] = parent
    return shown


def database(sources: list[Source], base: str, edited: str) -> dict[str, Any]:
    """A database since 2025-09-03: little more than the list of its data sources."""
    shown = container(sources[0], base, edited, modern=False)
    shown.pop("properties")
    return shown | {"data_sources": [{"id": each.id, "name": each.name} for each in sources]}
