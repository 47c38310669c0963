"""What a team got done: its members side by side, and one project."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from models.days import Days
from models.team_stats import find_project, performance, project_figures
from models.team_time import Hours, Scope
from web.auth import caller
from web.body import Input
from web.fields import QueryInt
from web.focusflow.dashboard import RangeQuery, asked_days
from web.focusflow.hours import hours, hours_of_parts
from web.focusflow.seat import DASHBOARD, allowed, seat
from web.focusflow.shape import Routes
from web.focusflow.team_tasks import NamedPersonSchema, NamedProjectSchema

routes = Routes(
    "team_analytics", __name__, url_prefix="/organizations/<slug>/analytics", description="What a team got done"
)
SHOWN_HOURS = 5


class DateRangeSchema(Input):
    start = fields.Date(required=True)
    end = fields.Date(required=True)


class TeamQuery(RangeQuery):
    project = QueryInt(1, metadata={"description": "The organization's, or the caller's own"})


class TeamStatisticsSchema(Input):
    total_focus_hours = fields.Float(required=True, metadata={"example": 180.5})
    avg_focus_hours_per_employee = fields.Float(required=True, metadata={"example": 36.1})
    total_tasks_completed = fields.Integer(required=True)
    avg_task_completion_rate = fields.Float(
        required=True, metadata={"example": 0.85, "description": "Mean of the rates of those who had tasks"}
    )


class EmployeeShareSchema(Input):
    user = fields.Nested(NamedPersonSchema, required=True)
    focus_hours = fields.Float(required=True)
    tasks_completed = fields.Integer(required=True)
    completion_rate = fields.Float(
        required=True, metadata={"description": "Completed, of those completed then and those still open at its end"}
    )


class PeakHourSchema(Input):
    hour = fields.String(required=True, metadata={"example": "09:00"})
    avg_active_employees = fields.Float(required=True, metadata={"description": "Of the days with work"})


class TeamSchema(Input):
    date_range = fields.Nested(DateRangeSchema, required=True)
    team_statistics = fields.Nested(TeamStatisticsSchema, required=True)
    employee_breakdown = fields.List(fields.Nested(EmployeeShareSchema), required=True)
    peak_productivity_hours = fields.List(fields.Nested(PeakHourSchema), required=True)


class ContributorSchema(Input):
    user = fields.Nested(NamedPersonSchema, required=True)
    focus_hours = fields.Float(required=True)
    tasks_completed = fields.Integer(required=True)
    contribution_percentage = fields.Float(required=True, metadata={"description": "Of the focus", "example": 53.2})


class ProjectDaySchema(Input):
    date = fields.Date(required=True)
    focus_hours = fields.Float(required=True)
    tasks_completed = fields.Integer(required=True)


class ProjectAnalyticsSchema(Input):
    project = fields.Nested(NamedProjectSchema, required=True)
    date_range = fields.Nested(DateRangeSchema, required=True)
    total_focus_hours = fields.Float(required=True, metadata={"example": 85.5})
    total_tasks = fields.Integer(required=True, metadata={"description": "Completed then, or open at its end"})
    completed_tasks = fields.Integer(required=True)
    in_progress_tasks = fields.Integer(required=True)
    avg_task_duration_hours = fields.Float(
        required=True, metadata={"description": "Hours of focus for each task", "example": 1.9}
    )
    contributors = fields.List(fields.Nested(ContributorSchema), required=True)
    timeline = fields.List(
        fields.Nested(ProjectDaySchema), required=True, metadata={"description": "Days on which something was done"}
    )


def show_range(days: Days) -> dict[str, Any]:
    """The days that an answer is about."""
    return {"start": days.first, "end": days.last}


def _show_peaks(found: Hours) -> list[dict[str, Any]]:
    """The hours in which the most people were at work, the busiest first."""
    busiest = sorted(found.people.items(), key=lambda hour: (-hour[1], hour[0]))[:SHOWN_HOURS]
    return [
        {"hour": f"{hour:02d}:00", "avg_active_employees": round(people / found.days, 1)} for hour, people in busiest
    ]


def _person(share: Any) -> dict[str, Any]:
    return {"id": share.user_id, "username": share.username}


def _scope(project_id: int | None) -> tuple[Scope, Any]:
    """Whose work is asked for, and the project where one is named. Errors: NotFound."""
    if project_id is None:
        return Scope(seat().id, seat().timezone), None
    project = find_project(seat().id, caller().id, project_id)
    if project.organization_id is None:
        return Scope(seat().id, seat().timezone, caller().id, project_id, is_personal=True), project
    return Scope(seat().id, seat().timezone, project_id=project_id), project


@routes.get("/team/")
@allowed("team performance", DASHBOARD)
@routes.arguments(TeamQuery, location="query")
@routes.response(200, TeamSchema)
def team(query: dict[str, Any]) -> dict[str, Any]:
    """Get the team's performance."""
    days = asked_days(query)
    scope, _ = _scope(query.get("project"))
    found = performance(scope, days)
    shown = hours_of_parts([share.seconds for share in found.shares])
    return {
        "date_range": show_range(days),
        "team_statistics": {
            "total_focus_hours": hours(found.seconds),
            "avg_focus_hours_per_employee": hours(found.seconds // max(1, found.members)),
            "total_tasks_completed": found.done,
            "avg_task_completion_rate": round(found.rate, 2),
        },
        "employee_breakdown": [
            {
                "user": _person(share),
                "focus_hours": focus,
                "tasks_completed": share.done,
                "completion_rate": round(share.rate, 2),
            }
            for share, focus in zip(found.shares, shown, strict=True)
        ],
        "peak_productivity_hours": _show_peaks(found.hours),
    }


@routes.get("/projects/<id:project_id>/")
@allowed("project analytics", DASHBOARD)
@routes.arguments(RangeQuery, location="query")
@routes.response(200, ProjectAnalyticsSchema)
def project(query: dict[str, Any], project_id: int) -> dict[str, Any]:
    """Get a project's analytics: the organization's, or the caller's own."""
    days = asked_days(query)
    scope, named = _scope(project_id)
    found = project_figures(scope, days)
    seconds = sum(found.seconds_by_day.values())
    shown = hours_of_parts([share.seconds for share in found.shares])
    dates = sorted({*found.seconds_by_day, *found.done_by_day})
    daily = hours_of_parts([found.seconds_by_day.get(day, 0) for day in dates])
    return {
        "project": {"id": named.id, "name": named.name},
        "date_range": show_range(days),
        "total_focus_hours": hours(seconds),
        "total_tasks": found.total,
        "completed_tasks": found.done,
        "in_progress_tasks": found.in_progress,
        "avg_task_duration_hours": hours(seconds // found.total) if found.total else 0.0,
        "contributors": [
            {
                "user": _person(share),
                "focus_hours": focus,
                "tasks_completed": share.done,
                "contribution_percentage": round(100 * share.seconds / seconds, 1) if seconds else 0.0,
            }
            for share, focus in zip(found.shares, shown, strict=True)
        ],
        "timeline": [
            {"date": day, "focus_hours": focus, "tasks_completed": found.done_by_day.get(day, 0)}
            for day, focus in zip(dates, daily, strict=True)
        ],
    }
