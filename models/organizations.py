"""Organisations and their members.

To somebody who is no member an organisation does not exist. A member who leaves keeps the row, so that what he did
there keeps its author; `left_at` takes every right away at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Self

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    Time,
    UniqueConstraint,
    exists,
    func,
    select,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now
from models.db import Base, Record, session
from models.errors import Conflict, Invalid, NotFound
from models.events import record
from models.permissions import Role, check
from models.users import User

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?", re.ASCII)
WEEKDAYS = "12345"
MOST = 100
"""Of one owner."""


@dataclass(frozen=True, slots=True)
class MembershipChanged:
    """Somebody joined, left or has another role: what he hears and sees from now on is not what it was."""

    organization_id: int
    user_id: int


class Organization(Base):
    """A team with its rules for work."""

    __tablename__ = "organizations"
    __table_args__ = (CheckConstraint("default_pomodoro_duration BETWEEN 1 AND 240", name="pomodoro"),)

    name: Mapped[str]
    slug: Mapped[str] = mapped_column(String(100), unique=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    default_pomodoro_duration: Mapped[int] = mapped_column(default=25)
    require_task_estimates: Mapped[bool] = mapped_column(default=False)
    work_starts: Mapped[time] = mapped_column(Time(), default=time(9))
    work_ends: Mapped[time] = mapped_column(Time(), default=time(17))
    work_days: Mapped[str] = mapped_column(String(7), default=WEEKDAYS)
    """ISO weekdays, Monday is 1."""
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    counted_in: Mapped[str | None] = mapped_column(String(64))
    """The zone that the days of `models/team_days.py` were counted in; the present one where there is none."""
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)

    @classmethod
    def create(cls, owner: User, *, name: str, slug: str, **rules: Any) -> Self:
        """Make an organisation; its maker is its admin. Errors: Invalid, Conflict (slug taken, too many)."""
        if SLUG.fullmatch(slug) is None:
            # Only these letters: no slug can look like another one.
            raise Invalid({"slug": ["Use a-z, 0-9 and hyphens, with a letter or digit at both ends"]})
        owner.lock()
        if (session.scalar(select(func.count()).where(cls.owner_id == owner.id)) or 0) >= MOST:
            raise Conflict(f"An account may own {MOST} organizations")  # each of them may write to strangers
        organization = cls(name=name, slug=slug, owner_id=owner.id, **{"timezone": owner.timezone, **rules})
        organization._check_hours()
        try:
            with session.begin_nested():
                session.add(organization)
                session.flush()
        except IntegrityError as error:
            raise Conflict("An organization with this slug exists already") from error
        session.add(Membership(organization_id=organization.id, user_id=owner.id, role="admin"))
        session.flush()
        return organization

    def change(self, **values: Any) -> None:
        """Change name or rules. The slug stays: addresses that people keep must never lead elsewhere."""
        if "timezone" in values and self.counted_in is None:
            self.counted_in = self.timezone  # until a worker has counted the days anew
        for name, value in values.items():
            setattr(self, name, value)
        if self.counted_in == self.timezone:
            self.counted_in = None
        self._check_hours()

    def _check_hours(self) -> None:
        if self.work_starts is not None and self.work_ends is not None and self.work_starts >= self.work_ends:
            raise Invalid({"working_hours": ["The end must be after the start"]})

    def lock(self) -> None:
        """Let no other transaction change who is in it until this one ends."""
        session.execute(select(Organization.id).where(Organization.id == self.id).with_for_update())


class Membership(Base):
    """A person's place in an organisation."""

    __tablename__ = "memberships"
    __table_args__ = (
        CheckConstraint("role IN ('employee', 'manager', 'admin')", name="role"),
        UniqueConstraint("organization_id", "user_id"),
        Index("ix_memberships_user_id", "user_id", "left_at"),
    )

    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(String(10))
    joined_at: Mapped[datetime] = mapped_column(default=now)
    left_at: Mapped[datetime | None]
    idle_noted: Mapped[datetime | None]
    """The beginning of the last pause that the managers were told of."""

    @classmethod
    def of(cls, organization_id: int, user_id: int) -> Self:
        """A present member. Errors: NotFound."""
        member = session.scalar(
            select(cls).where(cls.organization_id == organization_id, cls.user_id == user_id, cls.left_at.is_(None))
        )
        if member is None:
            raise NotFound("Member not found")
        return member

    @classmethod
    def join(cls, organization_id: int, user_id: int, role: str) -> Self:
        """Take somebody in, or in again. Errors: Conflict, when he is a member."""
        member = session.scalar(
            select(cls).where(cls.organization_id == organization_id, cls.user_id == user_id).with_for_update()
        )
        if member is None:
            member = cls(organization_id=organization_id, user_id=user_id, role=role)
            session.add(member)
        elif member.left_at is None:
            raise Conflict("You are a member of this organization already")
        else:
            member.role, member.joined_at, member.left_at = role, now(), None
        session.flush()
        record(MembershipChanged(organization_id, user_id))
        return member

    def change_role(self, role: Role) -> None:
        """Give a member another role. Errors: Conflict, when nobody would be left to run the organisation."""
        self._keep_an_admin(stays=role == "admin")
        self.role = role
        record(MembershipChanged(self.organization_id, self.user_id))

    def end(self) -> None:
        """End a membership; `departures.take_out` sees to what follows. Errors: Conflict (the last admin)."""
        self._keep_an_admin(stays=False)
        self.left_at = now()
        record(MembershipChanged(self.organization_id, self.user_id))

    def _keep_an_admin(self, *, stays: bool) -> None:
        session.get_one(Organization, self.organization_id).lock()
        session.refresh(self)  # as it is now that nobody else can change it
        if stays or self.role != "admin":
            return
        others = select(func.count()).select_from(Membership).join(User, User.id == Membership.user_id)
        others = others.where(
            Membership.organization_id == self.organization_id,
            Membership.role == "admin",
            Membership.left_at.is_(None),
            Membership.user_id != self.user_id,
            User.deleted_at.is_(None),
        )
        if not session.scalar(others):
            raise Conflict("An organization needs an admin: make somebody else an admin first")


