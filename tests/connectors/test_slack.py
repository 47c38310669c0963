"""Slack: what waits for an answer, reminders and saved items, over the sandbox and on recorded payloads."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.base import ConnectorError, Credentials
from connectors.slack import Slack
from connectors.slack.items import message_item, order, reminder_item, said, saved_item
from connectors.text import Malformed
from tests.connectors.stub import Reply


@pytest.fixture
def slack(control_of: Any) -> Any:
    control = control_of("slack")
    control.post("/reset")
    return control


def of(inbox: Any, scope: str) -> dict[str, Any]:
    return {item.title: item for id, item in inbox.items.items() if id.startswith(scope)}


def test_the_documented_search_becomes_items(payload):
    for raw in payload("slack/doc_search_messages")["messages"]["matches"]:
        item = message_item(raw, "mention", "update", "U1")
        assert item.external_id == f"mention:{raw['channel']['id']}-{raw['ts']}"
        assert (item.url, item.type, item.source) == (raw["permalink"], "update", "slack")
        assert item.title.startswith(raw["text"][:20])


def test_recorded_messages_are_read(payload):
    for raw in payload("slack/conversations_history")["messages"]:
        if raw.get("text"):
            assert message_item({**raw, "channel": "C1"}, "mention", "update", "U1").title


def test_recorded_shapes_of_saved_items_and_reminders(payload):
    saved = payload("slack/shape_stars_list")["items"][0]
    message = {**saved["message"], "text": "Read this", "ts": "1700000000.000100"}
    item = saved_item({**saved, "type": "message", "message": message}, "U1")
    assert (item.type, item.title, item.external_id) == ("task", "Read this", "saved:D00000000-1700000000.000100")
    assert saved_item({**saved, "type": "channel"}, "U1") is None
    with pytest.raises(Malformed):
        saved_item({**saved, "type": "file"}, "U1")
    raw = payload("slack/shape_reminders_list")["reminders"][0]
    reminder = reminder_item({**raw, "id": "Rm1", "text": "Call", "complete_ts": 0})
    assert (reminder.type, reminder.title, reminder.is_open) == ("reminder", "Call", True)
    assert not reminder_item({**raw, "id": "Rm1", "text": "Call"}).is_open


@pytest.mark.parametrize(("text", "shown"), [
    ("<@U1> look at &lt;this&gt; &amp; <https://a.b/c|that>", "@you look at <this> & that"),
    ("<@U2|ann> in <#C1|ops> <!here> <!subteam^S1|@crew>", "@ann in #ops @here @crew"),
    ("<https://a.b/c>", "https://a.b/c"), ("<mailto:a@b.c|a@b.c>", "a@b.c"), ("2 < 3", "2 < 3"), (None, ""),
])
def test_markup_reads_as_a_person_would_read_it(text, shown):
    assert said(text, "U1") == shown


def test_time_stamps_are_no_numbers():
    assert order("1700000000.000009") < order("1700000000.000010") < order("1700000001.000000")
    assert order("999999999.5") < order("1700000000.1")


def test_all_that_waits_arrives(slack, connect, inbox):
    inbox.run(Slack(), connect("slack"))
    assert {i.type for i in of(inbox, "mention:").values()} == {"update"} and of(inbox, "mention:")
    assert {i.type for i in of(inbox, "dm:").values()} == {"update"} and of(inbox, "dm:")
    assert {i.type for i in of(inbox, "reminder:").values()} == {"reminder"}
    assert {i.type for i in of(inbox, "saved:").values()} == {"task"}
    assert all(i.url for k, i in inbox.items.items() if not k.startswith("reminder:"))
    assert not [i for i in inbox.items.values() if "<@" in i.title or "&amp;" in i.title]


def test_an_answer_takes_a_message_out_and_another_question_brings_it_back(slack, connect, inbox):
    credentials = connect("slack")
    spec = {"account": "mara", "kind": "dm", "from": "noor-a", "text": "Are you there?"}
    asked = slack.post("/items", json=spec).json()
    named = slack.post("/items", json={"account": "mara", "kind": "mention", "text": "your view?"}).json()
    inbox.run(Slack(), credentials)
    assert "Are you there?" in of(inbox, "dm:") and "@you your view?" in of(inbox, "mention:")
    slack.patch(f"/items/{asked['id']}", json={"account": "mara", "reply": "Yes."})
    slack.patch(f"/items/{named['id']}", json={"account": "mara", "reply": "Mine is this."})
    inbox.run(Slack(), credentials)
    assert "Are you there?" not in of(inbox, "dm:") and "@you your view?" not in of(inbox, "mention:")
    slack.patch(f"/items/{asked['id']}", json={"state": "open"})
    inbox.run(Slack(), credentials)
    assert "One more question …" in of(inbox, "dm:")


def test_of_one_conversation_the_newest_message_stands_for_all(slack, connect, inbox):
    for text in ("First", "Second", "Third"):
        slack.post("/items", json={"account": "mara", "kind": "dm", "from": "noor-a", "text": text})
    inbox.run(Slack(), connect("slack"))
    assert "Third" in of(inbox, "dm:") and not {"First", "Second"} & set(of(inbox, "dm:"))


def test_done_reminders_and_unsaved_messages_leave(slack, connect, inbox):
    credentials = connect("slack")
    reminder = slack.post("/items", json={"account": "mara", "kind": "reminder", "text": "Ring up"}).json()
    saved = slack.post("/items", json={"account": "mara", "kind": "saved", "text": "Worth it"}).json()
    inbox.run(Slack(), credentials)
    assert "Ring up" in of(inbox, "reminder:") and of(inbox, "reminder:")["Ring up"].starts_at
    assert "Worth it" in of(inbox, "saved:")
    slack.patch(f"/items/{reminder['id']}", json={"state": "closed"})
    slack.patch(f"/items/{saved['id']}", json={"account": "mara", "state": "closed"})
    inbox.run(Slack(), credentials)
    assert "Ring up" not in of(inbox, "reminder:") and "Worth it" not in of(inbox, "saved:")


def test_a_deleted_message_leaves_with_the_next_listing(slack, connect, inbox):
    credentials = connect("slack")
    named = slack.post("/items", json={"account": "mara", "kind": "mention", "text": "never mind"}).json()
    inbox.run(Slack(), credentials)
    slack.delete(f"/items/{named['id']}")
    inbox.cursor["listed_at"] = "2026-01-01T00:00:00Z"
    assert "@you never mind" not in of(inbox.run(Slack(), credentials), "mention:")


def test_more_mentions_than_a_page_arrive_once(slack, connect, inbox):
    slack.post("/items", json={"account": "mara", "count": 250})
    inbox.run(Slack(), connect("slack"))
    assert len(of(inbox, "mention:")) <= len([k for k in inbox.ids if k.startswith("mention:")]) == 250


@pytest.mark.parametrize(("error", "kind"), [
    ("token_revoked", "reconnect"), ("account_inactive", "reconnect"), ("missing_scope", "refused"),
    ("not_allowed_token_type", "refused"), ("internal_error", "later"), ("ratelimited", "later"),
    ("<b>odd</b>", "later"),
])
def test_errors_come_with_status_200(stub, error, kind):
    stub.answer = lambda asked: Reply({"ok": False, "error": error, "needed": "search:read"})
    with pytest.raises(ConnectorError) as caught:
        list(Slack().pull(Credentials("xoxp"), {}))
    assert caught.value.kind == kind and "Slack" in caught.value.message and "<b>" not in caught.value.message


def test_the_token_travels_in_the_header_alone(slack, connect, stub):
    stub.answer = lambda asked: Reply({"ok": True, "team_id": "T1", "user_id": "U1", "user": "mara"})
    assert Slack().profile(Credentials("xoxp-1")).external_id == "T1/U1"
    (asked,) = stub.asked
    assert asked.headers["authorization"] == "Bearer xoxp-1" and b"xoxp" not in asked.body


def test_the_profile_and_giving_the_token_back(slack, connect):
    credentials = connect("slack")
    assert Slack().profile(credentials).username == "mara-lindqvist"
    Slack().revoke(credentials)
    Slack().revoke(credentials)
    with pytest.raises(ConnectorError) as caught:
        list(Slack().pull(credentials, {}))
    assert caught.value.kind == "reconnect"
