"""The timer: it counts what was worked, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.cast import Person
from tests.web.focusflow.conftest import Clock, details, do, project, task, work


def active(person: Person) -> dict:
    answer = person.get("/pomodoro/active/")
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_started_task_runs_for_the_minutes_asked_for(alice: Person, clock: Clock) -> None:
    made = task(alice, "Start me")
    began = do(alice, "start", made, pomodoro_duration=10)
    assert began == {
        "task": {"id": made["id"], "title": "Start me", "status": "in_progress", "started_at": "2026-03-02T10:00:00Z"},
        "pomodoro_session": {
            "id": began["pomodoro_session"]["id"],
            "started_at": "2026-03-02T10:00:00Z",
            "duration_minutes": 10,
            "ends_at": "2026-03-02T10:10:00Z",
        },
    }


def test_without_minutes_those_of_the_profile_are_taken(alice: Person, clock: Clock) -> None:
    alice.patch("/auth/profile/", {"pomodoro_settings": {"focus_duration": 40}})
    assert do(alice, "start", task(alice))["pomodoro_session"]["duration_minutes"] == 40


def test_a_pause_adds_nothing_and_loses_nothing(alice: Person, clock: Clock) -> None:
    made = task(alice)
    session = do(alice, "start", made)["pomodoro_session"]["id"]
    for _ in range(4):  # 4 × 0.6 s worked, whatever is rounded when the clock stops
        clock.wait(seconds=0.6)
        paused = do(alice, "pause", made)
        clock.wait(hours=3)
        resumed = do(alice, "resume", made)
    assert paused["active_session"] == {"id": session, "paused_duration": 2}
    assert resumed["active_session"] == {"id": session, "remaining_seconds": 1498}
    ended = do(alice, "complete", made)
    assert (ended["total_focus_seconds"], ended["completed_pomodoros"]) == (2, 1)


def test_elapsed_and_remaining_make_the_whole_at_every_moment(alice: Person, clock: Clock) -> None:
    made = task(alice)
    do(alice, "start", made)
    for wait in (0.0, 0.4, 0.4, 0.4, 100.9, 0.2, 1000.0):
        clock.wait(seconds=wait)
        shown = active(alice)
        assert shown["elapsed_seconds"] + shown["remaining_seconds"] == 1500
        assert details(alice, made)["total_focus_seconds"] == shown["elapsed_seconds"]


def test_a_session_past_its_time_counts_exactly_what_was_planned(alice: Person, clock: Clock) -> None:
    made = task(alice)
    do(alice, "start", made)
    clock.wait(hours=20)
    assert alice.get("/pomodoro/active/").status_code == 404
    shown = details(alice, made)
    assert shown["status"] == "in_progress"
    assert (shown["total_focus_seconds"], shown["completed_pomodoros"]) == (1500, 1)
    session = shown["pomodoro_sessions"][0]
    assert session["completed"]
    assert (session["ended_at"], session["actual_duration_seconds"]) == ("2026-03-02T10:25:00Z", 1500)


def test_after_its_session_a_task_can_be_started_again(alice: Person, clock: Clock) -> None:
    made = task(alice)
    for number in (1, 2, 3):
        do(alice, "start", made)
        clock.wait(minutes=30)
        assert details(alice, made)["completed_pomodoros"] == number
    ended = do(alice, "complete", made)
    assert (ended["completed_pomodoros"], ended["total_focus_seconds"]) == (3, 4500)
    assert (ended["started_at"], ended["ended_at"]) == ("2026-03-02T10:00:00Z", "2026-03-02T11:30:00Z")


STEPS = ("start", "pause", "resume", "complete")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ((), {"start", "complete"}),
        (("start",), {"pause", "complete"}),
        (("start", "pause"), {"start", "resume", "complete"}),
        (("start", "pause", "resume"), {"pause", "complete"}),
        (("start", "complete"), set()),
        (("complete",), set()),
    ],
)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_out_of_order_is_a_conflict_and_changes_nothing(
    alice: Person, clock: Clock, path: tuple[str, ...], allowed: set[str], step: str
) -> None:
    made = task(alice)
    for each in path:
        do(alice, each, made)
        clock.wait(seconds=10)
    before = details(alice, made)
    if step in allowed:
        do(alice, step, made)
    else:
        answer = do(alice, step, made, expect=409)
        assert answer["error"]["code"] == "CONFLICT"
        assert details(alice, made) == before


def test_one_session_runs_at_a_time(alice: Person, bob: Person, clock: Clock) -> None:
    first, second = task(alice, "One"), task(alice, "Two")
    do(alice, "start", first)
    do(alice, "start", second, expect=409)
    assert alice.post("/pomodoro/break/start/", {"break_type": "short"}).status_code == 409
    do(bob, "start", task(bob))
    do(alice, "pause", first)
    do(alice, "start", second)
    do(alice, "resume", first, expect=409)
    do(alice, "complete", second)
    do(alice, "resume", first)


def test_a_paused_task_started_anew_keeps_what_was_worked(alice: Person, clock: Clock) -> None:
    made = task(alice)
    do(alice, "start", made)
    clock.wait(seconds=100)
    do(alice, "pause", made)
    do(alice, "start", made, pomodoro_duration=5)
    clock.wait(seconds=50)
    ended = do(alice, "complete", made)
    assert (ended["total_focus_seconds"], ended["completed_pomodoros"]) == (150, 1)
    assert [each["completed"] for each in details(alice, made)["pomodoro_sessions"]] == [False, True]


def test_a_deleted_tasks_time_stays_in_its_day(alice: Person, clock: Clock) -> None:
    made = task(alice)
    do(alice, "start", made)
    clock.wait(seconds=100)
    assert alice.delete(f"/tasks/{made['id']}/").status_code == 204
    assert alice.get("/pomodoro/active/").status_code == 404
    assert alice.get("/analytics/daily/").json["total_focus_seconds"] == 100
    sessions = alice.get("/pomodoro/sessions/").json["results"]
    assert [(each["task"], each["completed"]) for each in sessions] == [(None, False)]


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_jumps_makes_nothing_negative_and_counts_nothing_twice(
    alice: Person, clock: Clock, hours: int
) -> None:
    made = task(alice)
    do(alice, "start", made)
    clock.wait(minutes=10)
    clock.wait(hours=hours)
    shown = alice.get("/pomodoro/active/")
    if hours > 0:
        assert shown.status_code == 404  # its time is up by the server's clock
    else:
        assert (shown.json["elapsed_seconds"], shown.json["remaining_seconds"]) == (0, 1500)
    clock.wait(hours=-hours)
    other = task(alice, "Other")
    if hours < 0:
        assert active(alice)["elapsed_seconds"] == 600
        do(alice, "pause", made)
    do(alice, "start", other)
    clock.wait(minutes=10)
    do(alice, "complete", other)
    total = alice.get("/analytics/daily/").json["total_focus_seconds"]
    # Forward: the first session had 25 minutes, of which 15 lay ahead; they are not counted again.
    assert total == (1500 if hours > 0 else 1200)
    assert alice.get("/analytics/streaks/").json["current_streak"] == 1


def test_ending_with_the_clock_set_back_keeps_times_in_order(alice: Person, clock: Clock) -> None:
    made = task(alice)
    do(alice, "start", made)
    clock.wait(hours=-1)
    paused = do(alice, "pause", made)
    assert paused["active_session"]["paused_duration"] == 0
    do(alice, "resume", made)
    ended = do(alice, "complete", made)
    assert ended["ended_at"] >= ended["started_at"]
    assert ended["total_focus_seconds"] == 0


def test_a_run_of_another_door_is_seen_here(alice: Person, clock: Clock) -> None:
    produktifin = Person(alice.front, "/produktifin/v1", alice.token, alice.email, {})
    plan = {
        "duration_pomodoro": 25,
        "duration_short_break": 5,
        "duration_long_break": 15,
        "long_break_interval": 4,
        "tasks": [{"title": "Write API Spec", "is_done": False}],
    }
    answer = produktifin.post("/pomodoro/session", plan)
    assert answer.status_code == 201, answer.text
    clock.wait(minutes=10)
    assert (active(alice)["is_break"], active(alice)["elapsed_seconds"], active(alice)["remaining_seconds"]) == (
        False,
        600,
        900,
    )
    clock.wait(minutes=17)
    shown = active(alice)
    assert (shown["is_break"], shown["duration_minutes"], shown["elapsed_seconds"]) == (True, 5, 120)
    clock.wait(minutes=8)
    do(alice, "start", task(alice), expect=409)
    daily = alice.get("/analytics/daily/").json
    assert daily["total_focus_seconds"] == (25 + 5) * 60  # the break is no focus
    assert "Write API Spec" in [each["title"] for each in alice.get("/tasks/").json["results"]]


def test_work_over_midnight_is_split_between_the_users_days(alice: Person, clock: Clock) -> None:
    alice.patch("/auth/profile/", {"timezone": "America/New_York"})
    inside = project(alice)
    made = task(alice, project=inside["id"])
    clock.set(datetime(2026, 3, 4, 4, 50, tzinfo=UTC))  # ten minutes before midnight in New York
    do(alice, "start", made)
    clock.wait(minutes=3)
    do(alice, "pause", made)
    clock.wait(minutes=2)
    do(alice, "resume", made)
    clock.wait(hours=1)
    monday, tuesday = (alice.get("/analytics/daily/", date=day).json for day in ("2026-03-03", "2026-03-04"))
    assert (monday["total_focus_seconds"], monday["total_pomodoros"]) == (8 * 60, 1)
    assert (tuesday["total_focus_seconds"], tuesday["total_pomodoros"]) == (17 * 60, 0)
    assert monday["projects_breakdown"][0]["focus_seconds"] == 480
    week = alice.get("/analytics/weekly/").json
    assert [each["focus_seconds"] for each in week["daily_breakdown"]] == [0, 480, 1020, 0, 0, 0, 0]
    activity = alice.get(f"/analytics/projects/{inside['id']}/").json["daily_activity"]
    assert [(each["date"], each["focus_seconds"]) for each in activity] == [("2026-03-03", 480), ("2026-03-04", 1020)]


def test_a_running_session_over_midnight_is_split_too(alice: Person, clock: Clock) -> None:
    made = task(alice)
    clock.set(datetime(2026, 3, 4, 23, 50, tzinfo=UTC))
    do(alice, "start", made)
    clock.wait(minutes=15)
    days = [alice.get("/analytics/daily/", date=day).json for day in ("2026-03-04", "2026-03-05")]
    assert [each["total_focus_seconds"] for each in days] == [600, 300]
    assert [each["in_progress_tasks"] for each in days] == [1, 1]


def test_breaks_are_no_focus(alice: Person, clock: Clock) -> None:
    work(alice, clock, 60)
    rest = alice.post("/pomodoro/break/start/", {"break_type": "long"}).json
    assert (rest["duration_minutes"], rest["break_type"], rest["is_break"]) == (15, "long", True)
    clock.wait(minutes=4)
    assert active(alice)["is_break"]
    ended = alice.post(f"/pomodoro/sessions/{rest['id']}/complete/").json
    assert (ended["actual_duration_seconds"], ended["completed"]) == (240, True)
    assert alice.post(f"/pomodoro/sessions/{rest['id']}/complete/").status_code == 409
    daily = alice.get("/analytics/daily/").json
    assert (daily["total_focus_seconds"], daily["total_pomodoros"]) == (60, 1)
    assert alice.post("/pomodoro/break/start/", {"break_type": "endless"}).status_code == 400


def test_sessions_are_filtered_by_day_task_and_kind(alice: Person, clock: Clock) -> None:
    made = task(alice)
    first = work(alice, clock, 60, made)
    clock.wait(days=1)
    rest = alice.post("/pomodoro/break/start/").json
    clock.wait(minutes=10)
    ids = lambda **query: [each["id"] for each in alice.get("/pomodoro/sessions/", **query).json["results"]]  # noqa: E731
    assert ids() == [rest["id"], first["id"]]
    assert ids(date="2026-03-02") == [first["id"]]
    assert ids(task=made["id"]) == [first["id"]]
    assert ids(is_break="true") == [rest["id"]]
    assert ids(is_break="false", ordering="started_at") == [first["id"]]
    assert alice.get("/pomodoro/sessions/", ordering="owner_id").status_code == 400


def test_impossible_lengths_are_refused(alice: Person) -> None:
    made = task(alice)
    for wrong in (0, -1, 241, 1.5, "25", True, 10**12):
        answer = alice.post(f"/tasks/{made['id']}/start/", {"pomodoro_duration": wrong})
        assert (answer.status_code, list(answer.json["error"]["details"])) == (400, ["pomodoro_duration"])
