"""The calendar through Produktifin's door."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import time_machine

from models.agenda import count_blocks
from models.series import AHEAD
from tests.cast import Person, transaction
from workers.series import lay_out_due

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture(autouse=True)
def clock():
    """A clock that stands on a Monday in February, until it is moved."""
    with time_machine.travel(datetime(2026, 2, 2, 12, tzinfo=UTC), tick=False) as traveller:
        yield traveller


def plan(person: Person, date: str, title: str = "Morning Focus", **more: object) -> str:
    answer = person.post("/calendar/events", {"title": title, "date": date, "duration": 25, **more})
    assert answer.status_code == 201, answer.text
    assert answer.json["status"] == "planned"
    return answer.json["event_id"]


def events(person: Person, start: str, end: str) -> list[dict]:
    person.token = person.at("produktifin").token
    answer = person.get("/calendar/events", start=start, end=end, limit=1000)
    assert answer.status_code == 200, answer.text
    return answer.json["events"]


def dates(person: Person, start: str, end: str) -> list[str]:
    return [each["date"] for each in events(person, start, end)]


def change(person: Person, event: str, **changes: object) -> dict:
    answer = person.patch(f"/calendar/events/{event}", changes)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_an_event_is_planned_and_shown(alice: Person) -> None:
    event = plan(alice, "2026-02-06T08:00:00Z")
    listed = {
        "id": event, "title": "Morning Focus", "status": "planned", "date": "2026-02-06T08:00:00Z", "duration": 25,
        "repeat": "none",
    }  # fmt: skip
    assert alice.get("/calendar/events").json == {"events": [listed], "total": 1}
    assert alice.get(f"/calendar/events/{event}").json == {
        **listed, "repeat_until": None, "session_id": None, "created_at": "2026-02-02T12:00:00Z"
    }  # fmt: skip


def test_start_and_end_are_inclusive_days_of_the_users_zone(in_new_york: Person) -> None:
    late = plan(in_new_york, "2026-03-01T04:59:00Z")  # 23:59 on 28 February in New York
    early = plan(in_new_york, "2026-03-01T05:00:00Z")  # midnight
    ids = lambda **query: [  # noqa: E731
        each["id"] for each in in_new_york.get("/calendar/events", **query).json["events"]
    ]
    assert ids() == [late]
    assert ids(start="2026-02-28", end="2026-02-28") == [late]
    assert ids(start="2026-03-01", end="2026-03-01") == [early]
    assert ids(start="2026-02-28") == [late]
    assert ids(end="2026-03-31") == [early]
    assert ids(start="2026-02-01", end="2026-03-01") == [late, early]


def test_a_daily_event_at_nine_in_new_york_stays_at_nine_over_both_nights_of_change(in_new_york: Person) -> None:
    spring, autumn = "2026-03-08", "2026-11-01"
    plan(in_new_york, "2026-02-05T14:00:00Z", repeat="daily")
    found = dates(in_new_york, "2026-02-01", "2026-12-31")
    instants = [datetime.fromisoformat(each) for each in found]
    local = [each.astimezone(NEW_YORK) for each in instants]
    assert {(each.hour, each.minute) for each in local} == {(9, 0)}
    assert [each.date() for each in local] == [
        date(2026, 2, 5) + timedelta(days=n) for n in range((date(2026, 12, 31) - date(2026, 2, 5)).days + 1)
    ]
    steps = {each.date().isoformat(): each - before for before, each in pairwise(instants)}
    assert {day for day, step in steps.items() if step != timedelta(days=1)} == {spring, autumn}
    assert (steps[spring], steps[autumn]) == (timedelta(hours=23), timedelta(hours=25))


def test_weekly_keeps_its_weekday_and_monthly_its_day_or_the_last_of_a_shorter_month(alice: Person) -> None:
    plan(alice, "2026-02-04T08:00:00Z", repeat="weekly")
    weekly = dates(alice, "2026-02-01", "2026-03-31")
    assert [each[:10] for each in weekly] == [
        "2026-02-04", "2026-02-11", "2026-02-18", "2026-02-25", "2026-03-04", "2026-03-11", "2026-03-18", "2026-03-25"
    ]  # fmt: skip
    plan(alice, "2026-12-31T20:00:00Z", repeat="monthly")
    monthly = dates(alice, "2026-12-30", "2027-04-30")
    assert [each[:10] for each in monthly if "T20" in each] == [
        "2026-12-31", "2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"
    ]  # fmt: skip


def test_a_series_ends_on_its_last_day(alice: Person) -> None:
    plan(alice, "2026-02-05T08:00:00Z", repeat="daily", repeat_until="2026-02-07")
    assert len(dates(alice, "2026-02-01", "2027-02-01")) == 3
    answer = alice.post(
        "/calendar/events",
        {"title": "x", "date": "2026-02-05T08:00:00Z", "repeat": "daily", "repeat_until": "2026-02-04"},
    )
    assert (answer.status_code, answer.json) == (400, {"error": "repeat_until: Must not be before date"})


def test_a_series_cannot_end_before_the_event_that_is_changed(alice: Person) -> None:
    event = plan(alice, "2026-02-05T08:00:00Z")
    for body in ({"repeat": "daily", "repeat_until": "2026-02-04"}, {"repeat_until": "2026-02-04"}):
        answer = alice.patch(f"/calendar/events/{event}", body)
        assert (answer.status_code, answer.json) == (400, {"error": "repeat_until: Must not be before date"})
    assert alice.get(f"/calendar/events/{event}").json["repeat"] == "none"


def test_a_single_occurrence_is_moved_changed_and_removed_alone(alice: Person) -> None:
    plan(alice, "2026-02-05T08:00:00Z", repeat="daily")
    _, sixth, seventh, eighth = events(alice, "2026-02-05", "2026-02-08")
    change(alice, sixth["id"], date="2026-02-06T15:30:00Z", title="Afternoon", duration=50)
    change(alice, seventh["id"], date="2026-02-09T18:00:00Z")
    assert alice.delete(f"/calendar/events/{eighth['id']}").status_code == 200
    found = [(each["date"], each["title"], each["duration"]) for each in events(alice, "2026-02-05", "2026-02-10")]
    assert found == [
        ("2026-02-05T08:00:00Z", "Morning Focus", 25), ("2026-02-06T15:30:00Z", "Afternoon", 50),
        ("2026-02-09T08:00:00Z", "Morning Focus", 25), ("2026-02-09T18:00:00Z", "Morning Focus", 25),
        ("2026-02-10T08:00:00Z", "Morning Focus", 25),
    ]  # fmt: skip
    assert alice.get(f"/calendar/events/{eighth['id']}").json == {"error": "Event not found"}
    # None of it comes back when the series is laid out further.
    assert len(events(alice, "2026-02-05", "2027-02-04")) == 364


def test_this_and_those_that_follow_get_another_time_and_title(alice: Person) -> None:
    plan(alice, "2026-02-05T08:00:00Z", repeat="daily")
    _, _, seventh, eighth, ninth = events(alice, "2026-02-05", "2026-02-09")
    change(alice, eighth["id"], date="2026-02-08T20:00:00Z")
    done = alice.post(f"/calendar/events/{ninth['id']}/start").json["session_id"]
    alice.patch(f"/pomodoro/session/{done}/finish")
    change(alice, seventh["id"], date="2026-02-07T10:15:00Z", title="Later", scope="following")
    found = [(each["date"], each["title"], each["status"]) for each in events(alice, "2026-02-05", "2026-02-11")]
    assert found == [
        ("2026-02-05T08:00:00Z", "Morning Focus", "planned"), ("2026-02-06T08:00:00Z", "Morning Focus", "planned"),
        ("2026-02-07T10:15:00Z", "Later", "planned"), ("2026-02-08T20:00:00Z", "Later", "planned"),
        ("2026-02-09T08:00:00Z", "Morning Focus", "finished"), ("2026-02-10T10:15:00Z", "Later", "planned"),
        ("2026-02-11T10:15:00Z", "Later", "planned"),
    ]  # fmt: skip
    far = events(alice, "2027-01-01", "2027-01-01")
    assert [(each["date"], each["title"]) for each in far] == [("2027-01-01T10:15:00Z", "Later")]


def test_a_series_follows_another_rule_or_another_day_from_an_occurrence_on(alice: Person) -> None:
    first = plan(alice, "2026-02-05T08:00:00Z", repeat="daily")
    tenth = events(alice, "2026-02-10", "2026-02-10")[0]["id"]
    changed = change(alice, tenth, repeat="weekly")
    assert changed["repeat"] == "weekly"
    days = [each[:10] for each in dates(alice, "2026-02-08", "2026-03-05")]
    assert days == ["2026-02-08", "2026-02-09", "2026-02-10", "2026-02-17", "2026-02-24", "2026-03-03"]
    moved = events(alice, "2026-02-17", "2026-02-17")[0]["id"]
    change(alice, moved, date="2026-02-19T08:00:00Z", scope="following")
    days = [each[:10] for each in dates(alice, "2026-02-10", "2026-03-05")]
    assert days == ["2026-02-10", "2026-02-19", "2026-02-26", "2026-03-05"]
    assert change(alice, moved, repeat="none")["repeat"] == "none"
    assert [each[:10] for each in dates(alice, "2026-02-10", "2027-03-05")] == ["2026-02-10", "2026-02-19"]
    assert alice.get(f"/calendar/events/{first}").json["status"] == "planned"


def test_a_single_event_becomes_a_series_and_its_end_may_move(alice: Person) -> None:
    event = plan(alice, "2026-02-05T08:00:00Z")
    assert change(alice, event, repeat="daily", repeat_until="2026-02-10")["repeat_until"] == "2026-02-10"
    assert len(events(alice, "2026-02-01", "2026-03-31")) == 6
    change(alice, event, repeat_until="2026-02-07")
    assert len(events(alice, "2026-02-01", "2026-03-31")) == 3
    assert change(alice, event, repeat_until=None)["repeat_until"] is None
    assert len(events(alice, "2026-02-01", "2026-03-31")) == 24 + 31


def test_this_and_those_that_follow_are_removed(alice: Person) -> None:
    plan(alice, "2026-02-05T08:00:00Z", repeat="daily")
    eighth = events(alice, "2026-02-08", "2026-02-08")[0]["id"]
    assert alice.call("DELETE", f"/calendar/events/{eighth}", query_string={"scope": "following"}).status_code == 200
    days = [each[:10] for each in dates(alice, "2026-02-01", "2027-02-01")]
    assert days == ["2026-02-05", "2026-02-06", "2026-02-07"]


def test_an_event_at_a_time_that_comes_twice_keeps_its_instant(in_new_york: Person) -> None:
    for moment in ("2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"):  # 01:30, before and after the clocks go back
        event = plan(in_new_york, moment)
        assert in_new_york.get(f"/calendar/events/{event}").json["date"] == moment
        change(in_new_york, event, title="Renamed")
        assert in_new_york.get(f"/calendar/events/{event}").json["date"] == moment
        assert change(in_new_york, event, date=moment, duration=10)["date"] == moment


def test_after_a_move_to_another_zone_a_series_keeps_its_time_of_day(in_new_york: Person) -> None:
    plan(in_new_york, "2026-02-05T14:00:00Z", repeat="daily")
    home = in_new_york.at("tymblok")
    assert home.patch("/users/me", {"timezone": "Asia/Kathmandu"}).status_code == 200
    nearby, far = dates(in_new_york, "2026-02-10", "2026-02-10"), dates(in_new_york, "2027-02-10", "2027-02-10")
    assert (nearby, far) == (["2026-02-10T03:15:00Z"], ["2027-02-10T03:15:00Z"])  # 09:00 at +05:45


def test_a_planned_session_is_started_and_its_event_finished_with_it(alice: Person, clock) -> None:
    event = plan(alice, "2026-02-02T12:05:00Z", duration=50)
    status = lambda: alice.get(f"/calendar/events/{event}").json["status"]  # noqa: E731
    begun = alice.post(f"/calendar/events/{event}/start")
    assert (begun.status_code, begun.json["status"], status()) == (201, "running", "running")
    session = begun.json["session_id"]
    assert alice.get(f"/calendar/events/{event}").json["session_id"] == session
    clock.shift(timedelta(minutes=31))
    assert alice.get(f"/pomodoro/session/{session}").json["pomodoro_count"] == 1
    alice.patch(f"/pomodoro/session/{session}/pause")
    assert status() == "paused"
    assert alice.post(f"/calendar/events/{event}/start").json == {"error": "This event has been started already"}
    alice.patch(f"/pomodoro/session/{session}/finish")
    assert status() == "finished"
    assert alice.post(f"/calendar/events/{event}/start").json == {"error": "This event is finished already"}
    (block,) = alice.at("tymblok").get("/blocks", date="2026-02-02").json["data"]
    assert (block["isCompleted"], block["progress"], block["elapsedSeconds"]) == (True, 100, 26 * 60)


def test_an_event_starts_no_second_session(alice: Person) -> None:
    event = plan(alice, "2026-02-02T12:05:00Z")
    assert alice.post("/pomodoro/session").status_code == 201
    assert alice.post(f"/calendar/events/{event}/start").json == {"error": "Another session is running"}
    assert alice.get(f"/calendar/events/{event}").json["status"] == "planned"


def test_a_calendar_event_is_one_of_tymbloks_blocks_and_the_other_way_round(in_new_york: Person) -> None:
    plan(in_new_york, "2026-03-09T13:00:00Z", repeat="daily")
    home = in_new_york.at("tymblok")
    (block,) = home.get("/blocks", date="2026-03-20").json["data"]
    assert (block["title"], block["startTime"], block["endTime"]) == ("Morning Focus", "09:00", "09:25")
    assert block["category"]["name"] == "Deep Work"
    assert len(home.get("/blocks", date="2027-03-20").json["data"]) == 1
    change = {"startTime": "11:00", "title": "Moved at Tymblok"}
    assert home.patch(f"/blocks/{block['id']}", change).status_code == 200
    (event,) = events(in_new_york, "2026-03-20", "2026-03-20")
    assert (event["date"], event["title"]) == ("2026-03-20T15:00:00Z", "Moved at Tymblok")
    assert home.delete(f"/blocks/{block['id']}").status_code == 204
    assert events(in_new_york, "2026-03-20", "2026-03-20") == []
    body = {
        "categoryId": block["categoryId"], "title": "From Tymblok", "date": "2026-03-20", "startTime": "10:00",
        "durationMinutes": 30,
    }  # fmt: skip
    assert home.post("/blocks", body).status_code == 201
    assert [each["title"] for each in events(in_new_york, "2026-03-20", "2026-03-20")] == ["From Tymblok"]


def test_the_worker_lays_series_out_as_time_goes_on(alice: Person, clock) -> None:
    plan(alice, "2026-02-05T08:00:00Z", repeat="daily")
    clock.shift(timedelta(days=40))
    assert lay_out_due() >= 1
    assert lay_out_due() == 0
    last = date(2026, 2, 2) + timedelta(days=40) + AHEAD
    with transaction(reading=True):
        assert count_blocks(alice.id, last, last) == 1
        assert count_blocks(alice.id, last + timedelta(days=1), last + timedelta(days=1)) == 0


def test_a_series_shows_two_years_ahead_and_no_farther(alice: Person) -> None:
    plan(alice, "2026-02-05T08:00:00Z", repeat="monthly")
    assert len(dates(alice, "2026-02-01", "2035-01-31")) == 24
    assert alice.get("/calendar/events", start="2026-02-01", end="2037-01-01").status_code == 400


def test_eight_readers_at_once_lay_a_series_out_once(alice: Person) -> None:
    plan(alice, "2026-02-05T08:00:00Z", repeat="daily")
    look = lambda _: alice.get("/calendar/events", start="2026-02-05", end="2027-02-04").json  # noqa: E731
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(look, range(8)))
    assert [answer["total"] for answer in answers] == [365] * 8


def test_a_series_begins_a_year_ago_at_most_and_two_hundred_go_on(alice: Person) -> None:
    alice.upgrade("pro_monthly")
    body = {"title": "x", "date": "1970-01-01T08:00:00Z", "repeat": "daily"}
    refused = alice.post("/calendar/events", body)
    assert (refused.status_code, refused.json) == (
        400, {"error": "date: An event that repeats may begin a year ago at most"}
    )  # fmt: skip
    assert alice.get("/calendar/events", start="1970-01-01").json["total"] == 0
    for _ in range(200):
        event = plan(alice, "2026-02-05T08:00:00Z", repeat="monthly")
    refused = alice.post("/calendar/events", {**body, "date": "2026-02-05T08:00:00Z"})
    assert refused.json == {"error": "A calendar holds at most 200 events that repeat"}
    change(alice, event, repeat="none")
    plan(alice, "2026-02-05T08:00:00Z", repeat="monthly")


def test_days_that_are_full_on_the_plan_are_left_out_of_a_series(alice: Person) -> None:
    for hour in range(10):
        plan(alice, f"2026-02-07T{hour:02d}:00:00Z")
    refused = alice.post("/calendar/events", {"title": "Eleventh", "date": "2026-02-07T20:00:00Z"})
    assert refused.status_code == 403
    assert "10 blocks a day" in refused.json["error"]
    plan(alice, "2026-02-06T20:00:00Z", repeat="daily", repeat_until="2026-02-09")
    assert [each[:10] for each in dates(alice, "2026-02-05", "2026-02-28") if "T20" in each] == [
        "2026-02-06", "2026-02-08", "2026-02-09"
    ]  # fmt: skip
    refused = alice.post(
        "/calendar/events", {"title": "Eleventh", "date": "2026-02-07T20:00:00Z", "repeat": "daily"}
    )
    assert refused.status_code == 403
    assert len(dates(alice, "2026-02-10", "2026-02-28")) == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"), ({"title": "x" * 501}, "title"), ({"title": 5}, "title"),
        ({"date": "tomorrow"}, "date"), ({"date": "2026-02-30T08:00:00Z"}, "date"), ({"date": "2026-02-05"}, "date"),
        ({"date": "0001-01-01T00:00:00+14:00"}, "date"), ({"date": "9999-12-31T23:59:59-14:00"}, "date"),
        ({"date": None}, "date"), ({"duration": 0}, "duration"), ({"duration": 1441}, "duration"),
        ({"duration": 1.9}, "duration"), ({"duration": "25"}, "duration"), ({"repeat": "yearly"}, "repeat"),
        ({"repeat": None}, "repeat"), ({"repeat_until": "2026-02-29"}, "repeat_until"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_and_named(alice: Person, change: dict, field: str) -> None:
    body = {"title": "Odd", "date": "2026-02-05T08:00:00Z", "duration": 25, "repeat": "none"}
    event = plan(alice, "2026-02-05T08:00:00Z")
    before = alice.get(f"/calendar/events/{event}").json
    for answer in (
        alice.post("/calendar/events", {**body, **change}), alice.patch(f"/calendar/events/{event}", change)
    ):  # fmt: skip
        assert answer.status_code == 400
        assert answer.json["error"].startswith(f"{field}:")
    assert alice.get(f"/calendar/events/{event}").json == before
    assert alice.get("/calendar/events").json["total"] == 1


@pytest.mark.parametrize(
    "query",
    [{"start": "2026-02-30"}, {"start": "2026-W01-1"}, {"start": "20260101"}, {"end": "0001-01-01"},
     {"start": "2026-02-02", "end": "2026-02-01"}, {"start": "tomorrow"}, {"limit": "0"}, {"offset": "-1"}],
)  # fmt: skip
def test_days_that_make_no_sense_are_refused(alice: Person, query: dict) -> None:
    assert alice.get("/calendar/events", **query).status_code == 400


def test_what_is_missing_is_named(alice: Person) -> None:
    for field in ("title", "date"):
        body = {"title": "x", "date": "2026-02-05T08:00:00Z", "duration": 25, "repeat": "none"}
        del body[field]
        assert alice.post("/calendar/events", body).json == {"error": f"Missing required field: {field}"}


def test_another_users_events_are_not_found_and_stay_as_they_are(alice: Person, bob: Person) -> None:
    event = plan(alice, "2026-02-05T08:00:00Z", title="CANARY", repeat="daily")
    before = alice.get("/calendar/events").json
    for path in (f"/calendar/events/{event}", "/calendar/events/cal_" + "0" * 32, "/calendar/events/cal_unknown"):
        for answer in (
            bob.get(path), bob.patch(path, {"title": "x", "scope": "following"}), bob.delete(path),
            bob.post(path + "/start"), bob.call("DELETE", path, query_string={"scope": "following"}),
        ):  # fmt: skip
            assert (answer.status_code, answer.json) == (404, {"error": "Event not found"})
    history = f"/history/{event}"
    assert {bob.get(history).status_code, bob.delete(history).status_code} == {404}
    assert bob.patch(history + "/resume").status_code == 404
    assert alice.get("/calendar/events").json == before
    assert b"CANARY" not in bob.get("/calendar/events").data


def test_fields_that_are_not_the_callers_to_set_change_nothing(alice: Person, bob: Person) -> None:
    extra = {
        "id": "cal_1", "uid": "00000000-0000-4000-8000-000000000000", "owner_id": bob.id, "status": "finished",
        "completed_at": "2001-01-01T00:00:00Z", "series_id": 1, "series_on": "2001-01-01", "category_id": 1,
        "progress": 100, "elapsed_seconds": 9999, "created_at": "2001-01-01T00:00:00Z", "deleted_at": "2001-01-01",
        "session_id": "sess_1",
    }  # fmt: skip
    event = plan(alice, "2026-02-05T08:00:00Z", **extra)
    before = alice.get(f"/calendar/events/{event}").json
    assert (before["status"], before["session_id"], before["created_at"]) == ("planned", None, "2026-02-02T12:00:00Z")
    assert change(alice, event, **extra) == before
    assert bob.get("/calendar/events").json["total"] == 0