_SEAT = (
    select(
        Organization.id,
        Organization.slug,
        Organization.name,
        Organization.timezone,
        Organization.owner_id,
        Membership.role,
        Membership.user_id,
    )
    .join(Membership, Membership.organization_id == Organization.id)
    .where(Membership.left_at.is_(None))
)


def seat_of(user_id: int, slug: str) -> Record:
    """A member's place: id, slug, name, timezone, owner_id of the organisation, his role. Errors: NotFound."""
    row = session.execute(_SEAT.where(Organization.slug == slug, Membership.user_id == user_id)).first()
    if row is None:
        raise NotFound("Organization not found")
    return row


def seat_named(user_id: int, slug: str, action: str, field: str = "organization") -> Record:
    """A member's place in the organisation that a request's body names. Errors: Invalid, Forbidden (his role)."""
    try:
        seat = seat_of(user_id, slug)
    except NotFound as error:
        raise Invalid({field: ["There is no such organization"]}) from error
    check(seat.role, action)
    return seat


def is_member(user_id: int, organization_id: Any) -> ColumnElement[bool]:
    """In SQL: whether somebody belongs to the organisation of that number or column."""
    return (
        exists()
        .where(
            Membership.organization_id == organization_id,
            Membership.user_id == user_id,
            Membership.left_at.is_(None),
        )
        .correlate_except(Membership)
    )


def list_organizations(user_id: int, *, limit: int, offset: int = 0) -> list[Record]:
    """The organisations that somebody belongs to, with his role, the oldest first."""
    wanted = _SEAT.add_columns(Organization.is_active, Organization.created_at).where(Membership.user_id == user_id)
    return list(session.execute(wanted.order_by(Organization.id).limit(limit).offset(offset)))


def count_organizations(user_id: int) -> int:
    """How many organisations `list_organizations` has in all."""
    wanted = _SEAT.where(Membership.user_id == user_id).subquery()
    return session.scalar(select(func.count()).select_from(wanted)) or 0


def present_members(organization_id: int) -> Select[Any]:
    """Ids of the people who belong to an organisation now, for other statements to stand on."""
    return (
        select(Membership.user_id)
        .join(User, User.id == Membership.user_id)
        .where(Membership.organization_id == organization_id, Membership.left_at.is_(None), User.deleted_at.is_(None))
    )


def admins_of(organization_id: int) -> list[User]:
    """The people who run an organisation."""
    wanted = present_members(organization_id).where(Membership.role == "admin")
    return list(session.scalars(select(User).where(User.id.in_(wanted)).order_by(User.id)))
