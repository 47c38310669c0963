"""The manager's figures, recounted by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.cast import Person
from tests.web.focusflow.conftest import Clock, do, project, task, work
from tests.web.focusflow.crew import Team


def given(team: Team, to: Person, title: str = "Code review", **more: object) -> dict[str, object]:
    made = task(team.maker, title, **more)
    team.assign(made, to)
    return made


def test_the_overview_shows_the_day_so_far(alice: Person, bob: Person, charlie: Person, clock: Clock) -> None:
    team = Team(alice)
    team.take_in(bob), team.take_in(charlie)
    done, now = given(team, bob, "Bug fix"), given(team, bob)
    work(bob, clock, 1800, done)
    do(bob, "complete", done)
    do(bob, "start", now, pomodoro_duration=60)
    clock.wait(minutes=15)
    paused = given(team, charlie)
    do(charlie, "start", paused)
    do(charlie, "pause", paused)
    found = team.get(alice, "dashboard/overview/")
    people = {row["user"]["id"]: row for row in found.pop("employees_status")}
    assert found == {
        "date": "2026-03-02",
        "active_employees": 2,
        "currently_focused": 1,
        "total_focus_hours_today": 0.75,
        "tasks_completed_today": 1,
        "tasks_in_progress": 2,
    }
    bobs = people[bob.data["id"]]
    assert (bobs["status"], bobs["current_task"]["id"], bobs["focus_time_today"]) == ("focused", now["id"], 0.75)
    assert people[charlie.data["id"]]["status"] == "paused"
    assert people[alice.data["id"]]["status"] == "idle"
    statistics = team.get(bob)["statistics"]
    assert (statistics["total_tasks_today"], statistics["completed_tasks_today"]) == (3, 1)


def test_nobody_is_focused_past_the_end_of_his_session(alice: Person, bob: Person, clock: Clock) -> None:
    team = Team(alice)
    team.take_in(bob)
    do(bob, "start", given(team, bob), pomodoro_duration=25)
    clock.wait(minutes=40)
    row = next(each for each in team.get(alice, "dashboard/overview/")["employees_status"] if each["focus_time_today"])
    assert (row["status"], row["current_task"], row["focus_time_today"]) == ("idle", None, 0.42)


def test_a_day_is_the_teams_day(alice: Person, bob: Person, clock: Clock) -> None:
    team = Team(alice, timezone="Asia/Kathmandu")  # midnight is 18:15 UTC
    team.take_in(bob)
    clock.set(datetime(2026, 3, 2, 18, 0, tzinfo=UTC))
    work(bob, clock, 1800, given(team, bob))
    found = team.get(alice, "dashboard/overview/")
    assert (found["date"], found["total_focus_hours_today"]) == ("2026-03-03", 0.25)
    inside = lambda day: team.get(alice, "analytics/team/", start_date=day, end_date=day)["team_statistics"]  # noqa: E731
    assert inside("2026-03-02")["total_focus_hours"] == inside("2026-03-03")["total_focus_hours"] == 0.25


def test_team_performance_adds_up(alice: Person, bob: Person, charlie: Person, clock: Clock) -> None:
    team = Team(alice)
    team.take_in(bob), team.take_in(charlie)
    first, second, third = (given(team, bob, str(number)) for number in range(3))
    work(bob, clock, 1000, first)
    do(bob, "complete", first)
    work(bob, clock, 1000, second)
    do(bob, "complete", second)
    own = given(team, charlie)
    work(charlie, clock, 1000, own)
    found = team.get(alice, "analytics/team/")
    assert found["date_range"] == {"start": "2026-02-01", "end": "2026-03-02"}
    shares = {row["user"]["id"]: row for row in found["employee_breakdown"]}
    assert shares[bob.data["id"]]["completion_rate"] == 0.67 and shares[bob.data["id"]]["tasks_completed"] == 2
    assert shares[charlie.data["id"]]["completion_rate"] == 0
    assert shares[alice.data["id"]]["focus_hours"] == 0
    total = found["team_statistics"]
    assert total["total_focus_hours"] == 0.83 == round(sum(row["focus_hours"] for row in shares.values()), 2)
    assert (total["avg_focus_hours_per_employee"], total["total_tasks_completed"]) == (0.28, 2)
    assert total["avg_task_completion_rate"] == 0.33
    assert found["peak_productivity_hours"] == [{"hour": "10:00", "avg_active_employees": 2.0}]
    assert third["title"] == "2"


def test_peak_hours_count_everybody_who_was_at_work_in_an_hour(alice: Person, bob: Person, clock: Clock) -> None:
    team = Team(alice)
    team.take_in(bob)
    clock.set(datetime(2026, 3, 2, 10, 30, tzinfo=UTC))
    work(bob, clock, 9000, given(team, bob))  # 10:30 to 13:00
    clock.set(datetime(2026, 3, 3, 12, 0, tzinfo=UTC))
    work(bob, clock, 60, given(team, bob))
    found = team.get(alice, "analytics/team/")["peak_productivity_hours"]
    assert {row["hour"]: row["avg_active_employees"] for row in found} == {
        "12:00": 1.0, "10:00": 0.5, "11:00": 0.5,
    }  # fmt: skip


def test_one_who_left_keeps_his_part_of_the_past(alice: Person, bob: Person, clock: Clock) -> None:
    team = Team(alice)
    team.take_in(bob)
    work(bob, clock, 3600, given(team, bob))
    team.remove(bob)
    clock.wait(days=1)
    found = team.get(alice, "analytics/team/")
    assert (
        found["team_statistics"]["total_focus_hours"] == 1.0 == found["team_statistics"]["avg_focus_hours_per_employee"]
    )
    assert bob.data["id"] in {row["user"]["id"] for row in found["employee_breakdown"]}
    today = {"start_date": "2026-03-03", "end_date": "2026-03-03"}
    assert bob.data["id"] not in {
        row["user"]["id"] for row in team.get(alice, "analytics/team/", **today)["employee_breakdown"]
    }
    team.get(alice, f"employees/{bob.data['id']}/", expect=404)


def test_an_employee_sees_exactly_what_his_manager_sees_of_him(alice: Person, bob: Person, clock: Clock) -> None:
    team = Team(alice)
    team.take_in(bob)
    done = given(team, bob, "Bug fix")
    work(bob, clock, 5400, done)
    do(bob, "complete", done)
    clock.wait(days=1)
    work(bob, clock, 3600, given(team, bob))
    found = team.get(alice, f"employees/{bob.data['id']}/")
    assert found["statistics"] == {
        "total_focus_hours": 2.5, "total_tasks_completed": 1, "avg_daily_focus_hours": 1.25, "current_streak": 2,
    }  # fmt: skip
    assert found["productivity_pattern"] == {"peak_hours": ["10:00-12:00"], "avg_task_duration_minutes": 90}
    assert [row["focus_time_seconds"] for row in found["recent_tasks"]] == [3600, 5400]
    assert team.get(bob, "employees/me/") == found
    team.get(bob, f"employees/{bob.data['id']}/", expect=403)


def test_project_analytics_add_up(alice: Person, bob: Person, charlie: Person, clock: Clock) -> None:
    team = Team(alice)
    team.take_in(bob), team.take_in(charlie)
    place = project(alice, "Client Project A", organization=team.slug)["id"]
    bobs, charlies, _ = (
        given(team, bob, project=place),
        given(team, charlie, project=place),
        given(team, bob, project=place),
    )
    work(bob, clock, 3000, bobs)
    do(bob, "complete", bobs)
    work(charlie, clock, 1000, charlies)
    clock.set(datetime(2026, 3, 3, 9, tzinfo=UTC))
    found = team.get(alice, f"analytics/projects/{place}/")
    assert (found["total_focus_hours"], found["total_tasks"], found["completed_tasks"], found["in_progress_tasks"]) == (
        1.11,
        3,
        1,
        1,
    )
    assert found["avg_task_duration_hours"] == 0.37
    assert [(row["contribution_percentage"], row["tasks_completed"]) for row in found["contributors"]] == [
        (75.0, 1),
        (25.0, 0),
    ]
    assert found["timeline"] == [{"date": "2026-03-02", "focus_hours": 1.11, "tasks_completed": 1}]


def test_a_managers_own_project_shows_his_own_work_to_him_alone(alice: Person, bob: Person, clock: Clock) -> None:
    team = Team(alice)
    team.take_in(bob, "manager")
    place = project(bob, "Own")["id"]
    work(bob, clock, 3600, task(bob, project=place))
    found = team.get(bob, f"analytics/projects/{place}/")
    assert (found["total_focus_hours"], found["total_tasks"]) == (1.0, 1)
    team.get(alice, f"analytics/projects/{place}/", expect=404)
    team.get(alice, "analytics/team/", expect=404, project=place)
    assert team.get(bob, "analytics/team/")["team_statistics"]["total_focus_hours"] == 0


def test_the_feed_tells_what_happened_newest_first(alice: Person, bob: Person, clock: Clock) -> None:
    team = Team(alice)
    team.take_in(bob)
    made = given(team, bob, "Bug fix")
    for verb in ("start", "pause", "resume", "complete"):
        clock.wait(minutes=1)
        do(bob, verb, made)
    bob.delete(f"/tasks/{made['id']}/")
    lines = team.get(alice, "dashboard/activity/")["activities"]
    assert [line["type"] for line in lines] == [
        "task_completed", "task_resumed", "task_paused", "task_started", "task_assigned", "member_joined",
    ]  # fmt: skip
    assert (
        lines[0]["task"] == {"id": made["id"], "title": "Bug fix"} and lines[0]["timestamp"] == "2026-03-02T10:04:00Z"
    )
    assert [line["id"] for line in team.get(alice, "dashboard/activity/", limit=2)["activities"]] == [
        lines[0]["id"],
        lines[1]["id"],
    ]
    for wrong in ("0", "501", "-1", "many"):
        team.get(alice, "dashboard/activity/", expect=400, limit=wrong)


@pytest.mark.parametrize(
    "query",
    [
        {"start_date": "2026-02-30"},
        {"start_date": "2026-03-02", "end_date": "2026-03-01"},
        {"start_date": "2020-01-01"},
    ],
)
def test_a_span_that_makes_no_sense_is_refused(alice: Person, clock: Clock, query: dict[str, str]) -> None:
    team = Team(alice)
    for path in ("analytics/team/", "analytics/export/", f"employees/{alice.data['id']}/"):
        team.get(alice, path, expect=400, **query)


def test_figures_agree_with_a_recount_over_a_change_of_clocks(alice: Person, bob: Person, clock: Clock) -> None:
    team = Team(alice, timezone="America/New_York")
    team.take_in(bob)
    by_day: dict[date, int] = {}
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("America/New_York")
    for hour in range(0, 72, 5):
        clock.set(datetime(2026, 3, 7, 3, 30, tzinfo=UTC).replace(hour=hour % 24, day=7 + hour // 24))
        began = datetime.now(UTC)
        work(bob, clock, 4000, given(team, bob))
        for second in range(4000):
            day = datetime.fromtimestamp(began.timestamp() + second, zone).date()
            by_day[day] = by_day.get(day, 0) + 1
    for day, seconds in by_day.items():
        found = team.get(alice, "analytics/team/", start_date=str(day), end_date=str(day))
        assert found["team_statistics"]["total_focus_hours"] == round(seconds / 3600 + 1e-9, 2), day
