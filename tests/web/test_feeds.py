"""Calendar feeds: opened at the contracts, read from the house."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
import time_machine
from icalendar import Calendar
from sqlalchemy import text

from models.db import session
from tests.cast import Front, Person, transaction

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(datetime(2026, 2, 2, 12, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def alice(meet) -> Person:
    """Alice in New York, at Produktifin."""
    return meet("alice", timezone="America/New_York").at("produktifin")


def open_feed(person: Person) -> str:
    answer = person.post("/calendar/feed")
    assert answer.status_code == 201, answer.text
    assert answer.json["url"].startswith("http://daybook.test/feeds/")
    return urlsplit(answer.json["url"]).path


def read(front: Front, path: str, **headers: str) -> Calendar:
    answer = front.call("GET", path, headers=headers)
    assert (answer.status_code, answer.mimetype) == (200, "text/calendar"), answer.text
    return Calendar.from_ical(answer.data)


def plan(person: Person, date: str, title: str = "Focus", **more: object) -> str:
    answer = person.post("/calendar/events", {"title": title, "date": date, "duration": 25, **more})
    assert answer.status_code == 201
    return answer.json["event_id"]


def test_a_feed_shows_what_is_planned_in_the_users_wall_clock(alice: Person) -> None:
    path = open_feed(alice)
    title = "Écrire, puis; relire\nwith a second line"
    plan(alice, "2026-03-07T14:00:00Z", title, repeat="daily", repeat_until="2026-03-09")
    calendar = read(alice.front, path)
    found = [(event["dtstart"].dt, event["dtend"].dt) for event in calendar.walk("VEVENT")]
    assert found == [
        (datetime(2026, 3, day, 9, tzinfo=NEW_YORK), datetime(2026, 3, day, 9, 25, tzinfo=NEW_YORK))
        for day in (7, 8, 9)
    ]
    assert [start.astimezone(UTC).hour for start, _ in found] == [14, 13, 13]
    lines = calendar.to_ical().decode()
    assert "DTSTART;TZID=America/New_York:20260308T090000" in lines
    assert str(calendar.walk("VEVENT")[0]["summary"]) == title
    assert len({str(event["uid"]) for event in calendar.walk("VEVENT")}) == 3


def test_a_feed_carries_the_rules_of_its_zone_and_no_more_of_them_than_it_needs(alice: Person) -> None:
    plan(alice, "2026-03-07T14:00:00Z")
    answer = alice.front.call("GET", open_feed(alice))
    (zone,) = Calendar.from_ical(answer.data).walk("VTIMEZONE")
    rules = zone.to_tz()
    for month in (1, 7, 12):
        moment = datetime(2026, month, 15, 9)  # noqa: DTZ001  # a wall clock time
        assert rules.utcoffset(moment) == moment.replace(tzinfo=NEW_YORK).utcoffset()
    assert len(answer.data) < 4000


def test_times_that_the_clocks_skip_or_show_twice_keep_their_instants(alice: Person) -> None:
    path = open_feed(alice)
    moments = ["2026-03-08T06:59:00Z", "2026-03-08T07:30:00Z", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"]
    for moment in moments:
        plan(alice, moment)
    home = alice.at("tymblok")
    category = home.get("/categories").json["data"][0]["id"]
    skipped = {
        "categoryId": category, "title": "Skipped", "date": "2026-03-08", "startTime": "02:30", "durationMinutes": 30
    }  # fmt: skip
    assert home.post("/blocks", skipped).status_code == 201
    calendar = read(alice.front, path)
    found = sorted(event["dtstart"].dt.astimezone(UTC).isoformat()[:19] + "Z" for event in calendar.walk("VEVENT"))
    assert found == sorted([*moments, "2026-03-08T07:30:00Z"])
    assert b"20260308T0230" not in calendar.to_ical()


def test_a_block_of_tymblok_is_in_the_feed_until_it_is_deleted(alice: Person) -> None:
    path = open_feed(alice)
    home = alice.at("tymblok")
    category = home.get("/categories").json["data"][0]["id"]
    body = {
        "categoryId": category, "title": "Review", "subtitle": "PR queue", "date": "2026-02-03", "startTime": "23:30",
        "durationMinutes": 90,
    }  # fmt: skip
    block = home.post("/blocks", body).json["data"]
    (event,) = read(alice.front, path).walk("VEVENT")
    assert (str(event["summary"]), str(event["description"])) == ("Review", "PR queue")
    assert event["dtend"].dt == datetime(2026, 2, 4, 1, tzinfo=NEW_YORK)
    home.delete(f"/blocks/{block['id']}")
    assert read(alice.front, path).walk("VEVENT") == []


def test_an_unchanged_feed_is_not_sent_again(alice: Person, clock) -> None:
    path = open_feed(alice)
    event = plan(alice, "2026-03-07T14:00:00Z")
    tag = alice.front.call("GET", path).headers["ETag"]
    answer = alice.front.call("GET", path, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", tag)
    changes = [
        lambda: alice.patch(f"/calendar/events/{event}", {"title": "Renamed"}),
        lambda: alice.patch(f"/calendar/events/{event}", {"date": "2026-03-08T14:00:00Z"}),
        lambda: alice.at("tymblok").patch("/users/me", {"timezone": "Asia/Kathmandu"}),
        lambda: plan(alice, "2026-03-09T14:00:00Z"),
        lambda: alice.delete(f"/calendar/events/{event}"),
    ]
    for change in changes:
        clock.shift(timedelta(seconds=1))
        change()
        answer = alice.front.call("GET", path, headers={"If-None-Match": tag})
        assert answer.status_code == 200
        assert answer.headers["ETag"] != tag
        tag = answer.headers["ETag"]


def test_a_feed_covers_a_month_back_and_a_year_ahead(alice: Person, clock) -> None:
    path = open_feed(alice)
    for moment in ("2026-01-01T14:00:00Z", "2026-01-03T14:00:00Z", "2027-02-02T14:00:00Z", "2027-02-05T14:00:00Z"):
        plan(alice, moment)
    days = [event["dtstart"].dt.date().isoformat() for event in read(alice.front, path).walk("VEVENT")]
    assert days == ["2026-01-03", "2027-02-02"]


def test_a_series_is_in_the_feed_for_the_whole_year(alice: Person) -> None:
    path = open_feed(alice)
    plan(alice, "2026-02-02T14:00:00Z", repeat="daily")
    assert len(read(alice.front, path).walk("VEVENT")) == 367


def test_a_feed_is_opened_renewed_and_closed(alice: Person) -> None:
    assert alice.get("/calendar/feed").json == {"is_open": False, "opened_at": None}
    assert alice.delete("/calendar/feed").json == {"error": "There is no open calendar feed"}
    first = open_feed(alice)
    assert alice.get("/calendar/feed").json == {"is_open": True, "opened_at": "2026-02-02T12:00:00Z"}
    second = open_feed(alice)
    assert alice.front.call("GET", first).status_code == 404
    assert alice.front.call("GET", second).status_code == 200
    assert alice.delete("/calendar/feed").status_code == 204
    assert alice.front.call("GET", second).status_code == 404


def test_tymblok_opens_the_same_feed_in_its_settings(alice: Person) -> None:
    home = alice.at("tymblok")
    assert home.get("/settings/calendar-feed").json["data"] == {"isOpen": False, "openedAt": None}
    made = home.post("/settings/calendar-feed")
    assert made.status_code == 201
    path = urlsplit(made.json["data"]["url"]).path
    assert alice.get("/calendar/feed").json["is_open"] is True
    assert alice.front.call("GET", path).status_code == 200
    assert home.delete("/settings/calendar-feed").status_code == 204
    assert alice.front.call("GET", path).status_code == 404


def test_a_secret_is_stored_hashed_and_opens_one_persons_feed_alone(alice: Person, meet) -> None:
    path = open_feed(alice)
    secret = path.removeprefix("/feeds/").removesuffix(".ics")
    assert len(secret) >= 43
    with transaction(reading=True):
        stored = str(session.execute(text("SELECT * FROM feeds")).all())
    assert secret not in stored
    plan(alice, "2026-03-07T14:00:00Z", "CANARY")
    bob = meet("bob").at("produktifin")
    assert b"CANARY" not in bob.front.call("GET", open_feed(bob)).data
    for wrong in ("x", "%00", "٣", "a" * 9000, secret[:-1], secret.swapcase()):
        answer = alice.front.call("GET", f"/feeds/{wrong}.ics")
        assert answer.status_code in (404, 414)
        assert b"CANARY" not in answer.data


def test_a_closed_account_has_no_feed(alice: Person) -> None:
    path = open_feed(alice)
    assert alice.at("tymblok").delete("/users/me").status_code == 200
    assert alice.front.call("GET", path).status_code == 404
