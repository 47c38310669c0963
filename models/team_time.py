"""How long an organisation's members focused on its tasks: by person, by day, by hour. Each a statement or two.

Only sessions that belonged to the organisation count, so personal work cannot get in. The whole of it is read from its
days (models/team_days.py), one project's part from the stretches. A running clock counts up to this moment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from models.clock import local
from models.days import Days
from models.db import session
from models.focus import FocusSession
from models.focus_stats import LONGEST_STRETCH
from models.local_hours import hour_number
from models.presence import Presence, presences
from models.stretches import stretches
from models.tasks import Task
from models.team_days import team_days
from settings import settings


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose work is asked for: the organisation's, perhaps of one person, perhaps of one project.

    With `is_personal` it is that person's own work in his own project, which is no organisation's.
    """

    organization_id: int
    zone: str
    user_id: int | None = None
    project_id: int | None = None
    is_personal: bool = False


@dataclass(slots=True)
class Hours:
    """People at work by hour of the day: how many hours of work began or went on in it, and its seconds."""

    people: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    days: int = 0


def seconds_by_person(scope: Scope, days: Days) -> dict[int, int]:
    """Seconds of focus of each person who worked in some days."""
    found: dict[int, int] = defaultdict(int)
    if scope.project_id is None:
        found.update(_summed(scope, days, team_days.c.user_id))
    else:
        for owner, start, end, seconds, is_inside in _sums(scope, days, stretches.c.owner_id):
            found[owner] += seconds if is_inside else sum(share for _, share in days.split(start, end, seconds))
    for owner, live in _running(scope):
        found[owner] += sum(share for _, share in _shares(live, days))
    return {owner: seconds for owner, seconds in found.items() if seconds}


def sums_by_project(scope: Scope, days: Days) -> dict[int | None, int]:
    """Seconds of focus for each project; None for what lies in none."""
    found: dict[int | None, int] = defaultdict(int)
    is_inside = and_(stretches.c.started_at >= days.start, stretches.c.ended_at < days.end)
    chosen = (
        select(
            Task.project_id,
            func.min(stretches.c.started_at),
            func.max(stretches.c.ended_at),
            func.sum(stretches.c.seconds),
            case((is_inside, None), else_=stretches.c.id).label("alone"),
        )
        .outerjoin(Task, Task.id == worked_on(scope))
        .where(*within(scope, days))
        .group_by(Task.project_id, "alone")
    )
    for project, start, end, seconds, id in session.execute(chosen):
        found[project] += int(seconds) if id is None else sum(part for _, part in days.split(start, end, int(seconds)))
    for _, live in _running(scope):
        found[live.project_id] += sum(share for _, share in _shares(live, days))
    return {project: seconds for project, seconds in found.items() if seconds}


def seconds_by_day(scope: Scope, days: Days) -> dict[date, int]:
    """Seconds of focus on each day on which there was work."""
    found: dict[date, int] = defaultdict(int)
    if scope.project_id is None:
        found.update(_summed(scope, days, team_days.c.day))
    else:
        began, ended = (days.number_of(column) for column in (stretches.c.started_at, stretches.c.ended_at))
        for day, start, end, seconds, is_inside in _sums(scope, days, began, ends=ended):
            for on, share in [(days.day(day), seconds)] if is_inside else days.split(start, end, seconds):
                found[on] += share
    for _, live in _running(scope):
        for on, share in _shares(live, days):
            found[on] += share
    return {day: found[day] for day in sorted(found) if found[day]}


def seconds_by_person_and_day(scope: Scope, days: Days, user_ids: Sequence[int]) -> dict[tuple[int, date], int]:
    """Seconds of focus of some people on each day on which they worked."""
    found: dict[tuple[int, date], int] = defaultdict(int)
    for person, day, seconds in session.execute(
        select(team_days.c.user_id, team_days.c.day, team_days.c.seconds).where(
            *_days_of(scope, days), team_days.c.user_id.in_(user_ids)
        )
    ):
        found[person, day] = seconds
    for owner, live in _running(scope):
        for day, share in _shares(live, days) if owner in user_ids else ():
            found[owner, day] += share
    return found


