"""Statistics: where a user's time went, read from the roll-ups.

A day counts as its blocks are planned, on the user's own calendar. What changed since it was last counted is counted
on the way, so no answer is older than the question. Every reading is one statement, however long the history is.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from sqlalchemy import Date, Integer, Select, and_, bindparam, case, cast, func, or_, select

from models import db
from models.categories import DEEP_WORK, Category
from models.db import Record, session
from models.dirty_days import has_dirty_days
from models.plans import PLANS, UNLIMITED
from models.rollups import active_months, daily_totals, month_number, refresh
from models.statements import Statement
from models.users import User

Period = Literal["day", "week", "month"]
SCORE_DAYS = 28
_totals = daily_totals.c


@dataclass(frozen=True, slots=True)
class Summary:
    """What a period adds up to; `minutes_before` and `completed_before` are the period's before it."""

    minutes: int
    completed: int
    planned: int
    minutes_before: int
    completed_before: int


@dataclass(frozen=True, slots=True)
class Streak:
    """Days in a row with work done. Today does not break a streak while it lasts."""

    current: int
    best: int
    last_active: date | None


@dataclass(frozen=True, slots=True)
class FocusScore:
    """How the last four weeks went. The parts in hundredths, the score follows from the parts as they are shown."""

    deep_work: int
    completion: int
    consistency: int

    @property
    def score(self) -> int:
        return (10 * self.deep_work + 50 * self.completion + 40 * self.consistency + 50) // 100


def bounds(period: Period, today: date) -> tuple[date, date]:
    """First and last day of the day, ISO week or calendar month that `today` lies in."""
    if period == "week":
        monday = today - timedelta(days=today.weekday())
        return monday, monday + timedelta(days=6)
    if period == "month":
        return today.replace(day=1), today.replace(day=monthrange(today.year, today.month)[1])
    return today, today


def kept_since(plan_id: str, today: date) -> date | None:
    """The oldest day of which a plan shows statistics; None where it shows all."""
    days = PLANS[plan_id].features.stats_history_days
    return None if days == UNLIMITED else today - timedelta(days=days - 1)


def summarize(user_id: int, period: Period, today: date, since: date | None = None) -> Summary:
    """The present period, without what is older than `since`, and the whole one before it."""
    first, last = bounds(period, today)
    before, _ = bounds(period, first - timedelta(days=1))
    row = _ask(_SUMMARY, user_id, first=before, last=last, present=first, since=max(first, since or first))[0]
    return Summary(row.minutes, row.completed, row.planned, row.minutes_before, row.completed_before)


def list_days(user_id: int, first: date, last: date) -> list[tuple[date, int, int]]:
    """Each day of a span with its minutes and its completed blocks, days without any as well."""
    rows = _ask(_DAYS, user_id, first=first, last=last)
    found = {row.date: (row.minutes, row.completed) for row in rows}
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [(day, *found.get(day, (0, 0))) for day in days]


def list_category_minutes(user_id: int, first: date, last: date) -> list[Record]:
    """Categories with completed blocks in a span, the most minutes first: minutes, completed, and the category's."""
    minutes = _sum(_totals.minutes).label("minutes")
    rows = _read(
        user_id,
        _of(user_id, first, last, _totals.completed > 0)
        .outerjoin(Category, Category.id == _totals.category_id)
        .add_columns(
            minutes,
            _sum(_totals.completed).label("completed"),
            Category.uid,
            Category.name,
            Category.color,
            Category.icon,
            Category.owner_id,
        )
        .group_by(Category.id)
        .order_by(minutes.desc(), Category.id),
    )
    return [row for row in rows if row.uid is not None]


def read_streak(user_id: int, today: date) -> Streak:
    """The streak that goes on today or ended yesterday, and the longest one."""
    rows = _read(
        user_id,
        select(has_dirty_days(user_id).label("is_dirty"), active_months.c.month, active_months.c.days)
        .select_from(User)
        .outerjoin(
            active_months,
            and_(active_months.c.user_id == User.id, active_months.c.month <= month_number(today)),
        )
        .where(User.id == user_id),
    )
    return _streak({row.month: row.days for row in rows if row.month is not None}, today)


