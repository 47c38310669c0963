"""What one member did for his organisation: what a manager sees of him, and he himself as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, literal, select

from models.clock import day_start, today
from models.days import Days
from models.db import Record, session
from models.focus import FocusSession
from models.focus_stats import Streak, streak_of
from models.local_hours import hour_number
from models.tasks import Task
from models.team_time import Scope, done_in, seconds_by_day, seconds_by_hour, tasks_of

RECENT = 10
PEAK_SHARE = 0.6
"""Hours with at least this share of the best hour's time belong to a peak."""
STREAK = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class PersonFigures:
    """One member in some days, and what he is at."""

    seconds: int
    active_days: int
    done: int
    done_seconds: int
    streak: Streak
    recent: Sequence[Record]
    hours: dict[int, int]


def person_figures(scope: Scope, days: Days) -> PersonFigures:
    """What one member did for the organisation."""
    by_day = seconds_by_day(scope, days)
    done, done_seconds = session.execute(
        select(func.count(), func.coalesce(func.sum(Task.focus_seconds), 0)).where(tasks_of(scope), done_in(days))
    ).one()
    return PersonFigures(
        sum(by_day.values()),
        len(by_day),
        done,
        int(done_seconds),
        _streak(scope),
        _recent(scope),
        seconds_by_hour(scope, days),
    )


def _recent(scope: Scope) -> list[Record]:
    latest = func.coalesce(Task.completed_at, Task.started_at, Task.assigned_at, Task.created_at)
    chosen = select(Task.id, Task.title, Task.status, Task.focus_seconds).where(tasks_of(scope))
    return list(session.execute(chosen.order_by(latest.desc(), Task.id.desc()).limit(RECENT)))


def _streak(scope: Scope) -> Streak:
    """Consecutive days with a pomodoro for the organisation, by its own days."""
    present = today(scope.zone)
    first = present - STREAK
    number = hour_number(FocusSession.started_at, first, present, scope.zone) // literal(24)
    active = session.scalars(
        select(number)
        .where(
            FocusSession.owner_id == scope.user_id,
            FocusSession.organization_id == scope.organization_id,
            FocusSession.pomodoros > 0,
            FocusSession.started_at >= day_start(first, scope.zone),
        )
        .distinct()
    )
    return streak_of([first + timedelta(days=each) for each in sorted(active)], present)


def peaks(hours: dict[int, int], most: int = 2) -> list[tuple[int, int]]:
    """The stretches of the day with the most focus, as hours from and to, in the order of the day."""
    best = max(hours.values(), default=0)
    strong = [hour for hour in range(24) if best and hours.get(hour, 0) >= best * PEAK_SHARE]
    spans: list[list[int]] = []
    for hour in strong:
        if spans and spans[-1][1] == hour:
            spans[-1][1] = hour + 1
        else:
            spans.append([hour, hour + 1])
    spans.sort(key=lambda span: -sum(hours.get(hour, 0) for hour in range(*span)))
    return sorted((start, end) for start, end in spans[:most])
