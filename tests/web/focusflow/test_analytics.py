"""Where the time went: recounted second by second, over midnights, clock changes and year ends."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.cast import Person
from tests.web.focusflow.conftest import Clock, do, project, task, work

EDGES = [
    ("America/New_York", datetime(2026, 3, 7, 22, 0, tzinfo=UTC)),  # a day of 23 hours
    ("America/New_York", datetime(2026, 10, 31, 20, 0, tzinfo=UTC)),  # a day of 25 hours
    ("America/Santiago", datetime(2026, 9, 5, 23, 0, tzinfo=UTC)),  # no midnight
    ("Africa/Cairo", datetime(2026, 4, 23, 18, 0, tzinfo=UTC)),  # no midnight
    ("Asia/Kathmandu", datetime(2026, 12, 31, 10, 0, tzinfo=UTC)),  # +05:45, over the year's end
    ("Pacific/Kiritimati", datetime(2026, 12, 27, 1, 0, tzinfo=UTC)),  # +14, into week 53
]


def history(person: Person, clock: Clock, zone: str, start: datetime) -> tuple[Counter, Counter]:
    """Two and a half days of work with pauses; returns seconds and pomodoros by local day, counted one by one."""
    chance = random.Random(f"{zone}{start}")
    seconds: Counter = Counter()
    pomodoros: Counter = Counter()
    clock.set(start)
    made = task(person)
    while datetime.now(UTC) < start + timedelta(hours=60):
        pomodoros[local_day(zone)] += 1
        do(person, "start", made, pomodoro_duration=240)
        for _ in range(chance.randrange(1, 3)):
            count_seconds(seconds, zone, length := chance.randrange(1, 7000))
            clock.wait(seconds=length)
            do(person, "pause", made)
            clock.wait(seconds=chance.randrange(0, 3600))
            do(person, "resume", made)
        person.post(f"/pomodoro/sessions/{active_id(person)}/complete/")
        clock.wait(seconds=chance.randrange(60, 20_000))
    return seconds, pomodoros


def active_id(person: Person) -> int:
    return person.get("/pomodoro/active/").json["id"]


def local_day(zone: str, moment: datetime | None = None) -> date:
    return (moment or datetime.now(UTC)).astimezone(ZoneInfo(zone)).date()


def count_seconds(into: Counter, zone: str, length: int) -> None:
    began = datetime.now(UTC)
    for number in range(length):
        into[local_day(zone, began + timedelta(seconds=number))] += 1


@pytest.mark.parametrize(("zone", "start"), EDGES)
def test_every_figure_agrees_with_a_recount(alice: Person, clock: Clock, zone: str, start: datetime) -> None:
    alice.patch("/auth/profile/", {"timezone": zone})
    seconds, pomodoros = history(alice, clock, zone, start)
    for day in sorted({*seconds, *pomodoros}):
        shown = alice.get("/analytics/daily/", date=day.isoformat()).json
        assert (shown["total_focus_seconds"], shown["total_pomodoros"]) == (seconds[day], pomodoros[day]), day
    clock.wait(minutes=2)
    for year, week in {day.isocalendar()[:2] for day in seconds}:
        shown = alice.get("/analytics/weekly/", year=year, week=week).json
        days = {date.fromisoformat(each["date"]): each["focus_seconds"] for each in shown["daily_breakdown"]}
        assert days == {day: seconds[day] for day in days}
        assert shown["total_focus_seconds"] == sum(days.values())
    clock.wait(minutes=2)
    for year, month in {(day.year, day.month) for day in seconds}:
        shown = alice.get("/analytics/monthly/", year=year, month=month).json
        inside = {day: counted for day, counted in seconds.items() if (day.year, day.month) == (year, month)}
        weeks: Counter = Counter()
        for day, counted in inside.items():
            weeks[day.isocalendar().week] += counted
        assert shown["total_focus_seconds"] == sum(inside.values())
        assert Counter({each["week"]: each["focus_seconds"] for each in shown["weekly_breakdown"]}) == weeks
        assert inside[date.fromisoformat(shown["most_productive_day"])] == max(inside.values())
    streak = alice.get("/analytics/streaks/").json
    assert streak["total_active_days"] == len(pomodoros)


def test_what_is_shown_adds_up(alice: Person, clock: Clock) -> None:
    projects = [project(alice, name) for name in ("a", "b", "c")]
    for number in range(12):
        inside = projects[number % 4]["id"] if number % 4 < 3 else None
        made = task(alice, project=inside)
        work(alice, clock, 1000 + 37 * number, made)
        do(alice, "complete", made)
        clock.wait(hours=7)
    week = alice.get("/analytics/weekly/", week=10, year=2026).json
    month = alice.get("/analytics/monthly/", month=3, year=2026).json
    for whole, parts in ((week, "daily_breakdown"), (week, "top_projects"), (month, "weekly_breakdown")):
        assert round(sum(each["focus_hours"] for each in whole[parts]), 2) == whole["total_focus_hours"]
        assert sum(each["focus_seconds"] for each in whole[parts]) == whole["total_focus_seconds"]
    assert round(sum(each["focus_hours"] for each in month["projects_summary"]), 2) == month["total_focus_hours"]
    assert sum(each["tasks_completed"] for each in month["projects_summary"]) == month["total_tasks_completed"] == 12
    assert sum(each["percentage"] for each in week["top_projects"]) == 100
    assert sum(each["tasks_completed"] for each in week["daily_breakdown"]) == week["total_tasks_completed"]
    shown = [(each["focus_seconds"], each["project"]) for each in week["top_projects"]]
    assert shown == sorted(shown, key=lambda pair: -pair[0])
    assert None in [each["project"] for each in week["top_projects"]]


def test_the_documents_own_figures_come_out(alice: Person, clock: Clock) -> None:
    inside = project(alice)
    for seconds in (3 * 3600, 3 * 3600, 2.5 * 3600):
        work(alice, clock, seconds, task(alice, project=inside["id"]))
    work(alice, clock, 4 * 3600 - 1)
    week = alice.get("/analytics/weekly/").json
    assert (week["total_focus_hours"], week["avg_daily_focus_hours"]) == (12.5, 1.78)
    assert (week["top_projects"][0]["focus_hours"], week["top_projects"][0]["percentage"]) == (8.5, 68)


def test_a_day_counts_its_tasks_by_where_they_stood_at_its_end(alice: Person, clock: Clock) -> None:
    for title in ("pending", "begun", "done", "later"):
        made = task(alice, title)
        if title != "pending":
            do(alice, "start", made)
            clock.wait(minutes=1)
            do(alice, "complete" if title == "done" else "pause", made)
    counts = ("total_tasks", "completed_tasks", "in_progress_tasks", "pending_tasks")
    figures = lambda day: tuple(alice.get("/analytics/daily/", date=day).json[name] for name in counts)  # noqa: E731
    assert figures("2026-03-02") == (4, 1, 2, 1)
    clock.wait(days=1)
    do(alice, "complete", made)
    assert figures("2026-03-02") == (4, 1, 2, 1)
    assert figures("2026-03-03") == (1, 1, 0, 0)
    assert figures("2026-03-04") == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"week": 3, "year": 2025}, ("2025-01-13", "2025-01-19")),
        ({"week": 53, "year": 2026}, ("2026-12-28", "2027-01-03")),
        ({"week": 1, "year": 2025}, ("2024-12-30", "2025-01-05")),
        ({"week": 53, "year": 2025}, None),
        ({"week": 0, "year": 2026}, None),
        ({"week": 54, "year": 2026}, None),
        ({"week": 1, "year": 0}, None),
        ({"week": 52, "year": 9999}, None),
        ({"week": -1, "year": 2026}, None),
        ({"week": "x"}, None),
    ],
)
def test_weeks_are_iso_weeks(alice: Person, query: dict, expected: tuple[str, str] | None) -> None:
    answer = alice.get("/analytics/weekly/", **query)
    if expected is None:
        assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")
    else:
        assert (answer.json["start_date"], answer.json["end_date"]) == expected


def test_the_first_of_january_may_lie_in_last_years_week(alice: Person, clock: Clock) -> None:
    clock.set(datetime(2027, 1, 1, 12, 0, tzinfo=UTC))
    shown = alice.get("/analytics/weekly/").json
    assert (shown["week"], shown["year"]) == (53, 2026)
    assert [each["week"] for each in alice.get("/analytics/monthly/").json["weekly_breakdown"]] == [53, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("daily", {"date": "2026-02-30"}),
        ("daily", {"date": "2026-W01-1"}),
        ("daily", {"date": "20260101"}),
        ("daily", {"date": "0001-01-01"}),
        ("daily", {"date": "9999-12-31"}),
        ("monthly", {"month": 13}),
        ("monthly", {"month": 0}),
        ("monthly", {"month": 1, "year": 10**9}),
    ],
)
def test_dates_that_do_not_exist_are_refused(alice: Person, path: str, query: dict) -> None:
    answer = alice.get(f"/analytics/{path}/", **query)
    assert (answer.status_code, list(answer.json["error"]["details"])) == (400, [list(query)[-1]])


@pytest.mark.parametrize("day", ["1970-01-01", "2028-02-29", "2199-12-31"])
def test_the_ends_of_the_calendar_are_answered(alice: Person, day: str) -> None:
    year, month, _ = day.split("-")
    assert alice.get("/analytics/daily/", date=day).json["total_focus_seconds"] == 0
    assert alice.get("/analytics/weekly/", year=year, week=1).status_code == 200
    assert alice.get("/analytics/monthly/", year=year, month=int(month)).status_code == 200


def test_a_projects_range_is_checked_and_bounded(alice: Person, clock: Clock) -> None:
    made = project(alice)
    path = f"/analytics/projects/{made['id']}/"
    spans = {
        (): ("2026-02-01", "2026-03-02"),
        (("start_date", "2026-01-01"),): ("2026-01-01", "2026-03-02"),
        (("end_date", "2026-01-30"),): ("2026-01-01", "2026-01-30"),
        (("start_date", "2026-05-01"),): ("2026-05-01", "2026-05-01"),
    }
    for query, expected in spans.items():
        shown = alice.get(path, **dict(query)).json
        assert shown["date_range"] == dict(zip(("start", "end"), expected, strict=True))
        assert (shown["total_focus_hours"], shown["avg_task_duration_minutes"]) == (0, 0)
    for first, last in (("2026-01-02", "2026-01-01"), ("1990-01-01", "2026-01-01")):
        assert alice.get(path, start_date=first, end_date=last).status_code == 400


def test_a_streak_bears_today_but_no_gap(alice: Person, clock: Clock) -> None:
    shown = lambda: alice.get("/analytics/streaks/").json  # noqa: E731
    assert shown() == {"current_streak": 0, "longest_streak": 0, "streak_start_date": None, "total_active_days": 0}
    for gap in (1, 1, 2, 1):
        work(alice, clock, 10)
        clock.wait(days=gap)
    assert shown() == {
        "current_streak": 1,
        "longest_streak": 3,
        "streak_start_date": "2026-03-06",
        "total_active_days": 4,
    }
    work(alice, clock, 10)
    assert shown()["current_streak"] == 2
    clock.wait(days=2)
    assert shown() == {"current_streak": 0, "longest_streak": 3, "streak_start_date": None, "total_active_days": 5}


def test_days_follow_the_zone_that_the_user_lives_in_now(alice: Person, clock: Clock) -> None:
    clock.set(datetime(2026, 3, 4, 23, 30, tzinfo=UTC))
    work(alice, clock, 600)
    seconds = lambda day: alice.get("/analytics/daily/", date=day).json["total_focus_seconds"]  # noqa: E731
    assert (seconds("2026-03-04"), seconds("2026-03-05")) == (600, 0)
    alice.patch("/auth/profile/", {"timezone": "Europe/Berlin"})
    assert (seconds("2026-03-04"), seconds("2026-03-05")) == (0, 600)
    assert alice.get("/analytics/streaks/").json["streak_start_date"] == "2026-03-05"


def test_an_abandoned_session_is_no_pomodoro(alice: Person, clock: Clock) -> None:
    made = task(alice)
    do(alice, "start", made)
    clock.wait(minutes=5)
    alice.delete(f"/tasks/{made['id']}/")
    daily = alice.get("/analytics/daily/").json
    assert (daily["total_pomodoros"], daily["total_focus_seconds"]) == (0, 300)
    assert alice.get("/analytics/streaks/").json["total_active_days"] == 0
