"""What an organisation got done: its members side by side, and one project. Each a bounded number of statements.

Days are the organisation's. Everything stands on the organisation's own tasks; a manager's own project shows him his
own work in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select

from models.days import Days
from models.db import Record, session
from models.errors import NotFound
from models.organizations import Membership
from models.projects import Project
from models.tasks import Task
from models.team_time import (
    Hours,
    Scope,
    done_in,
    open_in,
    people_by_hour,
    seconds_by_day,
    seconds_by_person,
    sums_by_project,
    tasks_of,
)
from models.users import User


@dataclass(frozen=True, slots=True)
class Share:
    """One person's part of what was done. `open` counts tasks that were his and not done at the end."""

    user_id: int
    username: str
    first_name: str
    last_name: str
    role: str | None
    seconds: int
    done: int
    open: int

    @property
    def rate(self) -> float:
        """Which part of his tasks he completed; 0 where he had none."""
        return self.done / (self.done + self.open) if self.done + self.open else 0.0


@dataclass(frozen=True, slots=True)
class Performance:
    """What a team did in some days, the most focused first."""

    shares: Sequence[Share]
    hours: Hours

    @property
    def seconds(self) -> int:
        return sum(share.seconds for share in self.shares)

    @property
    def done(self) -> int:
        return sum(share.done for share in self.shares)

    @property
    def members(self) -> int:
        """How many belong to the team now."""
        return sum(share.role is not None for share in self.shares)

    @property
    def rate(self) -> float:
        """The mean of the rates of those who had tasks."""
        rates = [share.rate for share in self.shares if share.done + share.open]
        return sum(rates) / len(rates) if rates else 0.0


def performance(scope: Scope, days: Days) -> Performance:
    """Every member, and those who worked then and have left, with what they did."""
    return Performance(_shares(scope, days), people_by_hour(scope, days))


def _shares(scope: Scope, days: Days) -> list[Share]:
    seconds = seconds_by_person(scope, days)
    counts = {row.owner_id: row for row in session.execute(_counts(scope, days))}
    people = session.execute(_people(scope.organization_id, set(seconds) | {id for id in counts if counts[id].done}))
    shares = []
    for person in people:
        count = counts.get(person.id)
        done, left = (int(count.done), int(count.left)) if count is not None else (0, 0)
        shares.append(
            Share(
                person.id,
                person.username,
                person.first_name,
                person.last_name,
                person.role if person.left_at is None else None,
                seconds.get(person.id, 0),
                done,
                left,
            )
        )
    return sorted(shares, key=lambda share: (-share.seconds, -share.done, share.username))


def _counts(scope: Scope, days: Days, key: Any = Task.owner_id) -> Select[*tuple[Any, ...]]:
    return (
        select(
            key,
            func.sum(case((done_in(days), 1), else_=0)).label("done"),
            func.sum(case((open_in(days), 1), else_=0)).label("left"),
        )
        .where(tasks_of(scope), or_(done_in(days), open_in(days)))
        .group_by(key)
    )


def _people(organization_id: int, worked: set[int]) -> Select[*tuple[Any, ...]]:
    return (
        select(User.id, User.username, User.first_name, User.last_name, Membership.role, Membership.left_at)
        .join(Membership, Membership.user_id == User.id)
        .where(
            Membership.organization_id == organization_id,
            or_(and_(Membership.left_at.is_(None), User.deleted_at.is_(None)), User.id.in_(worked)),
        )
    )


@dataclass(frozen=True, slots=True)
class ProjectLine:
    """One project beside the others; the one without an id holds what lies in none."""

    id: int | None
    name: str
    seconds: int
    done: int
    open: int


def seconds_by_project(scope: Scope, days: Days) -> list[ProjectLine]:
    """Every project that was worked on or has tasks, the most focused first."""
    seconds = sums_by_project(scope, days)
    counts = {
        row.project_id: (int(row.done), int(row.left))
        for row in session.execute(_counts(scope, days, Task.project_id.label("project_id")))
    }
    ids = {*seconds, *counts}
    chosen = select(Project.id, Project.name).where(Project.id.in_([id for id in ids if id is not None]))
    names = {row.id: row.name for row in session.execute(chosen)}
    lines = [
        ProjectLine(id, names.get(id or 0, "No project"), seconds.get(id, 0), *counts.get(id, (0, 0))) for id in ids
    ]
    return sorted(lines, key=lambda line: (-line.seconds, -line.done, line.name))


def find_project(organization_id: int, asker_id: int, project_id: int) -> Record:
    """One of the organisation's projects, or of the asker's own: id, name, organization_id. Errors: NotFound."""
    row = session.execute(
        select(Project.id, Project.name, Project.organization_id).where(
            Project.id == project_id,
            or_(
                Project.organization_id == organization_id,
                and_(Project.organization_id.is_(None), Project.owner_id == asker_id),
            ),
        )
    ).first()
    if row is None:
        raise NotFound("Project not found")
    return row


@dataclass(frozen=True, slots=True)
class ProjectFigures:
    """One project in some days. `total` counts the tasks that it had then, `in_progress` those begun and not done."""

    shares: Sequence[Share]
    total: int
    done: int
    in_progress: int
    seconds_by_day: dict[date, int]
    done_by_day: dict[date, int]


def project_figures(scope: Scope, days: Days) -> ProjectFigures:
    """How a project went."""
    began = and_(open_in(days), Task.status.in_(("in_progress", "paused")))
    total, done, in_progress = session.execute(
        select(
            func.coalesce(func.sum(case((or_(done_in(days), open_in(days)), 1), else_=0)), 0),
            func.coalesce(func.sum(case((done_in(days), 1), else_=0)), 0),
            func.coalesce(func.sum(case((began, 1), else_=0)), 0),
        ).where(tasks_of(scope))
    ).one()
    number = days.number_of(Task.completed_at).label("number")
    by_day = session.execute(select(number, func.count()).where(tasks_of(scope), done_in(days)).group_by("number"))
    done_by_day = {days.day(day): count for day, count in by_day}
    shares = [share for share in _shares(scope, days) if share.seconds or share.done]
    return ProjectFigures(shares, int(total), int(done), int(in_progress), seconds_by_day(scope, days), done_by_day)
