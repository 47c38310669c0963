"""Where the time went: a day, a week, a month, streaks, and one project."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import Any

from models.clock import today
from models.days import Days
from models.errors import Invalid
from models.focus_stats import Figures, count_touched, figures, streak
from models.projects import Project
from web.body import Input
from web.fields import EARLIEST, LATEST, Day, QueryInt
from web.focusflow.analytics_schemas import (
    DailySchema,
    MonthlySchema,
    ProjectTimeSchema,
    StreaksSchema,
    WeeklySchema,
)
from web.focusflow.hours import average_hours, hours, hours_of_parts, percentages
from web.focusflow.punctual import punctual_caller
from web.focusflow.shape import Routes

routes = Routes("analytics", __name__, url_prefix="/analytics", description="Where the time went")
LONGEST_DAYS = 3660
DEFAULT_DAYS = 30


class DayQuery(Input):
    date = Day(metadata={"description": "Today where it is left out"})


class WeekQuery(Input):
    week = QueryInt(1, 53, metadata={"description": "ISO week; the current one where it is left out"})
    year = QueryInt(EARLIEST.year, LATEST.year, metadata={"description": "ISO year"})


class MonthQuery(Input):
    month = QueryInt(1, 12, metadata={"description": "The current one where it is left out"})
    year = QueryInt(EARLIEST.year, LATEST.year)


class RangeQuery(Input):
    start_date = Day(metadata={"description": f"{DEFAULT_DAYS} days up to the end where it is left out"})
    end_date = Day(metadata={"description": "Today where it is left out"})


def name_project(found: Figures, id: int | None) -> dict[str, Any] | None:
    """A project in few words; None for what belongs to no project."""
    return None if id is None else {"id": id, "name": found.names[id]}


def show_days(found: Figures, *, is_sparse: bool = False) -> list[dict[str, Any]]:
    """Each day's share; with `is_sparse` only days on which something was done."""
    days = {day: sums for day, sums in found.by_day().items() if not is_sparse or any(sums)}
    shown = hours_of_parts([seconds for seconds, _ in days.values()])
    return [
        {"date": day, "focus_hours": share, "focus_seconds": seconds, "tasks_completed": done}
        for (day, (seconds, done)), share in zip(days.items(), shown, strict=True)
    ]


@routes.get("/daily/")
@routes.arguments(DayQuery, location="query")
@routes.response(200, DailySchema)
def daily(query: dict[str, Any]) -> dict[str, Any]:
    """Get the summary of a day."""
    who = punctual_caller()
    day = query.get("date") or today(who.timezone)
    days = Days(day, day, who.timezone)
    found, tasks = figures(who.id, days), count_touched(who.id, days)
    return {
        "date": day,
        "total_tasks": tasks.total,
        "completed_tasks": tasks.completed,
        "in_progress_tasks": tasks.in_progress,
        "pending_tasks": tasks.pending,
        "total_focus_seconds": found.total_seconds,
        "total_focus_hours": hours(found.total_seconds),
        "total_pomodoros": sum(found.pomodoros.values()),
        "projects_breakdown": [
            {"project": name_project(found, id), "focus_seconds": seconds, "tasks_completed": done}
            for id, (seconds, done) in found.by_project().items()
        ],
    }


@routes.get("/weekly/")
@routes.arguments(WeekQuery, location="query")
@routes.response(200, WeeklySchema)
def weekly(query: dict[str, Any]) -> dict[str, Any]:
    """Get the report of an ISO week."""
    who = punctual_caller()
    year, week, monday = _week(query, today(who.timezone))
    sunday = monday + timedelta(days=6)
    found = figures(who.id, Days(monday, sunday, who.timezone))
    projects = {id: seconds for id, (seconds, _) in found.by_project().items() if seconds}
    parts = list(projects.values())
    return {
        "week": week,
        "year": year,
        "start_date": monday,
        "end_date": sunday,
        "total_focus_hours": hours(found.total_seconds),
        "total_focus_seconds": found.total_seconds,
        "total_tasks_completed": found.total_done,
        "avg_daily_focus_hours": average_hours(found.total_seconds, 7),
        "daily_breakdown": show_days(found),
        "top_projects": [
            {
                "project": name_project(found, id),
                "focus_hours": share,
                "focus_seconds": seconds,
                "percentage": percentage,
            }
            for (id, seconds), share, percentage in zip(
                projects.items(), hours_of_parts(parts), percentages(parts), strict=True
            )
        ],
    }


