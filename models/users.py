"""People. One account opens all five doors."""

from __future__ import annotations

import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import ColumnElement, ForeignKey, String, and_, false, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now
from models.db import Base, session
from models.errors import Conflict, EmailTaken
from models.events import record
from models.passwords import check_rules, hash_password

RESTORE_DAYS = 30
NOWHERE = "former.invalid"
"""No mail can ever be sent there, so nobody can have registered with it and read its mail (RFC 2606)."""


@dataclass(frozen=True, slots=True)
class UserRegistered:
    """An account was made."""

    user_id: int


@dataclass(frozen=True, slots=True)
class UserDeleted:
    """An account was closed; it can be restored until it is purged."""

    user_id: int


class User(Base):
    """A person with an account, with the settings that every contract shows a part of."""

    __tablename__ = "users"

    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), unique=True)
    username: Mapped[str] = mapped_column(String(150))
    username_key: Mapped[str] = mapped_column(String(150), unique=True)
    first_name: Mapped[str] = mapped_column(String(200), default="")
    last_name: Mapped[str] = mapped_column(String(200), default="")
    password_hash: Mapped[str | None]
    email_verified_at: Mapped[datetime | None]
    avatar_url: Mapped[str | None] = mapped_column(String(2000))
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    plan: Mapped[str] = mapped_column(String(20), default="free")
    theme: Mapped[str] = mapped_column(String(10), default="system")
    high_contrast: Mapped[bool] = mapped_column(default=False)
    reduce_motion: Mapped[bool] = mapped_column(default=False)
    text_size: Mapped[str] = mapped_column(String(10), default="medium")
    block_reminder: Mapped[bool] = mapped_column(default=True)
    reminder_minutes: Mapped[int] = mapped_column(default=5)
    events_as_blocks: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether events of a connected calendar become time blocks."""
    daily_summary: Mapped[bool] = mapped_column(default=True)
    focus_duration: Mapped[int] = mapped_column(default=25)
    short_break: Mapped[int] = mapped_column(default=5)
    long_break: Mapped[int] = mapped_column(default=15)
    long_break_interval: Mapped[int] = mapped_column(default=4)
    created_at: Mapped[datetime] = mapped_column(default=now)
    deleted_at: Mapped[datetime | None] = mapped_column(index=True)

    @classmethod
    def register(
        cls,
        email: str,
        password: str | None,
        *,
        username: str | None = None,
        first_name: str = "",
        last_name: str = "",
        timezone: str = "UTC",
        shortest_password: int = 8,
    ) -> Self:
        """Make an account. Without a username one is made from the e-mail. Errors: EmailTaken, Conflict, Invalid."""
        if password is not None:
            check_rules(password, shortest=shortest_password)
        key = email_key(email)
        if session.scalar(select(cls.id).where(cls.email_key == key)) is not None:
            raise EmailTaken
        if username is not None and _username_taken(username):
            raise Conflict("This username is already taken")
        user = cls(
            email=email.strip(),
            email_key=key,
            username=username or _free_username(key),
            username_key="",
            password_hash=None if password is None else hash_password(password),
            first_name=first_name,
            last_name=last_name,
            timezone=timezone,
        )
        user.username_key = user.username.casefold()
        session.add(user)
        try:
            session.flush()
        except IntegrityError as error:  # two registrations at the same moment
            raise EmailTaken if "email" in str(error.orig) else Conflict("This username is already taken") from error
        record(UserRegistered(user.id))
        return user

    @classmethod
    def former(cls) -> Self:
        """Somebody who was erased: no name, no address, no way in; what an organisation keeps of his stands here."""
        mark = secrets.token_hex(6)
        user = cls(
            email=f"{mark}@{NOWHERE}",
            email_key=f"{mark}@{NOWHERE}",
            username=f"former-member-{mark}",
            username_key=f"former-member-{mark}",
            first_name="Former",
            last_name="member",
        )
        session.add(user)
        session.flush()
        return user

    @classmethod
    def is_former(cls) -> ColumnElement[bool]:
        """In SQL: whether a row was made by `former`."""
        return and_(cls.email_key.like(f"%@{NOWHERE}"), cls.password_hash.is_(None))  # who registers has a password

    @classmethod
    def by_email(cls, email: str, *, includes_deleted: bool = False) -> Self | None:
        """The account with this e-mail address, without regard to case; a closed one only where it is asked for."""
        found = select(cls).where(cls.email_key == email_key(email))
        return session.scalar(found if includes_deleted else found.where(cls.deleted_at.is_(None)))

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @name.setter
    def name(self, value: str) -> None:
        self.first_name, self.last_name = split_name(value)

    @property
    def is_email_verified(self) -> bool:
        return self.email_verified_at is not None

    def lock(self) -> None:
        """Let no other transaction count or number this user's things until this one ends."""
        # NO KEY UPDATE: rows that only point at the user may still be written meanwhile.
        session.execute(select(User.id).where(User.id == self.id).with_for_update(key_share=True))

    def change(self, **values: Any) -> None:
        """Change profile or settings. In another time zone the wall clock of what is planned stays."""
        from models.blocks import move_to_zone  # blocks know users, so users learn of them late
        from models.meetings import follow_all_events

        zone_before, followed = self.timezone, self.events_as_blocks
        for name, value in values.items():
            setattr(self, name, value)
        if self.timezone != zone_before:
            session.flush()
            move_to_zone(self)
        if self.events_as_blocks and not followed:
            session.flush()
            follow_all_events(self)

    def set_password(self, password: str, field: str = "password", shortest: int = 8) -> None:
        """Store a new password. Errors: Invalid."""
        check_rules(password, field, shortest)
        self.password_hash = hash_password(password)

    def change_password(self, current: str, new: str, field: str) -> None:
        """Replace the password by one who knows it. Errors: InvalidCredentials, TooMany, Invalid."""
        from models.guesses import confirm  # guesses know users, so users learn of them late

        confirm(self, current)
        self.set_password(new, field)

    def delete(self) -> datetime:
        """Close the account at once; returns when it is purged. Until then a mailed link restores it."""
        closed = session.execute(
            update(User).where(User.id == self.id, User.deleted_at.is_(None)).values(deleted_at=now())
        )
        if closed.rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
            raise Conflict("The account is deleted already")
        record(UserDeleted(self.id))
        return now() + timedelta(days=RESTORE_DAYS)


class KnownAddress(Base):
    """A network address from which the owner of an account has logged in, as a keyed hash."""

    __tablename__ = "known_addresses"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    address_hash: Mapped[str] = mapped_column(String(64))
    seen_at: Mapped[datetime] = mapped_column(default=now, index=True)


def email_key(email: str) -> str:
    """What two spellings of one e-mail address have in common."""
    return unicodedata.normalize("NFC", email.strip()).casefold()


def split_name(name: str) -> tuple[str, str]:
    """First name and the rest, so that joining them with a space gives the name again."""
    first, _, rest = name.strip().partition(" ")
    return first, rest


def _username_taken(username: str) -> bool:
    return session.scalar(select(User.id).where(User.username_key == username.casefold())) is not None


def _free_username(email: str) -> str:
    """A username like the part before the @, with a number where that is taken."""
    stem = re.sub(r"[^\w.+-]", "", email.partition("@")[0])[:100] or "user"
    if not _username_taken(stem):
        return stem
    # The numbers in use are few; a random one past them keeps two registrations from fighting over the next.
    while True:
        candidate = f"{stem}{secrets.randbelow(10**6):06d}"
        if not _username_taken(candidate):
            return candidate
