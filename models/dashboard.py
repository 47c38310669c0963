"""An organisation at a glance: today's figures, and what each member is at. Each a bounded number of statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import case, func, or_, select

from models.assignments import team_filter
from models.clock import today
from models.days import Days
from models.db import Record, session
from models.members import list_members
from models.organizations import Membership
from models.presence import IDLE, Presence, presences
from models.projects import Project
from models.tasks import Task
from models.team_time import Scope, done_in, seconds_by_person
from models.users import User

MOST_MEMBERS = 10_000
UNDER_WAY = ("in_progress", "paused")


@dataclass(frozen=True, slots=True)
class MemberNow:
    """A member with what he is at, and his seconds of focus today."""

    member: Record
    presence: Presence
    seconds: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A team's day so far."""

    day: date
    members: Sequence[MemberNow]
    done: int
    in_progress: int

    @property
    def seconds(self) -> int:
        return sum(member.seconds for member in self.members)

    @property
    def active(self) -> int:
        """How many have worked today or are at work."""
        return sum(member.seconds > 0 or member.presence.status != "idle" for member in self.members)

    @property
    def focused(self) -> int:
        return sum(member.presence.status == "focused" for member in self.members)


def overview(organization_id: int, zone: str) -> Overview:
    """What is going on."""
    day = today(zone)
    days = Days(day, day, zone)
    members = list_members(organization_id, limit=MOST_MEMBERS)
    seconds = seconds_by_person(Scope(organization_id, zone), days)
    present = presences(organization_id)
    ours = Task.organization_id == organization_id
    done = session.scalar(select(func.count()).select_from(Task).where(ours, done_in(days)))
    under_way = session.scalar(
        select(func.count()).select_from(Task).where(ours, Task.completed_at.is_(None), Task.status.in_(UNDER_WAY))
    )
    return Overview(
        day,
        [MemberNow(each, present.get(each.user_id, IDLE), seconds.get(each.user_id, 0)) for each in members],
        done or 0,
        under_way or 0,
    )


@dataclass(frozen=True, slots=True)
class Statistics:
    """An organisation in numbers. `active_members` leaves out closed accounts."""

    total_members: int
    active_members: int
    total_projects: int
    tasks_today: int
    done_today: int


def statistics(organization_id: int, zone: str) -> Statistics:
    """How large an organisation is, and what today is about."""
    day = today(zone)
    days = Days(day, day, zone)
    total, active = session.execute(
        select(func.count(), func.coalesce(func.sum(case((User.deleted_at.is_(None), 1), else_=0)), 0))
        .select_from(Membership)
        .join(User, User.id == Membership.user_id)
        .where(Membership.organization_id == organization_id, Membership.left_at.is_(None))
    ).one()
    projects = session.scalar(
        select(func.count()).select_from(Project).where(Project.organization_id == organization_id)
    )
    touched = or_(
        team_filter(organization_id, zone, date=day),
        (Task.organization_id == organization_id) & Task.completed_at.is_(None) & Task.status.in_(UNDER_WAY),
    )
    tasks, done = session.execute(
        select(func.count(), func.coalesce(func.sum(case((done_in(days), 1), else_=0)), 0)).where(touched)
    ).one()
    return Statistics(total, int(active), projects or 0, tasks, int(done))
