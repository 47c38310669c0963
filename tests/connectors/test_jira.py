"""Jira: what arrives and what leaves, over the sandbox; recorded payloads; dates on the user's clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.jira import Jira
from connectors.jira.api import Site
from connectors.jira.document import mentions, plain
from connectors.jira.items import issue_item, mention_items
from connectors.jira.run import _quoted, _zone
from connectors.text import Malformed

SITE = Site("07779958-e747-4285-ad18-0f5252a97bff", "https://nango-team-test.atlassian.net")


@pytest.fixture
def jira(control_of: Any) -> Any:
    control = control_of("jira")
    control.post("/reset")
    control.post("/items", json={"account": "mara", "count": 0})
    return control


def titles(inbox: Any, scope: str) -> set[str]:
    return {item.title for id, item in inbox.items.items() if id.startswith(scope)}


def test_every_recorded_issue_becomes_an_item(payload):
    found = payload("jira/search_jql")["issues"]
    for raw in found:
        item = issue_item({**raw, "fields": {k: v for k, v in raw["fields"].items() if k != "assignee"}}, SITE, "me")
        assert item.external_id == f"issue:07779958/{raw['id']}"
        assert item.title == raw["fields"]["summary"]
        assert item.url == f"https://nango-team-test.atlassian.net/browse/{raw['key']}"
        assert (item.source, item.type, item.priority, item.is_open) == ("jira", "task", "normal", True)
        assert item.description.startswith(raw["key"])


def test_the_recorded_full_issue_is_read_with_its_document(payload):
    raw = payload("jira/issue_full")
    item = issue_item(raw, SITE, (raw["fields"]["assignee"] or {}).get("accountId", ""))
    assert "This is a test issue" in item.description


@pytest.mark.parametrize(("priority", "meant"), [
    ({"name": "Highest", "id": "10001"}, "high"), ({"name": "Hoch", "id": "2"}, "high"), ({"name": "Medium"}, "normal"),
    ({"name": "Blocker"}, "high"), (None, "normal"), ("odd", "normal"),
])
def test_priority_is_jiras(priority, meant):
    raw = {"id": "1", "key": "A-1", "fields": {"summary": "S", "priority": priority}}
    assert issue_item(raw, SITE, "me").priority == meant


@pytest.mark.parametrize("raw", [
    None, {}, {"id": "1"}, {"id": "1", "key": "A-1"}, {"id": "1", "key": "A-1", "fields": {}},
    {"id": "x", "key": "A-1", "fields": {"summary": "S"}}, {"id": "1", "key": "A-1", "fields": {"summary": None}},
])
def test_a_malformed_issue_is_named_so(raw):
    with pytest.raises(Malformed):
        issue_item(raw, SITE, "me")


def test_a_mention_waits_until_it_is_answered():
    def comment(id: str, who: str, at: str, *named: str) -> dict[str, Any]:
        nodes = [{"type": "mention", "attrs": {"id": name, "text": f"@{name}"}} for name in named]
        body = {"type": "doc", "content": [{"type": "paragraph", "content": [*nodes, {"type": "text", "text": " hi"}]}]}
        return {"id": id, "author": {"accountId": who, "displayName": who}, "created": at, "body": body}

    comments = [
        comment("1", "ann", "2026-05-01T10:00:00.000+0200", "me"),
        comment("2", "me", "2026-05-01T11:00:00.000+0200"),
        comment("3", "bob", "2026-05-01T12:00:00.000+0200", "me", "ann"),
        comment("4", "bob", "2026-05-01T12:00:00.000+0200", "ann"),
    ]
    raw = {"id": "1", "key": "A-1", "fields": {"summary": "S", "comment": {"comments": comments}}}
    found = list(mention_items(raw, SITE, "me", datetime(2026, 1, 1, tzinfo=UTC)))
    assert [(i.external_id[-1], i.is_open, i.type) for i in found] == [("1", False, "update"), ("3", True, "update")]
    assert found[1].url.endswith("/browse/A-1?focusedCommentId=3") and "@me@ann hi" in found[1].description


def test_documents_and_older_texts_are_read():
    assert plain("  old text ") == "old text" and plain(None) == "" and plain({"type": 5}) == ""
    deep: dict[str, Any] = {"type": "text", "text": "deep"}
    for _ in range(5000):
        deep = {"type": "paragraph", "content": [deep]}
    assert plain(deep) == ""
    assert mentions("ask [~accountid:712020:abc] please") == {"712020:abc"}


@pytest.mark.parametrize(("moment", "zone", "text"), [
    ("2026-04-28T13:33:59+00:00", "Europe/Warsaw", '"2026-04-28 15:33"'),
    ("2026-04-28T13:33:15+00:00", "Asia/Kathmandu", '"2026-04-28 19:18"'),
    ("2026-04-28T23:59:59+00:00", "America/New_York", '"2026-04-28 19:59"'),
    # In the hour that Warsaw shows twice, the earlier of the two may be meant: before both, then.
    ("2026-10-25T00:30:00+00:00", "Europe/Warsaw", '"2026-10-24 23:30"'),
    ("2026-10-25T01:30:00+00:00", "Europe/Warsaw", '"2026-10-25 02:30"'),
])
def test_dates_are_written_on_the_users_clock(moment, zone, text):
    assert _quoted(datetime.fromisoformat(moment), zone) == text


def test_an_unknown_zone_asks_for_more_rather_than_less():
    assert _zone("Mars/Olympus") == _zone(None) == _zone("../etc") == "Etc/GMT+12"


def test_all_that_is_assigned_arrives_and_done_leaves(jira, connect, inbox):
    credentials = connect("jira")
    made = [
        jira.post("/items", json={"account": "mara", "title": f"Issue {n}", "priority": p}).json()
        for n, p in enumerate(("Highest", "Low"))
    ]
    inbox.run(Jira(), credentials)
    assert {(i.title, i.priority) for k, i in inbox.items.items() if k.startswith("issue:")} == {
        ("Issue 0", "high"), ("Issue 1", "normal")
    }
    jira.patch(f"/items/{made[0]['id']}", json={"state": "closed"})
    said = [i for p in Jira().pull(credentials, inbox.cursor) for i in p.items if not i.is_open]
    assert [i.title for i in said if i.external_id.startswith("issue:")] == ["Issue 0"]
    assert titles(inbox.run(Jira(), credentials), "issue:") == {"Issue 1"}
    jira.patch(f"/items/{made[0]['id']}", json={"state": "open"})
    jira.patch(f"/items/{made[1]['id']}", json={"assignee": None})
    assert titles(inbox.run(Jira(), credentials), "issue:") == {"Issue 0"}
    jira.delete(f"/items/{made[0]['id']}")
    assert titles(inbox.run(Jira(), credentials), "issue:") == set()


def test_a_comment_that_names_the_user_arrives(jira, connect, inbox):
    credentials = connect("jira")
    inbox.run(Jira(), credentials)
    before = inbox.ids
    jira.post("/items", json={"account": "mara", "title": "Look", "mention": "mara", "comment": "what do you think?"})
    inbox.run(Jira(), credentials)
    (new,) = inbox.ids - before
    assert inbox.items[new].title == "Look" and "what do you think?" in inbox.items[new].description


def test_an_unchanged_account_costs_two_requests(jira, connect, inbox):
    credentials = connect("jira")
    jira.post("/items", json={"account": "mara", "count": 30})
    inbox.run(Jira(), credentials)
    jira.delete("/requests")
    inbox.run(Jira(), credentials)
    assert len(jira.get("/requests").json()["requests"]) == 2


def test_a_large_account_is_asked_for_changes_alone(jira, connect, inbox):
    credentials = connect("jira")
    jira.post("/items", json={"account": "mara", "count": 250})
    inbox.run(Jira(), credentials)
    assert len(titles(inbox, "issue:")) and len([k for k in inbox.ids if k.startswith("issue:")]) == 250
    shown = jira.get("/items", params={"account": "mara"}).json()
    jira.patch(f"/items/{shown[100]['id']}", json={"assignee": None})
    jira.patch(f"/items/{shown[101]['id']}", json={"title": "Changed"})
    inbox.run(Jira(), credentials)
    ids = {k.rsplit("/", 1)[1] for k in inbox.ids if k.startswith("issue:")}
    assert shown[100]["id"] not in ids and "Changed" in titles(inbox, "issue:") and len(ids) == 249


def test_what_search_shows_late_is_not_lost(jira, connect, inbox):
    credentials = connect("jira")
    inbox.run(Jira(), credentials)
    jira.post("/lag", json={"seconds": 600})
    jira.post("/items", json={"account": "mara", "title": "Late"})
    inbox.run(Jira(), credentials)
    assert "Late" not in titles(inbox, "issue:")
    jira.post("/lag", json={"seconds": 0})
    assert "Late" in titles(inbox.run(Jira(), credentials), "issue:")


def test_a_cut_short_first_sync_resumes_where_it_stopped(jira, connect, inbox):
    credentials = connect("jira")
    jira.post("/items", json={"account": "mara", "count": 350})
    for page in Jira().pull(credentials, {}):
        inbox.take(page)
        if len(inbox.ids) >= 200:
            break
    jira.delete("/requests")
    inbox.run(Jira(), credentials)
    assert len([k for k in inbox.ids if k.startswith("issue:")]) == 350


def test_the_profile_and_giving_the_tokens_back(jira, connect):
    credentials = connect("jira")
    assert Jira().profile(credentials).name == "Mara Lindqvist"
    Jira().revoke(credentials)
    Jira().revoke(credentials)
