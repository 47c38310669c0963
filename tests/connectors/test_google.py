"""Google: calendars by sync token, shared files and comments, over the sandbox and on recorded payloads."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from connectors.base import ConnectorError, Credentials
from connectors.google import Google
from connectors.google.calendar import event_item, scope_of
from connectors.google.channels import open_channel, stop_channel, watched
from connectors.google.drive import comment_item, file_item
from connectors.text import Malformed

THEN = datetime(2026, 3, 12, tzinfo=UTC)
UNTIL = THEN + timedelta(days=30)


@pytest.fixture
def google(control_of: Any) -> Any:
    control = control_of("google")
    control.post("/reset")
    return control


def of(inbox: Any, scope: str) -> dict[str, Any]:
    return {item.title: item for id, item in inbox.items.items() if id.startswith(scope)}


def coming(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="seconds")


def test_every_recorded_event_becomes_an_item(payload):
    for name in ("events_upcoming", "events_sync", "events_instances"):
        for raw in payload(f"google/{name}")["items"]:
            item = event_item(raw, "primary", THEN, UNTIL)
            assert item.external_id == f"{scope_of('primary')}:{raw['id']}"
            assert item.title == " ".join(raw.get("summary", "(No title)").split())
            assert item.url == raw["htmlLink"]
            assert (item.source, item.type, item.priority) == ("google-calendar", "event", "normal")
            if "dateTime" in raw["start"]:
                assert item.starts_at == datetime.fromisoformat(raw["start"]["dateTime"]) and not item.is_all_day


def test_a_whole_day_is_kept_apart(payload):
    item = event_item(payload("google/event_all_day"), "primary", THEN, UNTIL)
    assert item.is_all_day and item.is_open
    assert (item.starts_at, item.ends_at) == (datetime(2026, 3, 15, tzinfo=UTC), datetime(2026, 3, 16, tzinfo=UTC))


def test_recorded_files_are_read(payload):
    for raw in payload("google/drive_files"):
        shared = {**raw, "sharedWithMeTime": "2026-03-12T08:00:00.000Z", "sharingUser": {"displayName": "Ann"}}
        item = file_item(shared, THEN)
        assert (item.title, item.url) == (" ".join(raw["name"].split()), raw["webViewLink"])
        assert (item.source, item.type, item.description) == ("google-drive", "update", "Ann shared this with you")
        assert file_item(raw, THEN) is None


@pytest.mark.parametrize(("change", "is_open"), [
    ({}, True), ({"status": "cancelled"}, False), ({"eventType": "workingLocation"}, False),
    ({"attendees": [{"self": True, "responseStatus": "declined"}]}, False),
    ({"attendees": [{"self": True, "responseStatus": "tentative"}]}, True),
    ({"start": {"dateTime": "2026-03-11T10:00:00Z"}, "end": {"dateTime": "2026-03-11T11:00:00Z"}}, False),
    ({"start": {"dateTime": "2026-05-11T10:00:00Z"}, "end": {"dateTime": "2026-05-11T11:00:00Z"}}, False),
])
def test_which_events_are_open(change, is_open):
    raw = {
        "id": "e1", "status": "confirmed", "summary": "S",
        "start": {"dateTime": "2026-03-13T10:00:00Z"}, "end": {"dateTime": "2026-03-13T11:00:00Z"}, **change,
    }
    assert event_item(raw, "primary", THEN, UNTIL).is_open is is_open


def test_a_cancelled_event_has_little_else():
    item = event_item({"id": "e1", "status": "cancelled"}, "primary", THEN, UNTIL)
    assert not item.is_open and item.title == "(No title)" and item.starts_at is None


def test_a_time_without_offset_is_read_in_its_zone():
    raw = {"id": "e", "start": {"dateTime": "2026-03-13T10:00:00", "timeZone": "Asia/Tokyo"},
           "end": {"dateTime": "2026-03-13T11:00:00", "timeZone": "Asia/Tokyo"}}
    assert event_item(raw, "primary", THEN, UNTIL).starts_at == datetime(2026, 3, 13, 1, tzinfo=UTC)


@pytest.mark.parametrize("raw", [
    None, {}, {"id": 5}, {"id": "e"}, {"id": "e", "start": {"date": "2026-02-30"}, "end": {"date": "2026-03-01"}},
    {"id": "e", "start": {"dateTime": "0001-01-01T00:00:00+23:59"}, "end": {"dateTime": "2026-01-01T00:00:00Z"}},
    {"id": "e", "start": {"dateTime": "2026-01-01T00:00:00"}, "end": {"dateTime": "2026-01-01T00:00:00Z"}},
])
def test_a_malformed_event_is_named_so(raw):
    with pytest.raises(Malformed):
        event_item(raw, "primary", THEN, UNTIL)


def test_a_comment_is_a_task_where_it_assigns():
    file = {"id": "f", "name": "Plan", "webViewLink": "https://docs.example/f"}
    said = {"id": "c", "content": "please", "author": {"displayName": "Ann"}}
    assert comment_item(said, file, "me@x.org") is None
    assert comment_item({**said, "mentionedEmailAddresses": ["Me@x.org"]}, file, "me@x.org").type == "update"
    task = comment_item({**said, "assigneeEmailAddress": "me@x.org"}, file, "me@x.org")
    assert (task.type, task.title, task.description, task.is_open) == ("task", "please", "Ann, in Plan", True)
    assert not comment_item({**said, "assigneeEmailAddress": "me@x.org", "resolved": True}, file, "me@x.org").is_open


def test_thirty_days_of_events_arrive(google, connect, inbox):
    inbox.run(Google(), connect("google-calendar"))
    events = [i for k, i in inbox.items.items() if k.startswith("event-")]
    titles = {i.title for i in events}
    assert len([i for i in events if i.title == "Stand-up"]) >= 20  # a series, one by one
    assert "Planning (moved)" in titles and "Maritime data days, Hamburg" in titles and "(No title)" in titles
    assert not titles & {"Lunch talk (declined)", "Cancelled: vendor call", "Julafton"}
    assert all(i.starts_at < datetime.now(UTC) + timedelta(days=30, hours=7) for i in events)
    assert any(i.is_all_day for i in events)


def test_cancellations_and_moves_are_followed(google, connect, inbox):
    credentials = connect("google-calendar")
    one = google.post("/items", json={"account": "mara", "title": "One", "start": coming(5)}).json()
    two = google.post("/items", json={"account": "mara", "title": "Two", "start": coming(6)}).json()
    inbox.run(Google(), credentials)
    assert {"One", "Two"} <= set(of(inbox, "event-"))
    google.delete(f"/items/{one['id']}")
    moved = coming(48)
    google.patch(f"/items/{two['id']}", json={"start": moved})
    inbox.run(Google(), credentials)
    events = of(inbox, "event-")
    assert "One" not in events and events["Two"].starts_at == datetime.fromisoformat(moved)
    google.patch(f"/items/{two['id']}", json={"start": coming(24 * 60)})
    assert "Two" not in of(inbox.run(Google(), credentials), "event-")


def test_an_unchanged_account_costs_one_request_for_each_calendar_and_one_for_drive(google, connect, inbox):
    credentials = connect("google-calendar")
    inbox.run(Google(), credentials)
    google.delete("/requests")
    inbox.run(Google(), credentials)
    asked = google.get("/requests").json()["requests"]
    assert len(asked) == 3 and all("syncToken" in str(each) or "pageToken" in str(each) for each in asked)


def test_a_token_that_is_good_no_more_lists_everything_anew(google, connect, inbox):
    credentials = connect("google-calendar")
    gone = google.post("/items", json={"account": "mara", "title": "Gone", "start": coming(5)}).json()
    inbox.run(Google(), credentials)
    google.delete(f"/items/{gone['id']}")
    google.post("/sync", json={"expire": True})
    assert "Gone" not in of(inbox.run(Google(), credentials), "event-")


def test_a_series_that_is_cancelled_leaves_whole(google, connect, inbox):
    credentials = connect("google-calendar")
    inbox.run(Google(), credentials)
    shown = google.get("/items", params={"account": "mara"}).json()
    series = next(each for each in shown if each["title"] == "Stand-up")
    google.delete(f"/items/{series['id']}")
    assert "Stand-up" not in of(inbox.run(Google(), credentials), "event-")


def test_only_chosen_calendars_arrive_and_the_others_leave(google, connect, inbox):
    credentials = connect("google-calendar")
    inbox.run(Google(), credentials)
    assert any(title.startswith("On call") for title in of(inbox, "event-"))
    chosen = replace(credentials, extra={"calendars": "primary, en.swedish#holiday@group.v.calendar.google.com"})
    inbox.run(Google(), chosen)
    titles = set(of(inbox, "event-"))
    assert "Stand-up" in titles and not any(title.startswith("On call") for title in titles)


def test_shared_files_and_comments_arrive_and_leave(google, connect, inbox):
    credentials = connect("google-calendar")
    inbox.run(Google(), credentials)
    file = google.post("/items", json={"account": "mara", "kind": "file", "title": "Fresh plan"}).json()
    google.post("/items", json={"account": "mara", "kind": "comment", "file": file["id"], "text": "do", "assign": True})
    inbox.run(Google(), credentials)
    assert of(inbox, "file:")["Fresh plan"].source == "google-drive"
    (task,) = [i for k, i in inbox.items.items() if k.startswith(f"comment:{file['id']}")]
    assert (task.type, task.title) == ("task", "do")
    google.patch(f"/items/{file['id']}", json={"unshare": "mara"})
    inbox.run(Google(), credentials)
    assert "Fresh plan" not in of(inbox, "file:") and not [k for k in inbox.ids if file["id"] in k]


def test_a_resolved_comment_leaves(google, connect, inbox):
    credentials = connect("google-calendar")
    file = google.post("/items", json={"account": "mara", "kind": "file", "title": "Plan"}).json()
    said = google.post("/items", json={"account": "mara", "kind": "comment", "file": file["id"], "text": "see"}).json()
    inbox.run(Google(), credentials)
    assert [k for k in inbox.ids if k.startswith(f"comment:{file['id']}")]
    google.patch(f"/items/{said['id']}", json={"resolved": True})
    inbox.run(Google(), credentials)
    assert not [k for k in inbox.ids if k.startswith(f"comment:{file['id']}")]


def test_who_allowed_the_calendar_alone_gets_the_calendar(google, connect, inbox):
    scopes = tuple(scope for scope in Google.scopes if "drive" not in scope)
    inbox.run(Google(), connect("google-calendar", scopes=scopes))
    assert of(inbox, "event-") and not of(inbox, "file:")
    without = replace(connect("google-calendar", scopes=scopes), scope="")
    inbox.run(Google(), without)


def test_who_allowed_nothing_is_told_so(google, connect):
    credentials = replace(connect("google-calendar", scopes=("openid",)), scope="")
    with pytest.raises(ConnectorError) as caught:
        list(Google().pull(credentials, {}))
    assert caught.value.kind == "refused"


def test_channels_are_opened_and_stopped(google, connect, inbox):
    credentials = connect("google-calendar")
    inbox.run(Google(), credentials)
    resources = watched(inbox.cursor)
    assert "drive" in resources and len(resources) == 3
    for resource in resources:
        channel = open_channel(credentials, inbox.cursor, resource, "http://127.0.0.1:1/webhooks/google")
        assert timedelta(0) < channel.expires_at - datetime.now(UTC) <= timedelta(days=7, minutes=1)
        stop_channel(credentials, channel)
        stop_channel(credentials, channel)
    assert google.get("/channels").json() == []


def test_the_profile_vouches_for_the_address_only_where_google_does(google, connect):
    assert Google().profile(connect("google-calendar")).is_email_verified
    assert not Google().profile(connect("google-calendar", account="olena")).is_email_verified


def test_a_cut_off_answer_is_no_answer(stub):
    from tests.connectors.stub import Reply

    stub.answer = lambda asked: Reply(b'{"items": [{"id": "')
    with pytest.raises(ConnectorError, match="Google sent an answer that could not be read"):
        list(Google().pull(Credentials("t"), {}))


def test_revoking_is_heard(google, connect, sandbox):
    credentials = connect("google-calendar")
    Google().revoke(credentials)
    answer = httpx2.get(
        f"{sandbox}/google/oauth2/v2/userinfo", headers={"Authorization": f"Bearer {credentials.access_token}"}
    )
    assert answer.status_code == 401
