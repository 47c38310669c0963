"""Linear: issues assigned to the user, over the sandbox and on recorded payloads."""

from __future__ import annotations

import time
from typing import Any

import pytest

from connectors.base import ConnectorError, Credentials
from connectors.linear import Linear, issue_item
from connectors.text import Malformed
from tests.connectors.stub import Reply


@pytest.fixture
def linear(control_of: Any) -> Any:
    control = control_of("linear")
    control.post("/reset")
    control.post("/items", json={"account": "mara", "count": 0})
    return control


def titles(inbox: Any) -> set[str]:
    return {item.title for item in inbox.items.values()}


def test_every_recorded_issue_becomes_an_item(payload):
    nodes = [
        *payload("linear/issues")["data"]["issues"]["nodes"], *payload("linear/list_issues")["data"]["issues"]["nodes"],
        payload("linear/issue")["data"]["issue"],
    ]
    for raw in nodes:
        item = issue_item(raw)
        assert (item.external_id, item.url) == (f"issue:{raw['id']}", raw["url"])
        assert item.title == " ".join(raw["title"].split()) and item.description.startswith(raw["identifier"])
        assert (item.source, item.type) == ("linear", "task")
        assert item.priority == ("high" if raw["priority"] in (1, 2) else "normal")
        assert item.is_open == (raw["state"].get("type") not in ("completed", "canceled"))


@pytest.mark.parametrize(("change", "is_open"), [
    ({"archivedAt": "2026-01-01T00:00:00Z"}, False), ({"trashed": True}, False), ({"state": None}, True),
    ({"state": {"type": "started"}}, True), ({"state": {"type": "canceled"}}, False),
])
def test_which_issues_are_open(change, is_open):
    assert issue_item({"id": "1", "title": "T", **change}).is_open is is_open


@pytest.mark.parametrize("raw", [None, {}, {"id": 5, "title": "T"}, {"id": "1"}, {"id": "1", "title": ""}])
def test_a_malformed_issue_is_named_so(raw):
    with pytest.raises(Malformed):
        issue_item(raw)


def test_all_that_is_assigned_arrives_and_done_leaves(linear, connect, inbox):
    credentials = connect("linear")
    one = linear.post("/items", json={"account": "mara", "title": "One", "priority": 1}).json()
    two = linear.post("/items", json={"account": "mara", "title": "Two"}).json()
    inbox.run(Linear(), credentials)
    assert {(i.title, i.priority) for i in inbox.items.values()} == {("One", "high"), ("Two", "normal")}
    linear.patch(f"/items/{one['id']}", json={"state": "closed"})
    linear.patch(f"/items/{two['id']}", json={"assignee": None})
    assert titles(inbox.run(Linear(), credentials)) == set()
    linear.patch(f"/items/{one['id']}", json={"state": "open"})
    linear.patch(f"/items/{two['id']}", json={"assignee": "mara"})
    assert titles(inbox.run(Linear(), credentials)) == {"One", "Two"}
    linear.patch(f"/items/{one['id']}", json={"archived": True})
    linear.delete(f"/items/{two['id']}")
    assert titles(inbox.run(Linear(), credentials)) == set()


def test_an_unchanged_account_costs_one_request(linear, connect, inbox):
    credentials = connect("linear")
    linear.post("/items", json={"account": "mara", "count": 30})
    inbox.run(Linear(), credentials)
    linear.delete("/requests")
    inbox.run(Linear(), credentials)
    assert linear.get("/requests").json()["count"] == 1


def test_a_large_account_is_asked_for_changes_alone(linear, connect, inbox):
    credentials = connect("linear")
    linear.post("/items", json={"account": "mara", "count": 350})
    assert len(inbox.run(Linear(), credentials).ids) == 350
    shown = linear.get("/items", params={"account": "mara"}).json()
    linear.patch(f"/items/{shown[100]['id']}", json={"title": "Changed"})
    linear.patch(f"/items/{shown[300]['id']}", json={"state": "closed"})
    linear.delete("/requests")
    inbox.run(Linear(), credentials)
    assert "Changed" in titles(inbox) and len(inbox.ids) == 349
    assert linear.get("/requests").json()["count"] == 1
    linear.patch(f"/items/{shown[200]['id']}", json={"assignee": None})
    inbox.cursor["listed_at"] = "2026-01-01T00:00:00Z"
    assert len(inbox.run(Linear(), credentials).ids) == 348


def test_a_cut_short_first_sync_resumes_where_it_stopped(linear, connect, inbox):
    credentials = connect("linear")
    linear.post("/items", json={"account": "mara", "count": 350})
    for page in Linear().pull(credentials, {}):
        inbox.take(page)
        if len(inbox.ids) == 200:
            break
    linear.delete("/requests")
    assert len(inbox.run(Linear(), credentials).ids) == 350
    assert linear.get("/requests").json()["count"] == 2


def refused(stub: Any, reply: Reply) -> ConnectorError:
    stub.answer = lambda asked: reply
    with pytest.raises(ConnectorError) as caught:
        list(Linear().pull(Credentials("t"), {}))
    assert "Linear" in caught.value.message
    return caught.value


def test_a_limit_comes_as_400_with_its_reset_in_milliseconds(stub):
    errors = {"errors": [{"message": "Rate limit exceeded", "extensions": {"code": "RATELIMITED"}}]}
    reset = str(int((time.time() + 90) * 1000))
    error = refused(stub, Reply(errors, 400, {"X-RateLimit-Requests-Reset": reset}))
    assert error.kind == "later" and 80 < error.retry_after <= 91
    assert refused(stub, Reply(errors, 400)).retry_after == 60


@pytest.mark.parametrize(("status", "code", "kind"), [
    (401, "AUTHENTICATION_ERROR", "reconnect"), (400, "AUTHENTICATION_ERROR", "reconnect"),
    (403, "FORBIDDEN", "refused"), (200, "INTERNAL_SERVER_ERROR", "later"), (400, "INPUT_ERROR", "later"),
    (500, "X", "later"),
])
def test_errors_are_looked_for_in_the_body(stub, status, code, kind):
    body = {"data": {"viewer": None}, "errors": [{"message": "m", "extensions": {"code": code}}]}
    assert refused(stub, Reply(body, status)).kind == kind


@pytest.mark.parametrize("body", [
    {}, {"data": None}, {"data": {"viewer": None}}, {"data": {"viewer": {"assignedIssues": {"nodes": {}}}}}, [], "x",
    {"data": {"viewer": {"assignedIssues": {"nodes": [], "pageInfo": None}}}}, {"errors": "odd"}, {"errors": [5]},
])
def test_garbage_is_said_plainly(stub, body):
    assert refused(stub, Reply(body)).kind == "later"


def test_the_recorded_profile(stub, payload):
    stub.answer = lambda asked: Reply(payload("linear/viewer"))
    profile = Linear().profile(Credentials("t"))
    assert (profile.external_id, profile.username) == ("5e854765-e42d-4ce6-9e66-789add44f493", "victorlinear")


def test_giving_the_token_back(linear, connect):
    credentials = connect("linear")
    Linear().revoke(credentials)
    Linear().revoke(credentials)
    with pytest.raises(ConnectorError) as caught:
        list(Linear().pull(credentials, {}))
    assert caught.value.kind == "reconnect"
