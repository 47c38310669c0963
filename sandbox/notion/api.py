"""Notion's API: search, queries, pages, users; each request names the version that it speaks."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, g, render_template, request
from werkzeug.local import LocalProxy

from sandbox.notion.filters import Invalid, ordered, parsed
from sandbox.notion.pages import SOURCES, Page, Source, person_id
from sandbox.notion.shapes import bot, container, database, page_shape, rich, stamp, user
from sandbox.people import COLLEAGUES
from sandbox.reply import reply

VERSIONS = ("2021-08-16", "2022-02-22", "2022-06-28", "2025-09-03", "2026-03-11")
MODERN = "2025-09-03"

routes = Blueprint("notion_api", __name__)
notion: Any = LocalProxy(lambda: current_app.extensions["sandbox"].stands["notion"])


def error(status: int, code: str, message: str) -> Response:
    body = {"object": "error", "status": status, "code": code, "message": message, "request_id": str(uuid.uuid4())}
    return reply(body, status)


def api(view: Callable[..., Any]) -> Callable[..., Response]:
    """A view that answers a dictionary, for a good token and a version that is known."""

    @functools.wraps(view)
    def answer(**arguments: Any) -> Response:
        if g.token is None:
            return notion.unauthorized()
        version = request.headers.get("Notion-Version")
        if not version:
            return error(400, "missing_version", "Notion-Version header failed validation: should be defined.")
        if version not in VERSIONS:
            return error(
                400, "validation_error", f"Notion-Version header failed validation: {version} is not a version."
            )
        g.modern = version >= MODERN
        if request.method == "POST" and request.get_data() and not isinstance(request.get_json(silent=True), dict):
            return error(400, "invalid_json", "Error parsing JSON body.")
        try:
            with notion.lock:
                made = view(**arguments)
        except Invalid as problem:
            return error(400, "validation_error", str(problem))
        return made if isinstance(made, Response) else reply(made | {"request_id": str(uuid.uuid4())})

    return answer


def body() -> dict[str, Any]:
    return request.get_json(silent=True) or {}


def missing(kind: str, id: str) -> Response:
    shared = "Make sure the relevant pages and databases are shared with your connection."
    return error(404, "object_not_found", f"Could not find {kind} with ID: {id}. {shared}")


def shown(each: Page | Source) -> dict[str, Any]:
    if isinstance(each, Source):
        return container(each, notion.base, edited(each), g.modern)
    return page_shape(each, notion.base, notion.origin, g.modern)


def edited(source: Source) -> str:
    """When anything in it was last edited."""
    times = [page.edited for page in notion.pages.values() if page.source == source]
    return stamp(max(times)) if times else "2026-01-12T08:00:00.000Z"


def listing(found: list[Any], kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    """One page of a list; the cursor is the id of what comes next. Errors: Invalid."""
    size, cursor, first = int(spec.get("page_size") or 100), spec.get("start_cursor"), 0
    if not 1 <= size <= 100:
        raise Invalid(f"body failed validation: body.page_size should be ≤ `100`, instead was `{size}`.")
    if cursor:
        stale = notion.faults.take("stale_cursor", account=g.account)
        first = next((place for place, each in enumerate(found) if each.id == cursor and not stale), -1)
        if first < 0:
            raise Invalid(f"The start_cursor provided is invalid: {cursor}")
    end = first + size
    page = found[first:end]
    if first and page and notion.faults.take("duplicates", account=g.account):
        page = [found[first - 1], *page]
    following = found[end].id if end < len(found) else None
    if following:
        if notion.faults.take("empty_page", account=g.account):
            page, following = [], found[first].id
        pages = [each for each in found if isinstance(each, Page)]
        if pages and notion.faults.take("update_while_paging", account=g.account):
            notion.touch(pages[-1])
        if pages and notion.faults.take("close_while_paging", account=g.account):
            pages[0].close()
            notion.touch(pages[0])
    return {
        "object": "list", "results": [shown(each) for each in page], "next_cursor": following,
        "has_more": following is not None, "type": kind, kind: {},
    }  # fmt: skip


@routes.post("/v1/search")
@api
def search() -> Any:
    """Pages and data sources by their titles, the last edited first."""
    spec, words = body(), str(body().get("query") or "").lower()
    wanted = (spec.get("filter") or {}).get("value")
    container_kind = "data_source" if g.modern else "database"
    if wanted not in (None, "page", container_kind):
        raise Invalid(f'body failed validation: body.filter.value should be `"page"` or `"{container_kind}"`')
    found: list[Any] = []
    if wanted in (None, "page"):
        found += [page for page in notion.pages.values() if words in page.text.lower() and not page.in_trash]
    if wanted in (None, container_kind):
        visible = SOURCES if g.modern else {each.database_id: each for each in reversed(SOURCES)}.values()
        found += [each for each in visible if words in each.name.lower()]
    sort = spec.get("sort") or {}
    found.sort(
        key=lambda each: edited(each) if isinstance(each, Source) else stamp(each.edited),
        reverse=sort.get("direction", "descending") == "descending",
    )
    return listing(found, "page_or_data_source" if g.modern else "page_or_database", spec)


def queried(source: Source) -> Any:
    """Errors: Invalid."""
    spec = body()
    test = parsed(source, spec["filter"]) if spec.get("filter") else lambda page: True
    trashed = bool(spec.get("in_trash") or spec.get("archived"))
    found = [
        page for page in notion.pages.values() if page.source == source and page.in_trash == trashed and test(page)
    ]
    found.sort(key=lambda page: page.created, reverse=True)
    kind = "page_or_data_source" if g.modern else "page_or_database"
    answer = listing(ordered(found, source, spec.get("sorts")), kind, spec)
    wanted = request.args.getlist("filter_properties") + request.args.getlist("filter_properties[]")
    if wanted:
        for each in answer["results"]:
            kept = {name: held for name, held in each["properties"].items() if name in wanted or held["id"] in wanted}
            each["properties"] = kept
    return answer


@routes.post("/v1/data_sources/<uuid:id>/query")
@api
def query(id: uuid.UUID) -> Any:
    source = next((each for each in SOURCES if each.id == str(id)), None)
    if not g.modern:
        return error(400, "invalid_request_url", "Invalid request URL.")
    return queried(source) if source else missing("data_source", str(id))


@routes.post("/v1/databases/<uuid:id>/query")
@api
def query_database(id: uuid.UUID) -> Any:
    """The old way, which reaches a database's first data source only."""
    if g.modern:
        return error(400, "invalid_request_url", "Invalid request URL.")
    source = next((each for each in SOURCES if each.database_id == str(id)), None)
    return queried(source) if source else missing("database", str(id))


