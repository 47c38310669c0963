"""The members of an organisation, as lists."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select

from models.db import Record, session
from models.organizations import Membership
from models.users import User


def list_members(
    organization_id: int, *, role: str | None = None, is_active: bool | None = None, limit: int, offset: int = 0
) -> list[Record]:
    """Members with their person, the longest-standing first; those who left only where they are asked for."""
    chosen = _MEMBERS.where(*_wanted(organization_id, role, is_active))
    return list(session.execute(chosen.order_by(Membership.id).limit(limit).offset(offset)))


def count_members(organization_id: int, *, role: str | None = None, is_active: bool | None = None) -> int:
    """How many members `list_members` has in all."""
    counted = select(func.count()).select_from(Membership).join(User, User.id == Membership.user_id)
    return session.scalar(counted.where(*_wanted(organization_id, role, is_active))) or 0


def show_member(organization_id: int, user_id: int) -> Record | None:
    """One present member, as `list_members` gives him."""
    return session.execute(_MEMBERS.where(*_wanted(organization_id, None, True), User.id == user_id)).first()


def _wanted(organization_id: int, role: str | None, is_active: bool | None) -> list[ColumnElement[bool]]:
    has_left = Membership.left_at
    wanted = [
        Membership.organization_id == organization_id,
        User.deleted_at.is_(None),
        has_left.is_not(None) if is_active is False else has_left.is_(None),
    ]
    if role is not None:
        wanted.append(Membership.role == role)
    return wanted


_MEMBERS = select(
    Membership.id,
    Membership.role,
    Membership.joined_at,
    Membership.left_at,
    User.id.label("user_id"),
    User.username,
    User.email,
    User.first_name,
    User.last_name,
).join(User, User.id == Membership.user_id)
