"""What happens when somebody's place in an organisation changes: his clock stops there, and his open apps forget."""

from __future__ import annotations

from sqlalchemy import delete, select, update

from models.activity import MANAGERS_HEAR, note_membership
from models.db import session
from models.focus import FocusSession, hold_timer
from models.live import LiveEvent, write
from models.organizations import Membership, Organization, admins_of
from models.permissions import Role, is_allowed
from models.projects import Project
from models.users import User

MEMBERSHIP_ENDED = "membership_ended"
"""What a person's open apps are told last: their sockets close after it, within seconds also without Redis."""


def take_out(organization: Organization, user_id: int) -> None:
    """End a membership. What he did stays the organisation's. Errors: NotFound, Conflict (the last admin)."""
    member = Membership.of(organization.id, user_id)
    member.end()
    person = session.get_one(User, user_id)
    note_membership(organization, person, "member_left", member.role)
    _stop_clocks(organization.id, user_id)
    _hand_over_projects(organization.id, user_id)
    _forget_channel(user_id)
    write(user_id, MEMBERSHIP_ENDED, {"organization": {"id": organization.id, "slug": organization.slug}})


def give_role(organization: Organization, user_id: int, role: Role) -> Membership:
    """Give a member another role. Errors: NotFound, Conflict (the last admin)."""
    member = Membership.of(organization.id, user_id)
    if member.role == role:
        return member
    member.change_role(role)
    note_membership(organization, session.get_one(User, user_id), "role_changed", role)
    if not is_allowed(role, "hear the manager channel"):
        _forget_channel(user_id)
    return member


def _stop_clocks(organization_id: int, user_id: int) -> None:
    """Work on the organisation's tasks ends here; it counts up to now."""
    hold_timer(user_id)
    still_open = session.scalars(
        select(FocusSession).where(
            FocusSession.owner_id == user_id,
            FocusSession.organization_id == organization_id,
            FocusSession.ended_at.is_(None),
        )
    )
    for each in list(still_open):
        each.abandon()


def _hand_over_projects(organization_id: int, user_id: int) -> None:
    """An organisation's projects need somebody in it who can change them."""
    heirs = [admin.id for admin in admins_of(organization_id) if admin.id != user_id]
    if heirs:
        session.execute(
            update(Project)
            .where(Project.organization_id == organization_id, Project.owner_id == user_id)
            .values(owner_id=heirs[0])
        )


def _forget_channel(user_id: int) -> None:
    """What the manager channel said may not be asked for again."""
    told = (LiveEvent.user_id == user_id, LiveEvent.kind.in_(MANAGERS_HEAR.values()))
    session.execute(delete(LiveEvent).where(*told))
