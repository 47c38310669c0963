"""Invitations into an organisation: a one-time token of 256 bits, mailed to one address and good for that alone."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, String, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now
from models.db import Base, Record, session
from models.errors import Conflict, Forbidden, LimitReached, NotFound
from models.mail import Mail
from models.organizations import Membership, Organization
from models.permissions import ROLES, check_hands_out, is_allowed
from models.tokens import digest
from models.users import User, email_key
from settings import settings

LIFETIME = timedelta(days=7)
MOST_A_DAY = 500


class Invite(Base):
    """Somebody was asked to join. Only the token's hash is stored."""

    __tablename__ = "invites"
    __table_args__ = (
        CheckConstraint("role IN ('employee', 'manager', 'admin')", name="role"),
        Index("ix_invites_organization_id", "organization_id", "email_key"),
        Index("ix_invites_invited_by_id", "invited_by_id"),
    )

    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    invited_by_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(10))
    message: Mapped[str] = mapped_column(String(2000), default="")
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    accepted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]

    @classmethod
    def send(
        cls, organization: Organization, inviter: User, own_role: str, *, email: str, role: str, message: str = ""
    ) -> tuple[Self, str]:
        """Invite an address by mail; an older invitation of it stops working. Returns the row and the token.

        Errors: Forbidden (a role above the inviter's own), Conflict (a member), LimitReached.
        """
        check_hands_out(own_role, role)
        organization.lock()
        _check_room(organization.id)
        key = email_key(email)
        if _is_member(organization.id, key):
            raise Conflict("This person is a member already")
        session.execute(update(cls).where(*_open(organization.id), cls.email_key == key).values(withdrawn_at=now()))
        token = secrets.token_hex(32)
        invite = cls(
            organization_id=organization.id,
            invited_by_id=inviter.id,
            email=email,
            email_key=key,
            role=role,
            message=message,
            token_hash=digest(token),
            created_at=now(),
            expires_at=now() + LIFETIME,
        )
        session.add(invite)
        session.flush()
        Mail.queue(email, *_letter(organization, inviter, invite, token))
        return invite, token

    @classmethod
    def accept(cls, token: str, user: User) -> tuple[Organization, Membership]:
        """Join with a token. Errors: NotFound, Forbidden (another's, or the inviter may no longer), Conflict (used)."""
        invite = session.scalar(select(cls).where(cls.token_hash == digest(token)))
        if invite is None:
            raise NotFound("This invitation is unknown")
        if invite.email_key != user.email_key:
            raise Forbidden("This invitation is for another e-mail address")
        if invite.withdrawn_at is not None or invite.expires_at <= now():
            raise NotFound("This invitation has expired or was withdrawn")
        organization = session.get_one(Organization, invite.organization_id)
        organization.lock()
        _check_inviter(invite)
        used = session.execute(
            update(cls)
            .where(cls.id == invite.id, cls.accepted_at.is_(None), cls.withdrawn_at.is_(None), cls.expires_at > now())
            .values(accepted_at=now())
        )
        if used.rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
            raise Conflict("This invitation was used already")
        return organization, Membership.join(organization.id, user.id, invite.role)

    @classmethod
    def withdraw(cls, organization_id: int, invite_id: int) -> None:
        """Take an open invitation back. Errors: NotFound."""
        taken = session.execute(
            update(cls).where(*_open(organization_id), cls.id == invite_id).values(withdrawn_at=now())
        )
        if taken.rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
            raise NotFound("Invite not found")


def invite_address(token: str) -> str:
    """The page that an invitation's link opens."""
    return f"{settings.public_url}/invite/{token}"


def show_invitation(token: str) -> Record | None:
    """What the holder of a link may read: organisation, address and role, while it is open."""
    return session.execute(
        select(Invite.email, Invite.role, Organization.name, Invite.expires_at)
        .join(Organization, Organization.id == Invite.organization_id)
        .where(
            Invite.token_hash == digest(token),
            Invite.accepted_at.is_(None),
            Invite.withdrawn_at.is_(None),
            Invite.expires_at > now(),
        )
    ).first()


def list_invites(organization_id: int, *, limit: int, offset: int = 0) -> list[Record]:
    """The open invitations of an organisation, the newest first, without their tokens."""
    wanted = select(
        Invite.id,
        Invite.email,
        Invite.role,
        Invite.expires_at,
        Invite.created_at,
        User.id.label("inviter_id"),
        User.username,
    ).join(User, User.id == Invite.invited_by_id)
    wanted = wanted.where(*_open(organization_id), Invite.expires_at > now())
    return list(session.execute(wanted.order_by(Invite.id.desc()).limit(limit).offset(offset)))


def count_invites(organization_id: int) -> int:
    """How many invitations `list_invites` has in all."""
    wanted = select(func.count()).select_from(Invite).where(*_open(organization_id), Invite.expires_at > now())
    return session.scalar(wanted) or 0


def _open(organization_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        Invite.organization_id == organization_id,
        Invite.accepted_at.is_(None),
        Invite.withdrawn_at.is_(None),
    )


def _check_room(organization_id: int) -> None:
    """Invitations are mail to strangers: an organisation may send only so many a day. Errors: LimitReached."""
    since = now() - timedelta(days=1)
    sent = select(func.count()).where(Invite.organization_id == organization_id, Invite.created_at > since)
    if (session.scalar(sent) or 0) >= MOST_A_DAY:
        raise LimitReached(f"An organization can send {MOST_A_DAY} invitations a day")


def _is_member(organization_id: int, key: str) -> bool:
    found = (
        select(Membership.id)
        .join(User, User.id == Membership.user_id)
        .where(Membership.organization_id == organization_id, Membership.left_at.is_(None), User.email_key == key)
    )
    return session.scalar(found) is not None


def _check_inviter(invite: Invite) -> None:
    """Whether the inviter could still give this role. Errors: Forbidden."""
    role = session.scalar(
        select(Membership.role)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.organization_id == invite.organization_id,
            Membership.user_id == invite.invited_by_id,
            Membership.left_at.is_(None),
            User.deleted_at.is_(None),
        )
    )
    if role is None or not is_allowed(role, "invite member") or ROLES.index(invite.role) > ROLES.index(role):
        raise Forbidden("The person who invited you may no longer do so; ask for a new invitation")


def _letter(organization: Organization, inviter: User, invite: Invite, token: str) -> tuple[str, str]:
    name = " ".join((inviter.name or inviter.username).split())
    team = " ".join(organization.name.split())
    words = f"\n{name} writes:\n\n{invite.message}\n" if invite.message else ""
    return (
        f"{name} invites you to {team}",
        f"Hello,\n\n{name} ({inviter.email}) invites you to join {team} on FocusFlow as {invite.role}.\n"
        f"{words}\n"
        f"Log in to FocusFlow with this address, {invite.email}, and open:\n\n{invite_address(token)}\n\n"
        f"The invitation ends on {invite.expires_at:%d %B %Y}. If you do not know {name}, nothing needs to be done.\n\n"
        "Daybook\n",
    )
