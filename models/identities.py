"""Identities: accounts at providers that a user logs in with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from models.api_keys import list_keys
from models.clock import now
from models.db import Base, session
from models.errors import Conflict, EmailTaken, InvalidCredentials
from models.feeds import Feed
from models.letters import send_verification_link
from models.logins import end_logins
from models.users import User, split_name


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who somebody is by a provider's word."""

    provider: str
    subject: str
    """The provider's own id of the account, which never changes hands as an address may."""
    email: str | None
    is_email_verified: bool
    name: str = ""
    avatar_url: str | None = None


class Identity(Base):
    """One provider's account that opens a user's account here."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("provider", "subject"), Index("ix_identities_user_id", "user_id"))

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    provider: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(default=now)

    @classmethod
    def find(cls, visitor: Visitor) -> Self | None:
        """The identity that was linked before."""
        return session.scalar(select(cls).where(cls.provider == visitor.provider, cls.subject == visitor.subject))


def welcome_visitor(visitor: Visitor) -> User:
    """The account of somebody whom a provider vouches for: linked before, found by e-mail, or new.

    Only a verified e-mail address links to an account that exists. Errors: InvalidCredentials, EmailTaken, Conflict.
    """
    identity = Identity.find(visitor)
    if identity is not None:
        return _open(session.get_one(User, identity.user_id))
    if not visitor.email:
        raise Conflict(f"Your {visitor.provider} account shows no e-mail address; add one there, or register here")
    user = User.by_email(visitor.email, includes_deleted=True)
    if user is None:
        user = _register(visitor)
    elif not visitor.is_email_verified:
        raise EmailTaken("An account with this e-mail address exists; log in to it with its password")
    else:
        _open(user)
        _hand_over(user)
    try:
        with session.begin_nested():
            session.add(Identity(user_id=user.id, provider=visitor.provider, subject=visitor.subject))
    except IntegrityError:  # the same visitor in another tab
        linked = Identity.find(visitor)
        if linked is None or linked.user_id != user.id:
            raise
    return user


def _open(user: User) -> User:
    if user.deleted_at is not None:
        raise InvalidCredentials
    return user


def _register(visitor: Visitor) -> User:
    first_name, last_name = split_name(visitor.name)
    user = User.register(visitor.email or "", None, first_name=first_name, last_name=last_name)
    user.avatar_url = visitor.avatar_url
    if visitor.is_email_verified:
        user.email_verified_at = now()
    else:
        send_verification_link(user)
    return user


def _hand_over(user: User) -> None:
    """The owner of the address has come. Who registered it without proof may have been somebody else: he is out."""
    if user.email_verified_at is None:
        user.password_hash = None
        user.email_verified_at = now()
        end_logins(user)
        for key in list_keys(user.id):
            key.revoke()
        if (feed := Feed.of(user.id)) is not None:
            session.delete(feed)
