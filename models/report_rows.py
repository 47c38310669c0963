"""The long lists behind a team's reports, read a piece at a time, so that no size of team fills the memory.

Each piece is a short read of its own: nothing is held open while a file is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from models import db
from models.days import Days
from models.db import Record, session
from models.members import list_members
from models.projects import Project
from models.stretches import stretches
from models.tasks import Task
from models.team_time import Scope, done_in, open_in, seconds_by_person_and_day, tasks_of, within, worked_on
from models.users import User

CHUNK = 2000
PEOPLE = 50
_NO_PROJECT = 2**62


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A task with its seconds of focus in the days of the report."""

    task: Record
    seconds: int


@dataclass(frozen=True, slots=True)
class DayLine:
    """What one member did on one day."""

    day: date
    member: Record
    seconds: int
    done: int


def count_task_lines(scope: Scope, days: Days) -> int:
    """How many lines `task_lines` has."""
    return session.scalar(select(func.count()).select_from(Task).where(_reported(scope, days))) or 0


def task_lines(scope: Scope, days: Days) -> Iterator[TaskLine]:
    """Tasks that were completed in some days or still open at their end, project by project."""
    place = (0, 0)
    key = func.coalesce(Task.project_id, _NO_PROJECT)
    while True:
        with db.transaction(reading=True):
            rows = list(
                session.execute(
                    _TASKS.where(_reported(scope, days), or_(key > place[0], and_(key == place[0], Task.id > place[1])))
                    .order_by(key, Task.id)
                    .limit(CHUNK)
                )
            )
            worked = _seconds(scope, days, rows)
        yield from (TaskLine(row, worked.get(row.id, 0)) for row in rows)
        if len(rows) < CHUNK:
            return
        place = (rows[-1].project_id or _NO_PROJECT, rows[-1].id)


def _reported(scope: Scope, days: Days) -> ColumnElement[bool]:
    return and_(tasks_of(scope), or_(done_in(days), open_in(days)))


def _seconds(scope: Scope, days: Days, rows: list[Record]) -> dict[int, int]:
    """Seconds of focus that some tasks got in some days; what runs over an edge counts with its part inside."""
    if not rows:
        return {}
    inside = and_(stretches.c.started_at >= days.start, stretches.c.ended_at < days.end)
    alone = case((inside, None), else_=stretches.c.id).label("alone")
    task = worked_on(scope).label("task")
    low, high = min(row.id for row in rows), max(row.id for row in rows)
    chosen = (
        select(
            task, func.min(stretches.c.started_at), func.max(stretches.c.ended_at), func.sum(stretches.c.seconds), alone
        )
        .where(*within(scope, days), task.between(low, high))
        .group_by("task", "alone")
    )
    found: dict[int, int] = {}
    for task, start, end, seconds, id in session.execute(chosen):
        share = int(seconds) if id is None else sum(part for _, part in days.split(start, end, int(seconds)))
        found[task] = found.get(task, 0) + share
    return found


def day_lines(scope: Scope, days: Days) -> Iterator[DayLine]:
    """Member by member, the days on which each did something."""
    offset = 0
    while True:
        with db.transaction(reading=True):
            members = list_members(scope.organization_id, limit=PEOPLE, offset=offset)
            wanted = [row for row in members if scope.user_id in (None, row.user_id)]
            ids = [row.user_id for row in wanted]
            seconds = seconds_by_person_and_day(scope, days, ids) if ids else {}
            done = _done(scope, days, ids) if ids else {}
        for member in wanted:
            worked = {day for person, day in [*seconds, *done] if person == member.user_id}
            for day in sorted(worked):
                place = (member.user_id, day)
                yield DayLine(day, member, seconds.get(place, 0), done.get(place, 0))
        if len(members) < PEOPLE:
            return
        offset += PEOPLE


def _done(scope: Scope, days: Days, user_ids: list[int]) -> dict[tuple[int, date], int]:
    number = days.number_of(Task.completed_at).label("number")
    chosen = (
        select(Task.owner_id, number, func.count())
        .where(tasks_of(scope), Task.owner_id.in_(user_ids), done_in(days))
        .group_by(Task.owner_id, "number")
    )
    return {(owner, days.day(day)): count for owner, day, count in session.execute(chosen)}


_TASKS = (
    select(
        Task.id,
        Task.title,
        Task.status,
        Task.priority,
        Task.estimated_pomodoros,
        Task.pomodoros,
        Task.created_at,
        Task.started_at,
        Task.completed_at,
        Task.project_id,
        Project.name.label("project_name"),
        User.username,
        User.first_name,
        User.last_name,
    )
    .join(User, User.id == Task.owner_id)
    .outerjoin(Project, Project.id == Task.project_id)
)
