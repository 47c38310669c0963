"""Statistics through Tymblok's door, against a recount that shares no code with them."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import Engine, event

from models.clock import instant
from models.rollups import rebuild, slices
from tests.cast import Person, transaction
from tests.web.tymblok.test_blocks import category

Meet = Callable[..., Person]
# A quarter past midnight where it is told, when in UTC it is another day; nights on which clocks change among them.
NIGHTS = [
    ("Asia/Kathmandu", "2026-01-01"),
    ("Asia/Kathmandu", "2026-03-01"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-03-09"),
    ("America/New_York", "2026-11-01"),
    ("America/New_York", "2027-01-01"),
    ("Pacific/Kiritimati", "2026-01-01"),
    ("Pacific/Kiritimati", "2028-02-29"),
    ("America/Santiago", "2026-04-05"),
    ("America/Santiago", "2026-09-06"),  # midnight is skipped: the day begins at 01:00
    ("America/Santiago", "2026-12-31"),
]
Block = tuple[date, str, int, bool]


@pytest.fixture(autouse=True)
def _as_many_requests_as_it_takes(unlimited: None) -> None:
    pass


def fill(person: Person, today: date, seed: int, days: int = 75) -> list[Block]:
    """Plan, complete and delete at random around a day; returns what is left: day, category, minutes, done."""
    chance, kept = random.Random(seed), []
    names = [each["id"] for each in person.get("/categories").json["data"]]
    for _ in range(40):
        day = today + timedelta(days=chance.choice([0, 0, -1, -2, -3, chance.randint(-days, 9)]))
        kind, minutes = chance.choice(names), chance.randint(1, 240)
        body = {"categoryId": kind, "title": "Work", "date": str(day), "startTime": "00:30", "durationMinutes": minutes}
        block = person.post("/blocks", body).json["data"]["id"]
        is_done = chance.random() < 0.7
        if is_done:
            assert person.post(f"/blocks/{block}/complete").status_code == 200
        if chance.random() < 0.2:
            assert person.delete(f"/blocks/{block}").status_code == 204
        else:
            kept.append((day, kind, minutes, is_done))
    return kept


def recount(blocks: list[Block], today: date, deep: str) -> dict[str, Any]:
    """Everything that the endpoints say, by hand."""
    done = [b for b in blocks if b[3]]
    monday = today - timedelta(days=today.isoweekday() - 1)
    new_month = date(today.year + today.month // 12, today.month % 12 + 1, 1)
    old_month = date(today.year - (today.month == 1), (today.month - 2) % 12 + 1, 1)
    spans = {
        "day": (today - timedelta(days=1), today, today + timedelta(days=1)),
        "week": (monday - timedelta(days=7), monday, monday + timedelta(days=7)),
        "month": (old_month, today.replace(day=1), new_month),
    }
    found: dict[str, Any] = {}
    for period, (before, first, end) in spans.items():
        now = [b for b in done if first <= b[0] < end]
        then = [b for b in done if before <= b[0] < first]
        minutes, old = sum(b[2] for b in now), sum(b[2] for b in then)
        planned = sum(first <= b[0] < end for b in blocks)
        percent = 100 * (minutes - old) / old if old else 100 * bool(minutes)
        rate, mean = planned and 100 * len(now) / planned, now and minutes / len(now)
        found[period] = [minutes, len(now), planned, rate, mean or 0, minutes - old, percent, len(now) - len(then)]
    week = [today - timedelta(days=n) for n in range(7, -1, -1)]
    found["daily"] = [(str(d), sum(b[2] for b in done if b[0] == d), sum(b[0] == d for b in done)) for d in week]
    found["categories"] = {
        k: (sum(b[2] for b in done if b[1] == k and b[0] in week), sum(b[1] == k and b[0] in week for b in done))
        for k in {b[1] for b in done if b[0] in week}
    }
    active = {b[0] for b in done if b[0] <= today}
    runs = [next(n for n in range(999) if d - timedelta(days=n) not in active) for d in sorted(active)] or [0]
    going = max(active) >= today - timedelta(days=1) if active else False
    found["streak"] = (runs[-1] if going else 0, max(runs), str(max(active)) if active else None)
    last = [b for b in blocks if today - timedelta(days=28) < b[0] <= today]
    total = sum(b[2] for b in last if b[3])
    deep_minutes = sum(b[2] for b in last if b[3] and b[1] == deep)
    found["focus"] = (deep_minutes / total, sum(b[3] for b in last) / len(last), len({b[0] for b in last if b[3]}) / 28)
    return found


def seen(person: Person) -> dict[str, Any]:
    """The same, by the endpoints."""
    found: dict[str, Any] = {}
    for period in ("day", "week", "month"):
        it = person.get("/stats/summary", period=period).json["data"]
        found[period] = [it[k] for k in ("totalMinutes", "blocksCompleted", "blocksCreated", "completionRate")]
        found[period] += [it["averageBlockDuration"]]
        found[period] += [it["comparedToPrevious"][k] for k in ("minutesDiff", "minutesPercent", "blocksDiff")]
    daily = person.get("/stats/daily").json["data"]
    found["daily"] = [(each["date"], each["totalMinutes"], each["blocksCompleted"]) for each in daily]
    kinds = person.get("/stats/categories").json["data"]
    found["categories"] = {each["categoryId"]: (each["totalMinutes"], each["blocksCount"]) for each in kinds}
    assert not kinds or sum(round(each["percentage"] * 10) for each in kinds) == 1000
    assert [each["totalMinutes"] for each in kinds] == sorted((each["totalMinutes"] for each in kinds), reverse=True)
    streak = person.get("/stats/streak").json["data"]
    found["streak"] = (streak["currentStreak"], streak["bestStreak"], streak["lastActiveDate"])
    focus = person.get("/stats/focus-score").json["data"]
    parts = focus["breakdown"]
    found["focus"] = (parts["deepWorkRatio"], parts["completionRate"], parts["consistencyScore"])
    weighed = 10 * parts["deepWorkRatio"] + 50 * parts["completionRate"] + 40 * parts["consistencyScore"]
    assert abs(focus["score"] - weighed) <= 0.5000001
    return found


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for name in ("day", "week", "month"):
        assert found[name] == pytest.approx(expected[name], abs=0.0500001), name
    for name in ("daily", "categories", "streak"):
        assert found[name] == expected[name], name
    assert found["focus"] == pytest.approx(expected["focus"], abs=0.0050001)


@pytest.mark.parametrize(("zone", "day"), NIGHTS)
def test_the_endpoints_equal_a_recount_by_hand(meet: Meet, zone: str, day: str) -> None:
    today = date.fromisoformat(day)
    for clock in ("01:15", "23:45"):
        moment = instant(today, datetime.strptime(clock, "%H:%M").time(), zone)  # noqa: DTZ007
        assert moment.astimezone(ZoneInfo(zone)).date() == today
        with time_machine.travel(moment, tick=False):
            person = meet("traveller", timezone=zone, plan="pro_monthly")
            blocks = fill(person, today, seed=crc32(f"{zone} {day} {clock}".encode()))
            deep = category(person)
            assert_same(seen(person), recount(blocks, today, deep))
            with transaction():
                for first, last in slices():
                    rebuild(first, last)
            assert_same(seen(person), recount(blocks, today, deep))


def test_a_day_turns_at_the_users_own_midnight(meet: Meet) -> None:
    kiritimati, new_york = "Pacific/Kiritimati", "America/New_York"
    with time_machine.travel(datetime(2026, 1, 1, 2, tzinfo=UTC), tick=False):
        east, west = meet("east", timezone=kiritimati), meet("west", timezone=new_york)
        for person, today in ((east, "2026-01-01"), (west, "2025-12-31")):
            plan_done(person, today, 30)
            assert person.get("/stats/summary", period="day").json["data"]["totalMinutes"] == 30
            assert person.get("/stats/streak").json["data"]["lastActiveDate"] == today
            assert person.get("/stats/daily").json["data"][-1]["date"] == today


def plan_done(person: Person, day: str, minutes: int) -> str:
    body = {"categoryId": category(person), "title": "Done", "date": day, "startTime": "09:00"}
    block = person.post("/blocks", {**body, "durationMinutes": minutes}).json["data"]["id"]
    assert person.post(f"/blocks/{block}/complete").status_code == 200
    return str(block)


@time_machine.travel("2026-03-20T12:00:00Z", tick=False)
def test_every_change_of_a_block_is_seen_at_once(meet: Meet) -> None:
    alice = meet("alice")
    minutes = lambda: alice.get("/stats/summary").json["data"]["totalMinutes"]  # noqa: E731
    block = plan_done(alice, "2026-03-20", 30)
    assert minutes() == 30
    alice.patch(f"/blocks/{block}", {"durationMinutes": 45})
    assert minutes() == 45
    alice.patch(f"/blocks/{block}", {"date": "2026-03-01"})
    assert minutes() == 0
    alice.patch(f"/blocks/{block}", {"date": "2026-03-19"})
    assert minutes() == 45
    other = category(alice, "Other")
    alice.patch(f"/blocks/{block}", {"categoryId": other})
    assert [each["categoryId"] for each in alice.get("/stats/categories").json["data"]] == [other]
    alice.delete(f"/blocks/{block}")
    assert minutes() == 0
    assert alice.get("/stats/categories").json["data"] == []
    assert alice.get("/stats/streak").json["data"] == {"currentStreak": 0, "bestStreak": 0, "lastActiveDate": None}


@time_machine.travel("2026-03-20T12:00:00Z", tick=False)
def test_a_plan_that_keeps_fewer_days_says_so(meet: Meet) -> None:
    alice = meet("alice")
    for day, minutes in (("2026-03-02", 100), ("2026-03-13", 50), ("2026-03-14", 20), ("2026-03-20", 10)):
        plan_done(alice, day, minutes)
    limited = {"historyDays": 7, "plan": "free"}
    month = alice.get("/stats/summary", period="month").json
    assert (month["data"]["totalMinutes"], month["meta"]["limitedTo"]) == (30, limited)
    assert "limitedTo" not in alice.get("/stats/summary", period="week").json["meta"]
    daily = alice.get("/stats/daily", startDate="2026-03-01").json
    assert [each["date"] for each in daily["data"]] == [f"2026-03-{n}" for n in range(14, 21)]
    assert daily["meta"]["limitedTo"] == limited
    older = alice.get("/stats/daily", startDate="2026-03-01", endDate="2026-03-10").json
    assert (older["data"], older["meta"]["limitedTo"]) == ([], limited)
    assert "limitedTo" not in alice.get("/stats/daily", startDate="2026-03-14").json["meta"]
    assert alice.get("/stats/categories", startDate="2026-03-01").json["meta"]["limitedTo"] == limited
    assert alice.get("/stats/streak").json["data"]["bestStreak"] == 2
    alice.upgrade("pro_yearly")
    month = alice.get("/stats/summary", period="month").json
    assert (month["data"]["totalMinutes"], "limitedTo" in month["meta"]) == (180, False)


@time_machine.travel("2026-03-20T12:00:00Z", tick=False)
def test_a_streak_outlives_today_but_not_yesterday(meet: Meet) -> None:
    alice = meet("alice")
    for day in ("2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02", "2026-03-18", "2026-03-19", "2026-03-21"):
        plan_done(alice, day, 10)
    show = lambda: tuple(alice.get("/stats/streak").json["data"].values())  # noqa: E731
    assert show() == (2, 4, "2026-03-19")
    with time_machine.travel("2026-03-21T12:00:00Z", tick=False):
        assert fresh(alice, "/stats/streak") == (1, 4, "2026-03-21")
    with time_machine.travel("2026-03-23T00:00:00Z", tick=False):
        assert fresh(alice, "/stats/streak") == (0, 4, "2026-03-21")


def fresh(person: Person, path: str) -> tuple[Any, ...]:
    """The values of an answer, asked for with a token of this day."""
    home = {"email": person.email, "password": "SecurePass123!"}
    token = person.front.call("POST", "/tymblok/v1/auth/login", home).json["data"]["accessToken"]
    return tuple(person.front.call("GET", person.base + path, token=token).json["data"].values())


@time_machine.travel("2026-01-31T12:00:00Z", tick=False)
def test_the_figures_work_out_as_documented(meet: Meet) -> None:
    alice = meet("alice")
    alice.upgrade("pro_monthly")
    before, now = [(43, 1986)], [(51, 2226)]
    days = {"2026-01-20": before, "2026-01-27": now}
    for day, ((count, minutes),) in days.items():
        for n in range(count):
            plan_done(alice, day, minutes // count + (n < minutes % count))
    for _ in range(7):
        body = {"categoryId": category(alice), "title": "Open", "date": "2026-01-28", "startTime": "09:00"}
        alice.post("/blocks", {**body, "durationMinutes": 15})
    assert alice.get("/stats/summary").json["data"] == {
        "period": "week",
        "totalMinutes": 2226,
        "blocksCompleted": 51,
        "blocksCreated": 58,
        "completionRate": 87.9,
        "averageBlockDuration": 43.6,
        "comparedToPrevious": {"minutesDiff": 240, "minutesPercent": 12.1, "blocksDiff": 8},
    }


@pytest.mark.parametrize(
    "query",
    [{"startDate": "2026-02-30"}, {"startDate": "2026-03-02", "endDate": "2026-03-01"}, {"startDate": "1990-01-01"}],
)
def test_a_range_that_makes_no_sense_is_refused(alice: Person, query: dict[str, str]) -> None:
    for path in ("/stats/daily", "/stats/categories"):
        assert alice.get(path, **query).json["error"]["code"] == "VALIDATION_ERROR"


def test_a_clean_reading_is_two_statements(alice: Person) -> None:
    plan_done(alice, str(datetime.now(UTC).date()), 30)
    statements: list[str] = []
    note = lambda conn, cursor, statement, *_: statements.append(statement)  # noqa: E731
    for path in ("/stats/summary", "/stats/daily", "/stats/categories", "/stats/streak", "/stats/focus-score"):
        alice.get(path)
        event.listen(Engine, "before_cursor_execute", note)
        try:
            alice.get(path)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        assert len([each for each in statements if each != "BEGIN"]) == 2, statements
        statements.clear()


def test_what_others_do_is_not_counted(alice: Person, bob: Person) -> None:
    plan_done(bob, str(datetime.now(UTC).date()), 30)
    assert alice.get("/stats/summary").json["data"]["blocksCreated"] == 0
    assert alice.get("/stats/categories").json["data"] == []
