"""The manager's dashboard: what happens, who is at what, and one member closely."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from marshmallow import fields

from models.activity import KINDS, list_activities
from models.clock import today
from models.dashboard import overview
from models.days import Days
from models.db import Record
from models.errors import Invalid, NotFound
from models.members import show_member
from models.permissions import ROLES
from models.person_stats import peaks, person_figures
from models.tasks import STATUSES
from models.team_time import Scope
from web.auth import caller
from web.body import Input
from web.fields import Day, QueryInt, Timestamp
from web.focusflow.hours import average_hours, hours, hours_of_parts
from web.focusflow.members import STATUSES as PRESENCES
from web.focusflow.members import TaskNameSchema, show_task
from web.focusflow.seat import DASHBOARD, allowed, seat
from web.focusflow.shape import Routes
from web.focusflow.team_tasks import FirstNamedPersonSchema, NamedPersonSchema

routes = Routes("dashboard", __name__, url_prefix="/organizations/<slug>", description="The manager's dashboard")
DEFAULT_DAYS = 30
LONGEST_DAYS = 366


class ActivityQuery(Input):
    limit = QueryInt(1, 500, load_default=50)


class ActivitySchema(Input):
    id = fields.Integer(required=True)
    type = fields.String(required=True, metadata={"enum": list(KINDS)})
    user = fields.Nested(FirstNamedPersonSchema, required=True)
    task = fields.Nested(TaskNameSchema, required=True, allow_none=True)
    timestamp = Timestamp(required=True)


class ActivitiesSchema(Input):
    activities = fields.List(fields.Nested(ActivitySchema), required=True)


class EmployeeNowSchema(Input):
    user = fields.Nested(NamedPersonSchema, required=True)
    status = fields.String(required=True, metadata={"enum": list(PRESENCES)})
    current_task = fields.Nested(TaskNameSchema, required=True, allow_none=True)
    focus_time_today = fields.Float(required=True, metadata={"description": "Hours", "example": 3.5})


class OverviewSchema(Input):
    date = fields.Date(required=True)
    active_employees = fields.Integer(required=True, metadata={"description": "Worked today, or are at work"})
    currently_focused = fields.Integer(required=True)
    total_focus_hours_today = fields.Float(required=True, metadata={"example": 8.5})
    tasks_completed_today = fields.Integer(required=True)
    tasks_in_progress = fields.Integer(required=True)
    employees_status = fields.List(fields.Nested(EmployeeNowSchema), required=True)


class RangeQuery(Input):
    start_date = Day(metadata={"description": f"{DEFAULT_DAYS} days up to the end where it is left out"})
    end_date = Day(metadata={"description": "Today where it is left out"})


class EmployeeUserSchema(FirstNamedPersonSchema):
    role = fields.String(required=True, metadata={"enum": list(ROLES)})


class EmployeeStatisticsSchema(Input):
    total_focus_hours = fields.Float(required=True, metadata={"example": 45.5})
    total_tasks_completed = fields.Integer(required=True)
    avg_daily_focus_hours = fields.Float(required=True, metadata={"description": "Of the days with work"})
    current_streak = fields.Integer(required=True, metadata={"description": "Days in a row with a pomodoro"})


class RecentTaskSchema(TaskNameSchema):
    status = fields.String(required=True, metadata={"enum": list(STATUSES)})
    focus_time_seconds = fields.Integer(required=True)


class PatternSchema(Input):
    peak_hours = fields.List(fields.String(), required=True, metadata={"example": ["09:00-11:00"]})
    avg_task_duration_minutes = fields.Integer(required=True, metadata={"description": "Focus for a completed task"})


class EmployeeSchema(Input):
    user = fields.Nested(EmployeeUserSchema, required=True)
    statistics = fields.Nested(EmployeeStatisticsSchema, required=True)
    recent_tasks = fields.List(fields.Nested(RecentTaskSchema), required=True)
    productivity_pattern = fields.Nested(PatternSchema, required=True)


def asked_days(query: dict[str, Any]) -> Days:
    """The days that a range query names, the organisation's own. Errors: Invalid."""
    last = query.get("end_date") or today(seat().timezone)
    first = query.get("start_date") or last - timedelta(days=DEFAULT_DAYS - 1)
    if first > last:
        raise Invalid({"end_date": ["Must not be before start_date"]})
    if (last - first).days >= LONGEST_DAYS:
        raise Invalid({"end_date": [f"A range may cover at most {LONGEST_DAYS} days"]})
    return Days(first, last, seat().timezone)


