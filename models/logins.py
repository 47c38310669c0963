"""Logins: a client's stay at one contract, with the refresh tokens that keep it going.

A login is a row, so logout, a new password and deletion act at once. Refresh tokens are 256 random bits, stored as
SHA-256.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, String, bindparam, select, update
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now
from models.db import Base, Record, session
from models.errors import RefreshExpired, TokenInvalid
from models.events import record
from models.statements import Statement
from models.tokens import digest, issue_access
from models.users import User
from settings import settings


@dataclass(frozen=True, slots=True)
class LoginEnded:
    """A login was ended by logout, a new password, deletion or a replayed refresh token."""

    login_uid: uuid.UUID


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client gets for a login. `expires_in` in seconds, of the access token."""

    access: str
    refresh: str
    expires_in: int


class Login(Base):
    """One client's stay, from login to logout or 30 days later."""

    __tablename__ = "logins"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    contract: Mapped[str] = mapped_column(String(20))
    generation: Mapped[int] = mapped_column(default=0)
    rotated_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]

    @classmethod
    def start(cls, user: User, contract: str, access_seconds: int) -> Tokens:
        """Log a user in at one contract, whose access tokens live for so many seconds."""
        login = cls(
            user_id=user.id,
            contract=contract,
            uid=uuid.uuid4(),
            generation=0,
            expires_at=now() + timedelta(days=settings.refresh_days),
        )
        session.add(login)
        session.flush()
        return login._tokens(user, login._issue_refresh(), access_seconds)

    def _tokens(self, user: User, refresh: str, access_seconds: int) -> Tokens:
        return Tokens(issue_access(self.contract, self.uid, user.uid, access_seconds), refresh, access_seconds)

    def _issue_refresh(self) -> str:
        token = secrets.token_urlsafe(32)
        session.add(RefreshToken(login_id=self.id, generation=self.generation, token_hash=digest(token)))
        session.flush()
        return token

    def end(self) -> None:
        """Log out: every token of this login stops working."""
        self.ended_at = self.ended_at or now()
        record(LoginEnded(self.uid))


class RefreshToken(Base):
    """A refresh token that was given out, of one generation of its login."""

    __tablename__ = "refresh_tokens"

    login_id: Mapped[int] = mapped_column(ForeignKey("logins.id", ondelete="CASCADE"), index=True)
    generation: Mapped[int]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)


def refresh(token: str, contract: str, access_seconds: int, *, rotate: bool = False) -> Tokens:
    """A new access token for a refresh token, and the refresh token to use next.

    With `rotate` each use gives a successor. The direct predecessor is honoured for a few seconds, since two tabs may
    refresh at once; anything older is a stolen copy, so the whole login ends. Errors: RefreshExpired, TokenInvalid.
    """
    found = session.execute(
        select(RefreshToken, Login, User)
        .join(Login, Login.id == RefreshToken.login_id)
        .join(User, User.id == Login.user_id)
        .where(RefreshToken.token_hash == digest(token), Login.contract == contract)
    ).first()
    if found is None:
        raise TokenInvalid
    given, login, user = found
    if login.ended_at is not None or user.deleted_at is not None:
        raise TokenInvalid
    if login.expires_at <= now():
        raise RefreshExpired
    if not rotate:
        return login._tokens(user, token, access_seconds)
    rotated = session.execute(
        update(Login)
        .where(Login.id == login.id, Login.generation == given.generation)
        .values(generation=given.generation + 1, rotated_at=now())
    )
    session.refresh(login)
    if rotated.rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
        grace = timedelta(seconds=settings.refresh_grace_seconds)
        is_predecessor = given.generation == login.generation - 1
        if not (is_predecessor and login.rotated_at and now() - login.rotated_at <= grace):
            login.end()
            session.commit()  # the one rule that must refuse and remember
            raise TokenInvalid
    return login._tokens(user, login._issue_refresh(), access_seconds)


def end_logins(user: User, *, keep: int | None = None) -> None:
    """End every login of a user at every door, except the one with id `keep`."""
    ended = session.execute(
        update(Login)
        .where(Login.user_id == user.id, Login.ended_at.is_(None), Login.id != (keep or 0))
        .values(ended_at=now())
        .returning(Login.uid)
    )
    for (uid,) in ended:
        record(LoginEnded(uid))


def end_login_of(token: str, user_id: int) -> bool:
    """End the login that a refresh token belongs to, if it is this user's; whether there was one."""
    login = session.scalar(
        select(Login)
        .join(RefreshToken, RefreshToken.login_id == Login.id)
        .where(RefreshToken.token_hash == digest(token), Login.user_id == user_id, Login.ended_at.is_(None))
    )
    if login is not None:
        login.end()
    return login is not None


_CALLER = Statement(
    select(
        User.id,
        User.uid,
        User.timezone,
        User.plan,
        User.created_at,
        Login.id.label("login_id"),
        Login.uid.label("login_uid"),
    )
    .join(Login, Login.user_id == User.id)
    .where(
        User.deleted_at.is_(None),
        Login.ended_at.is_(None),
        Login.uid == bindparam("sid"),
        User.uid == bindparam("sub"),
    )
)


def caller_of(claims: dict[str, Any]) -> Record:
    """Who calls with these claims: id, uid, timezone, plan, created_at, login_id, login_uid. Errors: TokenInvalid."""
    try:
        sid, sub = uuid.UUID(claims["sid"]), uuid.UUID(claims["sub"])
    except (ValueError, TypeError, AttributeError) as error:
        raise TokenInvalid from error
    found = _CALLER.rows(sid=sid, sub=sub)
    if not found:
        raise TokenInvalid
    return found[0]


def alive_among(uids: Sequence[str]) -> set[str]:
    """Which of these uids, of logins and of personal tokens, still open the door."""
    from models.api_keys import living_keys  # personal tokens know logins

    wanted = [uuid.UUID(uid) for uid in uids]
    found = session.scalars(
        select(Login.uid)
        .join(User, User.id == Login.user_id)
        .where(Login.uid.in_(wanted), Login.ended_at.is_(None), User.deleted_at.is_(None))
    )
    return {str(uid) for uid in found} | {str(uid) for uid in living_keys(wanted)}
