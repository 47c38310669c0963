"""Notion: rows assigned to the user, over the sandbox and on recorded payloads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from connectors.base import ConnectorError, Credentials
from connectors.notion import Notion
from connectors.notion.items import Source, page_item, source_of
from connectors.text import Malformed
from tests.connectors.stub import Asked, Reply

ME = "328d872b-594c-8197-9cf9-000204973f06"
SOURCE = Source("s", "Roadmap", ("Assignee",), frozenset({"o-done"}))


@pytest.fixture
def notion(control_of: Any) -> Any:
    control = control_of("notion")
    control.post("/reset")
    control.post("/items", json={"account": "mara", "count": 0})
    return control


def titles(inbox: Any) -> set[str]:
    return {item.title for item in inbox.items.values()}


def row(**columns: Any) -> dict[str, Any]:
    return {
        "object": "page", "id": "32861e8c-e0a3-8013-b764-e0872045e1f3", "url": "https://app.notion.com/p/x",
        "properties": {
            "Name": {"type": "title", "title": [{"plain_text": "Write "}, {"plain_text": "it"}]},
            "Assignee": {"type": "people", "people": [{"id": ME}]}, **columns,
        },
    }


def test_every_recorded_page_is_read(payload):
    pages = [raw for raw in payload("notion/search")["results"] if raw["object"] == "page"]
    for raw in [*pages, payload("notion/page")]:
        item = page_item(raw, Source("s", "", (), frozenset()), ME)
        wanted = "".join(piece["plain_text"] for piece in raw["properties"]["title"]["title"])
        assert (item.title, item.url) == (" ".join(wanted.split()) or "Untitled", raw["url"])
        assert (item.source, item.type, item.priority) == ("notion", "task", "normal")


def test_recorded_tables_tell_who_is_assigned(payload):
    assert source_of(payload("notion/data_source")).title == "Test Database for Data Sources"
    raw = payload("notion/search_data_sources")["results"][0]
    people = {"Reviewer": {"type": "people"}, "Assigned to": {"type": "people"}}
    groups = [{"name": "To-do", "option_ids": ["a"]}, {"name": "Complete", "option_ids": ["b", "c"]}]
    status = {"State": {"type": "status", "status": {"groups": groups}}}
    source = source_of({**raw, "properties": {**raw["properties"], **people, **status}})
    assert (source.people, source.done) == (("Assigned to",), {"b", "c"})
    assert source_of({**raw, "properties": {"Who": {"type": "people"}}}).people == ("Who",)


@pytest.mark.parametrize(("columns", "is_open"), [
    ({}, True),
    ({"Status": {"type": "status", "status": {"id": "o-done", "name": "Erledigt"}}}, False),
    ({"Status": {"type": "status", "status": {"id": "o-2", "name": "In progress"}}}, True),
    ({"Stage": {"type": "select", "select": {"id": "x", "name": "✅ Done"}}}, False),
    ({"Team": {"type": "select", "select": {"id": "x", "name": "Done"}}}, True),
    ({"Done": {"type": "checkbox", "checkbox": True}}, False),
    ({"Done": {"type": "checkbox", "checkbox": False}}, True),
    ({"Assignee": {"type": "people", "people": []}}, False), ({"Status": {"type": "status", "status": None}}, True),
])
def test_which_rows_are_open(columns, is_open):
    item = page_item(row(**columns), SOURCE, ME)
    assert item.is_open is is_open and item.title == "Write it" and item.description == "In Roadmap"


def test_what_is_in_the_trash_is_closed():
    assert not page_item({**row(), "in_trash": True}, SOURCE, ME).is_open


@pytest.mark.parametrize(("name", "meant"), [
    ("High", "high"), ("P0 – now", "high"), ("Highland", "normal"), ("Low", "normal"),
])
def test_priority_is_the_tables(name, meant):
    assert page_item(row(Priority={"type": "select", "select": {"name": name}}), SOURCE, ME).priority == meant


@pytest.mark.parametrize("raw", [
    None, {}, {**row(), "id": "1"}, {**row(), "object": "database"}, {**row(), "properties": None}, [row()],
])
def test_a_malformed_row_is_named_so(raw):
    with pytest.raises(Malformed):
        page_item(raw, SOURCE, ME)


def test_all_that_is_assigned_arrives_and_done_leaves(notion, connect, inbox):
    credentials = connect("notion")
    one = notion.post("/items", json={"account": "mara", "title": "One", "priority": "High"}).json()
    two = notion.post("/items", json={"account": "mara", "title": ["Two ", "pieces"]}).json()
    notion.post("/items", json={"account": "jun", "title": "Somebody else's"})
    inbox.run(Notion(), credentials)
    assert {(i.title, i.priority) for i in inbox.items.values()} == {("One", "high"), ("Two pieces", "normal")}
    notion.patch(f"/items/{one['id']}", json={"state": "closed"})
    notion.patch(f"/items/{two['id']}", json={"assignee": None})
    assert titles(inbox.run(Notion(), credentials)) == set()
    notion.patch(f"/items/{one['id']}", json={"state": "open"})
    notion.patch(f"/items/{two['id']}", json={"assignee": "mara"})
    assert titles(inbox.run(Notion(), credentials)) == {"One", "Two pieces"}
    notion.patch(f"/items/{one['id']}", json={"in_trash": True})
    notion.delete(f"/items/{two['id']}")
    assert titles(inbox.run(Notion(), credentials)) == set()


def test_an_unchanged_account_costs_one_request(notion, connect, inbox):
    credentials = connect("notion")
    notion.post("/items", json={"account": "mara", "count": 30})
    inbox.run(Notion(), credentials)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=10)):
        inbox.run(Notion(), credentials)  # looks once more at what was edited in the minute of the first
        notion.delete("/requests")
        inbox.run(Notion(), credentials)
        assert notion.get("/requests").json()["count"] == 1


def test_more_rows_than_a_page_arrive_once(notion, connect, inbox):
    notion.post("/items", json={"account": "mara", "count": 250})
    assert len(inbox.run(Notion(), connect("notion")).ids) == 250


def test_a_table_that_is_no_longer_shared_takes_its_rows_along(stub, inbox):
    table = {"object": "data_source", "id": ME, "title": [], "properties": {"Who": {"type": "people"}}}

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/users/me"):
            return Reply({"object": "user", "bot": {"owner": {"type": "user", "user": {"id": ME}}}})
        if asked.path.endswith("/search"):
            return Reply({"results": [table], "has_more": False, "next_cursor": None})
        return Reply({"object": "error", "status": 404, "code": "object_not_found", "message": "x"}, 404)

    stub.answer = answer
    inbox.items["page:1"] = None
    assert inbox.run(Notion(), Credentials("t")).ids == set()


def test_a_workspaces_own_connection_is_nobodys(stub):
    bot = {"object": "user", "bot": {"owner": {"type": "workspace", "workspace": True}}}
    stub.answer = lambda asked: Reply(bot if asked.path.endswith("me") else {"results": [], "has_more": False})
    with pytest.raises(ConnectorError) as caught:
        list(Notion().pull(Credentials("t"), {}))
    assert caught.value.kind == "refused"


def test_the_recorded_profile(stub, payload):
    stub.answer = lambda asked: Reply(payload("notion/users_me"))
    profile = Notion().profile(Credentials("t"))
    assert (profile.external_id, profile.name, profile.email) == (ME, "Nango Developer", "api@example.com")


def test_giving_the_token_back(notion, connect):
    credentials = connect("notion")
    Notion().revoke(credentials)
    Notion().revoke(credentials)
    with pytest.raises(ConnectorError) as caught:
        list(Notion().pull(credentials, {}))
    assert caught.value.kind == "reconnect"