def _show_activity(row: Record) -> dict[str, Any]:
    return {
        "id": row.id,
        "type": row.kind,
        "user": {"id": row.user_id, "username": row.username, "first_name": row.first_name},
        "task": None if row.task_number is None else {"id": row.task_number, "title": row.task_title},
        "timestamp": row.at,
    }


@routes.get("/dashboard/activity/")
@allowed("live activity feed", DASHBOARD)
@routes.arguments(ActivityQuery, location="query")
@routes.response(200, ActivitiesSchema)
def activity(query: dict[str, Any]) -> dict[str, Any]:
    """Get what happened last, the newest first."""
    return {"activities": [_show_activity(row) for row in list_activities(seat().id, query["limit"])]}


@routes.get("/dashboard/overview/")
@allowed("team overview", DASHBOARD)
@routes.response(200, OverviewSchema)
def team_overview() -> dict[str, Any]:
    """Get the team's day so far."""
    found = overview(seat().id, seat().timezone)
    shares = hours_of_parts([each.seconds for each in found.members])
    return {
        "date": found.day,
        "active_employees": found.active,
        "currently_focused": found.focused,
        "total_focus_hours_today": hours(found.seconds),
        "tasks_completed_today": found.done,
        "tasks_in_progress": found.in_progress,
        "employees_status": [
            {
                "user": {"id": each.member.user_id, "username": each.member.username},
                "status": each.presence.status,
                "current_task": show_task(each.presence),
                "focus_time_today": share,
            }
            for each, share in zip(found.members, shares, strict=True)
        ],
    }


@routes.get("/employees/<id:user_id>/")
@allowed("employee detail view", DASHBOARD)
@routes.arguments(RangeQuery, location="query")
@routes.response(200, EmployeeSchema)
def employee(query: dict[str, Any], user_id: int) -> dict[str, Any]:
    """Get one member's figures: his work for the organization, nothing else of his."""
    return _show_employee(user_id, asked_days(query))


@routes.get("/employees/me/")
@allowed("see what managers see of oneself", DASHBOARD)
@routes.arguments(RangeQuery, location="query")
@routes.response(200, EmployeeSchema)
def myself(query: dict[str, Any]) -> dict[str, Any]:
    """Get exactly what managers see of the caller."""
    return _show_employee(caller().id, asked_days(query))


def _show_employee(user_id: int, days: Days) -> dict[str, Any]:
    member = show_member(seat().id, user_id)
    if member is None:
        raise NotFound("Member not found")
    found = person_figures(Scope(seat().id, seat().timezone, user_id=user_id), days)
    return {
        "user": {
            "id": user_id,
            "username": member.username,
            "first_name": member.first_name,
            "role": member.role,
        },
        "statistics": {
            "total_focus_hours": hours(found.seconds),
            "total_tasks_completed": found.done,
            "avg_daily_focus_hours": average_hours(found.seconds, found.active_days) if found.active_days else 0.0,
            "current_streak": found.streak.current,
        },
        "recent_tasks": [
            {"id": row.id, "title": row.title, "status": row.status, "focus_time_seconds": row.focus_seconds}
            for row in found.recent
        ],
        "productivity_pattern": {
            "peak_hours": [f"{start:02d}:00-{end:02d}:00" for start, end in peaks(found.hours)],
            "avg_task_duration_minutes": round(found.done_seconds / found.done / 60) if found.done else 0,
        },
    }
