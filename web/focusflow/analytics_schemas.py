"""What the answers of the analytics look like. Hours are for people; the seconds beside them are exact."""

from __future__ import annotations

from marshmallow import fields

from web.body import Input


class NamedSchema(Input):
    id = fields.Integer(required=True)
    name = fields.String(required=True, metadata={"example": "Personal Development"})


class DayShareSchema(Input):
    project = fields.Nested(
        NamedSchema, required=True, allow_none=True, metadata={"description": "Null for what has no project"}
    )
    focus_seconds = fields.Integer(required=True)
    tasks_completed = fields.Integer(required=True)


class DailySchema(Input):
    date = fields.Date(required=True)
    total_tasks = fields.Integer(
        required=True, metadata={"description": "Made, worked on or completed that day"}
    )
    completed_tasks = fields.Integer(required=True)
    in_progress_tasks = fields.Integer(required=True)
    pending_tasks = fields.Integer(required=True)
    total_focus_seconds = fields.Integer(required=True)
    total_focus_hours = fields.Float(required=True, metadata={"example": 1.5})
    total_pomodoros = fields.Integer(required=True)
    projects_breakdown = fields.List(fields.Nested(DayShareSchema), required=True)


class DayTimeSchema(Input):
    date = fields.Date(required=True)
    focus_hours = fields.Float(required=True)
    focus_seconds = fields.Integer(required=True)
    tasks_completed = fields.Integer(required=True)


class WeekShareSchema(Input):
    project = fields.Nested(NamedSchema, required=True, allow_none=True)
    focus_hours = fields.Float(required=True)
    focus_seconds = fields.Integer(required=True)
    percentage = fields.Integer(required=True)


class WeeklySchema(Input):
    week = fields.Integer(required=True)
    year = fields.Integer(required=True)
    start_date = fields.Date(required=True)
    end_date = fields.Date(required=True)
    total_focus_hours = fields.Float(required=True)
    total_focus_seconds = fields.Integer(required=True)
    total_tasks_completed = fields.Integer(required=True)
    avg_daily_focus_hours = fields.Float(required=True)
    daily_breakdown = fields.List(fields.Nested(DayTimeSchema), required=True)
    top_projects = fields.List(fields.Nested(WeekShareSchema), required=True)


class WeekTimeSchema(Input):
    week = fields.Integer(required=True, metadata={"description": "ISO week; only its days of this month count"})
    focus_hours = fields.Float(required=True)
    focus_seconds = fields.Integer(required=True)


class MonthShareSchema(Input):
    project = fields.String(required=True, allow_none=True, metadata={"example": "Personal Development"})
    focus_hours = fields.Float(required=True)
    focus_seconds = fields.Integer(required=True)
    tasks_completed = fields.Integer(required=True)


class MonthlySchema(Input):
    month = fields.Integer(required=True)
    year = fields.Integer(required=True)
    total_focus_hours = fields.Float(required=True)
    total_focus_seconds = fields.Integer(required=True)
    total_tasks_completed = fields.Integer(required=True)
    total_pomodoros = fields.Integer(required=True)
    avg_daily_focus_hours = fields.Float(required=True)
    most_productive_day = fields.Date(required=True, allow_none=True)
    weekly_breakdown = fields.List(fields.Nested(WeekTimeSchema), required=True)
    projects_summary = fields.List(fields.Nested(MonthShareSchema), required=True)


class StreaksSchema(Input):
    current_streak = fields.Integer(required=True)
    longest_streak = fields.Integer(required=True)
    streak_start_date = fields.Date(required=True, allow_none=True)
    total_active_days = fields.Integer(required=True)


class RangeSchema(Input):
    start = fields.Date(required=True)
    end = fields.Date(required=True)


class ProjectTimeSchema(Input):
    project = fields.Nested(NamedSchema, required=True)
    date_range = fields.Nested(RangeSchema, required=True)
    total_focus_hours = fields.Float(required=True)
    total_focus_seconds = fields.Integer(required=True)
    total_tasks = fields.Integer(
        required=True, metadata={"description": "Made, worked on or completed in these days"}
    )
    completed_tasks = fields.Integer(required=True)
    avg_task_duration_minutes = fields.Integer(required=True)
    daily_activity = fields.List(
        fields.Nested(DayTimeSchema), required=True, metadata={"description": "Days on which something was done"}
    )
