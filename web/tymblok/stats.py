"""Statistics: where the time went."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from marshmallow import fields

from models import stats
from models.clock import today
from models.errors import Invalid
from web.auth import caller
from web.fields import Choice, Day
from web.tymblok.categories import CategorySchema, show_category
from web.tymblok.shape import Camel, Limited, Routes

routes = Routes("stats", __name__, url_prefix="/stats", description="Where the time went")
LONGEST_RANGE_DAYS = 3660
_CUT = "Where the plan keeps fewer days, those kept are counted and `meta.limitedTo` says so."


class PeriodQuery(Camel):
    period = Choice("day", "week", "month", load_default="week")


class RangeQuery(Camel):
    start_date = Day(metadata={"description": "First day; 7 days before the last one where none is given"})
    end_date = Day(metadata={"description": "Last day; today where none is given"})


class ComparisonSchema(Camel):
    minutes_diff = fields.Integer(required=True, metadata={"example": 240})
    minutes_percent = fields.Float(required=True, metadata={"example": 12.1})
    blocks_diff = fields.Integer(required=True, metadata={"example": 8})


class SummarySchema(Camel):
    period = fields.String(required=True, metadata={"example": "week"})
    total_minutes = fields.Integer(
        required=True, metadata={"example": 2226, "description": "Length of the completed blocks"}
    )
    blocks_completed = fields.Integer(required=True, metadata={"example": 51})
    blocks_created = fields.Integer(
        required=True, metadata={"example": 58, "description": "Blocks planned in the period"}
    )
    completion_rate = fields.Float(required=True, metadata={"example": 87.9, "description": "Percent"})
    average_block_duration = fields.Float(required=True, metadata={"example": 43.6, "description": "Minutes"})
    compared_to_previous = fields.Nested(ComparisonSchema, required=True)


class DailySchema(Camel):
    date = fields.Date(required=True, metadata={"example": "2026-01-25"})
    total_minutes = fields.Integer(required=True, metadata={"example": 390})
    blocks_completed = fields.Integer(required=True, metadata={"example": 6})


class CategoryStatsSchema(Camel):
    category_id = fields.UUID(required=True)
    category = fields.Nested(CategorySchema, required=True)
    total_minutes = fields.Integer(required=True, metadata={"example": 1110})
    blocks_count = fields.Integer(required=True, metadata={"example": 15, "description": "Completed blocks"})
    percentage = fields.Float(required=True, metadata={"example": 45, "description": "All of them add up to 100"})


class StreakSchema(Camel):
    current_streak = fields.Integer(required=True, metadata={"example": 12})
    best_streak = fields.Integer(required=True, metadata={"example": 28})
    last_active_date = fields.Date(required=True, allow_none=True, metadata={"example": "2026-01-31"})


class BreakdownSchema(Camel):
    deep_work_ratio = fields.Float(required=True, metadata={"example": 0.45})
    completion_rate = fields.Float(required=True, metadata={"example": 0.88})
    consistency_score = fields.Float(required=True, metadata={"example": 0.92})


class FocusScoreSchema(Camel):
    score = fields.Integer(required=True, metadata={"example": 85})
    breakdown = fields.Nested(BreakdownSchema, required=True)


@routes.get("/summary")
@routes.arguments(PeriodQuery, location="query")
@routes.response(200, SummarySchema, description=f"The present day, ISO week or calendar month. {_CUT}")
def summary(query: dict[str, Any]) -> Limited:
    """Get summary statistics."""
    period, day = query["period"], today(caller().timezone)
    first, _ = stats.bounds(period, day)
    found = stats.summarize(caller().id, period, day, stats.kept_since(caller().plan, day))
    difference = found.minutes - found.minutes_before
    if found.minutes_before:
        percent = stats.rounded(1000 * difference, found.minutes_before) / 10
    else:
        percent = 100.0 if found.minutes else 0.0
    return _limited(
        {
            "period": period,
            "totalMinutes": found.minutes,
            "blocksCompleted": found.completed,
            "blocksCreated": found.planned,
            "completionRate": stats.rounded(1000 * found.completed, found.planned) / 10,
            "averageBlockDuration": stats.rounded(10 * found.minutes, found.completed) / 10,
            "comparedToPrevious": {
                "minutesDiff": difference,
                "minutesPercent": percent,
                "blocksDiff": found.completed - found.completed_before,
            },
        },
        first,
        day,
    )


@routes.get("/daily")
@routes.arguments(RangeQuery, location="query")
@routes.response(200, DailySchema(many=True), description=f"Every day of the range. {_CUT}")
def daily(query: dict[str, Any]) -> Limited:
    """Get the daily breakdown."""
    first, last, day = _span(query)
    kept = _kept(first, day)
    days = stats.list_days(caller().id, kept, last) if kept <= last else []
    return _limited(
        [
            {"date": each, "totalMinutes": minutes, "blocksCompleted": completed}
            for each, minutes, completed in days
        ],
        first,
        day,
    )


@routes.get("/categories")
@routes.arguments(RangeQuery, location="query")
@routes.response(200, CategoryStatsSchema(many=True), description=f"The most minutes first. {_CUT}")
def categories(query: dict[str, Any]) -> Limited:
    """Get the category breakdown."""
    first, last, day = _span(query)
    kept = _kept(first, day)
    rows = stats.list_category_minutes(caller().id, kept, last) if kept <= last else []
    percentages = stats.shares([row.minutes for row in rows])
    return _limited(
        [
            {
                "categoryId": row.uid,
                "category": show_category(row),
                "totalMinutes": row.minutes,
                "blocksCount": row.completed,
                "percentage": tenths / 10,
            }
            for row, tenths in zip(rows, percentages, strict=True)
        ],
        first,
        day,
    )


@routes.get("/streak")
@routes.response(200, StreakSchema)
def streak() -> dict[str, Any]:
    """Get streak information: days in a row with at least one completed block."""
    found = stats.read_streak(caller().id, today(caller().timezone))
    return {"currentStreak": found.current, "bestStreak": found.best, "lastActiveDate": found.last_active}


@routes.get("/focus-score")
@routes.response(200, FocusScoreSchema, description="Of the last 28 days")
def focus_score() -> dict[str, Any]:
    """Get the focus score."""
    found = stats.read_focus_score(caller().id, today(caller().timezone))
    return {
        "score": found.score,
        "breakdown": {
            "deepWorkRatio": found.deep_work / 100,
            "completionRate": found.completion / 100,
            "consistencyScore": found.consistency / 100,
        },
    }


def _span(query: dict[str, Any]) -> tuple[date, date, date]:
    """First and last day asked for, and today."""
    day = today(caller().timezone)
    last = query.get("end_date") or max(day, query.get("start_date") or day)
    first = query.get("start_date") or last - timedelta(days=7)
    if last < first:
        raise Invalid({"endDate": ["Must not be before startDate"]})
    if (last - first).days > LONGEST_RANGE_DAYS:
        raise Invalid({"endDate": ["A range may cover at most ten years"]})
    return first, last, day


def _kept(first: date, day: date) -> date:
    """The first day that the caller's plan shows."""
    return max(first, stats.kept_since(caller().plan, day) or first)


def _limited(data: Any, first: date, day: date) -> Limited:
    """The answer, with the word that the plan cut it where it did."""
    return Limited(data, caller().plan if _kept(first, day) > first else None)