def people_by_hour(scope: Scope, days: Days) -> Hours:
    """How many people were at work in each hour of the day, summed over the days on which anybody was."""
    if scope.project_id is None:
        return _people_by_hour(scope, days)
    first = hour_number(stretches.c.started_at, days.first, days.last, scope.zone)
    last = hour_number(stretches.c.ended_at, days.first, days.last, scope.zone)
    present: set[tuple[int, int]] = set()
    chosen = select(stretches.c.owner_id, first, last).where(*within(scope, days)).distinct()
    for owner, began, ended in session.execute(chosen):
        present |= {(owner, number) for number in range(began, ended + 1) if 0 <= number < days.count * 24}
    found = Hours(days=len({number // 24 for _, number in present}))
    for _, number in present:
        found.people[number % 24] += 1
    return found


def _people_by_hour(scope: Scope, days: Days) -> Hours:
    """People's days are gathered by their hours, of which there are few: 24 sums over all of them take long."""
    wanted = _days_of(scope, days)
    active = select(team_days.c.day).where(*wanted).distinct().subquery()
    found = Hours(days=session.scalar(select(func.count()).select_from(active)) or 0)
    alike = select(team_days.c.hours, func.count()).where(*wanted).group_by(team_days.c.hours)
    for hours, count in session.execute(alike):
        for hour in range(24):
            if hours >> hour & 1:
                found.people[hour] += count
    return found


def seconds_by_hour(scope: Scope, days: Days) -> dict[int, int]:
    """Seconds of focus by the hour of the day in which each stretch began."""
    hour = hour_number(stretches.c.started_at, days.first, days.last, scope.zone)
    found: dict[int, int] = defaultdict(int)
    chosen = select(hour.label("hour"), func.sum(stretches.c.seconds)).where(*within(scope, days)).group_by("hour")
    for number, seconds in session.execute(chosen):
        if 0 <= number < days.count * 24:
            found[number % 24] += int(seconds)
    for _, live in _running(scope):
        if live.since is not None and live.until is not None and live.until > days.start and live.since < days.end:
            found[local(live.since, scope.zone).hour] += live.seconds
    return dict(found)


def _summed(scope: Scope, days: Days, key: Any) -> dict[Any, int]:
    chosen = select(key, func.sum(team_days.c.seconds)).where(*_days_of(scope, days)).group_by(key)
    return {group: int(seconds) for group, seconds in session.execute(chosen)}


def _days_of(scope: Scope, days: Days) -> list[ColumnElement[bool]]:
    wanted = [
        team_days.c.organization_id == scope.organization_id,
        team_days.c.day >= days.first,
        team_days.c.day <= days.last,
    ]
    if scope.user_id is not None:
        wanted.append(team_days.c.user_id == scope.user_id)
    return wanted


def _sums(scope: Scope, days: Days, key: Any, ends: Any = None) -> Iterator[tuple[Any, datetime, datetime, int, bool]]:
    """Sums by key of the stretches inside the days (inside one day, with `ends`); those over an edge one by one."""
    inside = [stretches.c.started_at >= days.start, stretches.c.ended_at < days.end]
    if ends is not None:
        inside.append(key == ends)
    is_inside = and_(*inside)
    alone = case((is_inside, None), else_=stretches.c.id)
    chosen = (
        select(
            key.label("key"),
            func.min(stretches.c.started_at),
            func.max(stretches.c.ended_at),
            func.sum(stretches.c.seconds),
            alone.label("alone"),
        )
        .where(*within(scope, days))
        .group_by("key", "alone")
    )
    for group, start, end, seconds, id in session.execute(chosen):
        yield group, start, end, int(seconds), id is None


def within(scope: Scope, days: Days) -> list[ColumnElement[bool]]:
    """Which stretches a scope is about in some days, those over an edge among them."""
    belongs = stretches.c.organization_id == scope.organization_id
    wanted = [
        stretches.c.organization_id.is_(None) if scope.is_personal else belongs,
        stretches.c.started_at > days.start - LONGEST_STRETCH,
        stretches.c.started_at < days.end,
        stretches.c.ended_at > days.start,
    ]
    if scope.user_id is not None:
        wanted.append(stretches.c.owner_id == scope.user_id)
    if scope.project_id is not None:
        wanted.append(_is_for(scope, select(Task.id).where(Task.project_id == scope.project_id)))
    return wanted


def _is_for(scope: Scope, tasks: Any) -> ColumnElement[bool]:
    """Which stretches were for these tasks."""
    # As an array they are looked up one by one; joined, PostgreSQL would read the whole team's time instead, which
    # takes ten times as long for one project's year.
    if settings.on_sqlite or scope.is_personal:
        found: ColumnElement[bool] = worked_on(scope).in_(tasks)
        return found
    return stretches.c.task_id == func.any(func.array(tasks.scalar_subquery()))


def worked_on(scope: Scope) -> Any:
    """The task that a stretch was for. Personal stretches know only their session."""
    if not scope.is_personal:
        return stretches.c.task_id
    return select(FocusSession.task_id).where(FocusSession.id == stretches.c.session_id).scalar_subquery()


def _running(scope: Scope) -> Iterator[tuple[int, Presence]]:
    whose = None if scope.user_id is None else [scope.user_id]
    for owner, live in presences(scope.organization_id, whose).items():
        if live.seconds and (scope.project_id is None or live.project_id == scope.project_id):
            yield owner, live


def _shares(live: Presence, days: Days) -> list[tuple[date, int]]:
    if live.since is None or live.until is None or live.since >= days.end or live.until <= days.start:
        return []
    return days.split(live.since, live.until, live.seconds)


def tasks_of(scope: Scope) -> ColumnElement[bool]:
    """Which tasks a scope is about."""
    belongs = Task.organization_id == scope.organization_id
    wanted = [Task.organization_id.is_(None) if scope.is_personal else belongs]
    if scope.user_id is not None:
        wanted.append(Task.owner_id == scope.user_id)
    if scope.project_id is not None:
        wanted.append(Task.project_id == scope.project_id)
    return and_(*wanted)


def open_in(days: Days) -> ColumnElement[bool]:
    """Which tasks were somebody's to do and not done when some days ended."""
    given = func.coalesce(Task.assigned_at, Task.created_at)
    return and_(given < days.end, or_(Task.completed_at.is_(None), Task.completed_at >= days.end))


def done_in(days: Days) -> ColumnElement[bool]:
    """Which tasks were completed in some days."""
    return and_(Task.completed_at >= days.start, Task.completed_at < days.end)