@routes.get("/v1/data_sources/<uuid:id>")
@api
def data_source(id: uuid.UUID) -> Any:
    source = next((each for each in SOURCES if each.id == str(id)), None)
    return shown(source) if source and g.modern else missing("data_source", str(id))


@routes.get("/v1/databases/<uuid:id>")
@api
def database_of(id: uuid.UUID) -> Any:
    sources = [each for each in SOURCES if each.database_id == str(id)]
    if not sources:
        return missing("database", str(id))
    return database(sources, notion.base, edited(sources[0])) if g.modern else shown(sources[0])


@routes.get("/v1/pages/<uuid:id>")
@api
def page(id: uuid.UUID) -> Any:
    found = notion.pages.get(str(id))
    return shown(found) if found else missing("page", str(id))


@routes.get("/v1/blocks/<uuid:id>/children")
@api
def blocks(id: uuid.UUID) -> Any:
    found = notion.pages.get(str(id))
    if found is None:
        return missing("block", str(id))
    paragraphs = [
        {
            "object": "block", "id": str(uuid.uuid5(id, str(place))), "parent": {"type": "page_id", "page_id": str(id)},
            "created_time": stamp(found.created), "last_edited_time": stamp(found.edited), "has_children": False,
            "archived": False, "in_trash": False, "type": "paragraph",
            "paragraph": {"rich_text": rich([text]), "color": "default"},
        }
        for place, text in enumerate(part for part in found.body.split("\n\n") if part)
    ]  # fmt: skip
    return {
        "object": "list",
        "results": paragraphs,
        "next_cursor": None,
        "has_more": False,
        "type": "block",
        "block": {},
    }


@routes.get("/v1/users/me")
@api
def me() -> Any:
    return bot(notion.person(), notion.origin)


@routes.get("/v1/users")
@api
def users() -> Any:
    people = [user(person, notion.origin) for person in (*notion.accounts.people.values(), *COLLEAGUES)][:100]
    return {"object": "list", "results": people, "next_cursor": None, "has_more": False, "type": "user", "user": {}}


@routes.get("/v1/users/<uuid:id>")
@api
def one_user(id: uuid.UUID) -> Any:
    for person in (*notion.accounts.people.values(), *COLLEAGUES):
        if person_id(person) == str(id):
            return user(person, notion.origin)
    return missing("user", str(id))


@routes.route("/v1/<path:anything>", methods=["GET", "POST", "PATCH", "DELETE"])
def nowhere(anything: str) -> Response:
    return error(400, "invalid_request_url", "Invalid request URL.")


@routes.get("/p/<slug>")
def human(slug: str) -> Any:
    """What a person sees who follows a page's link."""
    try:
        found = notion.pages.get(str(uuid.UUID(slug[-32:])))
    except ValueError:
        found = None
    if found is None:
        return error(404, "object_not_found", "Not found")
    state = "done" if found.state is True else str(found.state or "")
    return render_template("item.html", provider="Notion", title=found.text or "Untitled", state=state, body=found.body,
                           place=found.source.name)  # fmt: skip