def read_focus_score(user_id: int, today: date) -> FocusScore:
    """Deep work, completion and consistency of the last four weeks."""
    visible = or_(Category.owner_id == user_id, Category.owner_id.is_(None))
    is_deep = _totals.category_id.in_(select(Category.id).where(Category.name.in_(DEEP_WORK), visible))
    active_days = func.count(case((_totals.completed > 0, _totals.date)).distinct())
    row = _read(
        user_id,
        _of(user_id, today - timedelta(days=SCORE_DAYS - 1), today).add_columns(
            _sum(_totals.minutes).label("minutes"),
            _sum(_totals.minutes, is_deep).label("deep"),
            _sum(_totals.completed).label("completed"),
            _sum(_totals.planned).label("planned"),
            active_days.label("active"),
        ),
    )[0]
    return FocusScore(
        deep_work=rounded(100 * row.deep, row.minutes),
        completion=rounded(100 * row.completed, row.planned),
        consistency=rounded(100 * row.active, SCORE_DAYS),
    )


def rounded(part: int, whole: int) -> int:
    """`part` ÷ `whole` to the nearest whole number, halves away from zero; of nothing it is 0."""
    if whole == 0:
        return 0
    size = (2 * abs(part) + whole) // (2 * whole)
    return size if part >= 0 else -size


def shares(parts: Sequence[int], whole: int = 1000) -> list[int]:
    """What each part is of `whole`, so that all of them add up to it: the largest remainders are rounded up."""
    total = sum(parts)
    if total == 0:
        return [0 for _ in parts]
    floors = [part * whole // total for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda n: (-(parts[n] * whole % total), n))
    for n in by_remainder[: whole - sum(floors)]:
        floors[n] += 1
    return floors


def _streak(months: Mapping[int, int], today: date) -> Streak:
    """A streak from the bits of each month. What is done ahead of its day counts when its day comes."""
    present = month_number(today)
    days = "".join(_days(month, months.get(month, 0)) for month in range(min(months, default=present), present + 1))
    days = days[: len(days) - _length(present) + today.day]
    until_last = days.rstrip("0")
    if not until_last:
        return Streak(0, 0, None)
    idle = len(days) - len(until_last)
    run = len(until_last) - len(until_last.rstrip("1"))
    return Streak(run if idle <= 1 else 0, max(map(len, days.split("0"))), today - timedelta(days=idle))


def _days(month: int, bits: int) -> str:
    """A month's days in order, `1` for those with work done."""
    return f"{bits:0{_length(month)}b}"[::-1]


def _length(month: int) -> int:
    return monthrange(month // 12, month % 12 + 1)[1]


def _of(user_id: int, first: date, last: date, *also: Any) -> Select[Any]:
    """A user's totals in a span, beside the word whether any are out of date. Without totals there is one row."""
    return (
        select(has_dirty_days(user_id).label("is_dirty"))
        .select_from(User)
        .outerjoin(daily_totals, and_(_totals.user_id == User.id, _totals.date.between(first, last), *also))
        .where(User.id == user_id)
    )


def _sum(figure: Any, condition: Any = None) -> Any:
    counted = figure if condition is None else case((condition, figure), else_=0)
    return cast(func.coalesce(func.sum(counted), 0), Integer)


def _read(user_id: int, statement: Select[Any]) -> Sequence[Record]:
    """The rows of a statement whose first column says whether something must be counted first."""
    return _counted(user_id, lambda: session.execute(statement).all())


def _ask(statement: Statement, user_id: int, **values: Any) -> Sequence[Record]:
    """As `_read`, of a statement that is made once."""
    return _counted(user_id, lambda: statement.rows(user=user_id, **values))


def _counted(user_id: int, rows_of: Callable[[], Sequence[Record]]) -> Sequence[Record]:
    rows = rows_of()
    if rows and rows[0].is_dirty:
        with db.writing():
            refresh(user_id)
        rows = rows_of()
    return rows


_IS_NOW = _totals.date >= bindparam("since", type_=Date())
_IS_BEFORE = _totals.date < bindparam("present", type_=Date())
_SPAN: Any = bindparam("user"), bindparam("first", type_=Date()), bindparam("last", type_=Date())
_SUMMARY = Statement(
    _of(*_SPAN).add_columns(
        _sum(_totals.minutes, _IS_NOW).label("minutes"),
        _sum(_totals.completed, _IS_NOW).label("completed"),
        _sum(_totals.planned, _IS_NOW).label("planned"),
        _sum(_totals.minutes, _IS_BEFORE).label("minutes_before"),
        _sum(_totals.completed, _IS_BEFORE).label("completed_before"),
    )
)
_DAYS = Statement(
    _of(*_SPAN)
    .add_columns(_totals.date, _sum(_totals.minutes).label("minutes"), _sum(_totals.completed).label("completed"))
    .group_by(_totals.date)
)