@routes.get("/monthly/")
@routes.arguments(MonthQuery, location="query")
@routes.response(200, MonthlySchema)
def monthly(query: dict[str, Any]) -> dict[str, Any]:
    """Get the report of a month."""
    who = punctual_caller()
    present = today(who.timezone)
    year, month = query.get("year", present.year), query.get("month", present.month)
    length = monthrange(year, month)[1]
    found = figures(who.id, Days(date(year, month, 1), date(year, month, length), who.timezone))
    days = found.by_day()
    best = max(days, key=lambda day: days[day][0])
    projects = found.by_project()
    project_hours = hours_of_parts([seconds for seconds, _ in projects.values()])
    return {
        "month": month,
        "year": year,
        "total_focus_hours": hours(found.total_seconds),
        "total_focus_seconds": found.total_seconds,
        "total_tasks_completed": found.total_done,
        "total_pomodoros": sum(found.pomodoros.values()),
        "avg_daily_focus_hours": average_hours(found.total_seconds, length),
        "most_productive_day": best if days[best][0] else None,
        "weekly_breakdown": _weeks({day: seconds for day, (seconds, _) in days.items()}),
        "projects_summary": [
            {
                "project": None if id is None else found.names[id],
                "focus_hours": share,
                "focus_seconds": seconds,
                "tasks_completed": done,
            }
            for (id, (seconds, done)), share in zip(projects.items(), project_hours, strict=True)
        ],
    }


@routes.get("/streaks/")
@routes.response(200, StreaksSchema)
def streaks() -> dict[str, Any]:
    """Get the focus streaks."""
    who = punctual_caller()
    found = streak(who.id, who.timezone)
    return {
        "current_streak": found.current,
        "longest_streak": found.longest,
        "streak_start_date": found.began_on,
        "total_active_days": found.active_days,
    }


@routes.get("/projects/<id:id>/")
@routes.arguments(RangeQuery, location="query")
@routes.response(200, ProjectTimeSchema)
def project(query: dict[str, Any], id: int) -> dict[str, Any]:
    """Get one project's time in a range of days."""
    who = punctual_caller()
    named = Project.of(who.id, id)
    days = Days(*span(query, today(who.timezone)), who.timezone)
    found, tasks = figures(who.id, days, project_id=id), count_touched(who.id, days, project_id=id)
    return {
        "project": {"id": named.id, "name": named.name},
        "date_range": {"start": days.first, "end": days.last},
        "total_focus_hours": hours(found.total_seconds),
        "total_focus_seconds": found.total_seconds,
        "total_tasks": tasks.total,
        "completed_tasks": tasks.completed,
        "avg_task_duration_minutes": found.total_seconds // (60 * tasks.total) if tasks.total else 0,
        "daily_activity": show_days(found, is_sparse=True),
    }


def span(query: dict[str, Any], present: date) -> tuple[date, date]:
    """The days asked for; 30 days where one end is left out, up to today where both are."""
    first, last = query.get("start_date"), query.get("end_date")
    if last is None:
        last = present if first is None else max(first, present)
    if first is None:
        first = last - timedelta(days=DEFAULT_DAYS - 1)
    if last < first:
        raise Invalid({"end_date": ["Must not be before start_date"]})
    if (last - first).days > LONGEST_DAYS:
        raise Invalid({"end_date": ["A range may cover at most ten years"]})
    return first, last


def _week(query: dict[str, Any], present: date) -> tuple[int, int, date]:
    """ISO year, week and Monday of the week asked for; where one of the two is left out, today's."""
    iso = present.isocalendar()
    year, week = query.get("year", iso.year), query.get("week", iso.week)
    try:
        return year, week, date.fromisocalendar(year, week, 1)
    except ValueError as error:
        raise Invalid({"week": [f"The year {year} has no week {week}"]}) from error


def _weeks(seconds: dict[date, int]) -> list[dict[str, Any]]:
    """ISO weeks with their days of this month, in order."""
    sums: dict[int, int] = {}
    for day, worked in seconds.items():
        week = day.isocalendar().week
        sums[week] = sums.get(week, 0) + worked
    return [
        {"week": week, "focus_hours": share, "focus_seconds": worked}
        for (week, worked), share in zip(sums.items(), hours_of_parts(list(sums.values())), strict=True)
    ]
