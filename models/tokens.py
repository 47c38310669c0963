"""Logins and the tokens that they give out: access tokens (JWT), refresh tokens, mailed one-time tokens.

A login is a row, so logout, a new password and deletion act at once. Refresh and mailed tokens are 256 random bits,
stored as SHA-256. Access tokens are HS256 JWTs, each for the contract that issued it.
"""

from __future__ import annotations

import hashlib
import secrets
import time
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal, Self

import jwt
from sqlalchemy import ForeignKey, String, bindparam, select, update
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now
from models.db import Base, Record, fetch, session
from models.errors import RefreshExpired, ResetTokenInvalid, TokenExpired, TokenInvalid
from models.events import record
from models.users import User
from settings import settings

ISSUER = "daybook"
Contract = Literal["tymblok", "focusflow", "produktifin", "pomodoro-timer", "flow-sudoku"]
Purpose = Literal["reset", "verify", "restore"]
_LIFETIMES: dict[Purpose, timedelta] = {
    "reset": timedelta(minutes=60),
    "verify": timedelta(days=7),
    "restore": timedelta(days=30),
}


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
    def start(cls, user: User, contract: Contract) -> tuple[Self, Tokens]:
        """Log a user in at one door."""
        login = cls(
            user_id=user.id,
            contract=contract,
            uid=uuid.uuid4(),
            generation=0,
            expires_at=now() + timedelta(days=settings.refresh_days),
        )
        session.add(login)
        session.flush()
        return login, Tokens(issue_access(login, user.uid), login._issue_refresh(), access_seconds(contract))

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


class MailedToken(Base):
    """A one-time token that went out by mail."""

    __tablename__ = "mailed_tokens"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(String(20))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    @classmethod
    def issue(cls, user: User, purpose: Purpose) -> str:
        """A new token; older ones for the same purpose stop working."""
        session.execute(
            update(cls)
            .where(cls.user_id == user.id, cls.purpose == purpose, cls.used_at.is_(None))
            .values(used_at=now())
        )
        token = secrets.token_urlsafe(32)
        session.add(
            cls(
                user_id=user.id,
                purpose=purpose,
                token_hash=digest(token),
                expires_at=now() + _LIFETIMES[purpose],
            )
        )
        return token

    @classmethod
    def spend(cls, token: str, purpose: Purpose) -> User:
        """Use a token up; returns whose it was. Errors: ResetTokenInvalid."""
        user_id = session.scalar(
            update(cls)
            .where(
                cls.token_hash == digest(token),
                cls.purpose == purpose,
                cls.used_at.is_(None),
                cls.expires_at > now(),
            )
            .values(used_at=now())
            .returning(cls.user_id)
        )
        user = session.get(User, user_id) if user_id is not None else None
        if user is None or (user.deleted_at is not None and purpose != "restore"):
            raise ResetTokenInvalid
        return user


def refresh(token: str, contract: Contract, *, rotate: bool = False) -> tuple[str, str]:
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
        return issue_access(login, user.uid), token
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
    return issue_access(login, user.uid), login._issue_refresh()


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


@lru_cache(maxsize=1)
def _keys() -> dict[str, str]:
    """Signing keys by `kid`, the newest first."""
    return {hashlib.sha256(key.encode()).hexdigest()[:8]: key for key in settings.secret_key}


def access_seconds(contract: Contract) -> int:
    """How long an access token of this contract lives."""
    return settings.access_seconds_tymblok if contract == "tymblok" else settings.access_seconds


def issue_access(login: Login, user_uid: uuid.UUID) -> str:
    """A signed access token for one login."""
    issued = int(now().timestamp())
    claims = {
        "iss": ISSUER,
        "aud": login.contract,
        "sub": str(user_uid),
        "sid": str(login.uid),
        "typ": "access",
        "iat": issued,
        "exp": issued + access_seconds(login.contract),  # type: ignore[arg-type]  # a stored Contract
        "jti": secrets.token_hex(8),
    }
    kid, key = next(iter(_keys().items()))
    return jwt.encode(claims, key, algorithm="HS256", headers={"kid": kid})


_read: OrderedDict[tuple[str, Contract], dict[str, Any]] = OrderedDict()
_MOST_READ = 10_000


def read_access(token: str, contract: Contract) -> dict[str, Any]:
    """The claims of an access token. Errors: TokenExpired, TokenInvalid.

    A token's signature is checked once in each process: that costs as much as a query. Whether its login still
    stands is asked with every request, by `caller_of`.
    """
    claims = _read.get((token, contract))
    if claims is None:
        claims = _decode(token, contract)
        _read[token, contract] = claims
        if len(_read) > _MOST_READ:
            _read.popitem(last=False)
    if claims["exp"] <= time.time():
        raise TokenExpired
    return claims


def _decode(token: str, contract: Contract) -> dict[str, Any]:
    if len(token) > 4096:
        raise TokenInvalid
    try:
        key = _keys()[jwt.get_unverified_header(token)["kid"]]
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["HS256"],
            audience=contract,
            issuer=ISSUER,
            options={"require": ["iss", "aud", "sub", "sid", "typ", "iat", "exp", "jti"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise TokenExpired from error
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError) as error:
        raise TokenInvalid from error
    if claims["typ"] != "access":
        raise TokenInvalid
    return claims


_CALLER = (
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
    found = fetch(_CALLER, sid=sid, sub=sub)
    if not found:
        raise TokenInvalid
    return found[0]


def alive_among(uids: Sequence[str]) -> set[str]:
    """Which of these uids, of logins and of personal tokens, still open the door."""
    from models.api_keys import living_keys  # personal tokens know this module

    wanted = [uuid.UUID(uid) for uid in uids]
    found = session.scalars(
        select(Login.uid)
        .join(User, User.id == Login.user_id)
        .where(Login.uid.in_(wanted), Login.ended_at.is_(None), User.deleted_at.is_(None))
    )
    return {str(uid) for uid in found} | {str(uid) for uid in living_keys(wanted)}


def digest(token: str) -> str:
    """How a random token is stored: its SHA-256, since 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
