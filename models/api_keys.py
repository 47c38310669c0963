"""Personal API tokens: what a person's own programs show at any door, in place of an access token."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Self

from sqlalchemy import ForeignKey, Index, String, literal, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now
from models.db import Base, Record, session, writing
from models.errors import Conflict, NotFound, TokenExpired, TokenInvalid
from models.events import record
from models.tokens import digest
from models.users import User

Scope = Literal["read", "write"]
SCOPES: tuple[Scope, ...] = ("read", "write")
MARK = "dbk_"
MOST = 50
_SEEN_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ApiKeyRevoked:
    """A personal token stopped working."""

    key_uid: uuid.UUID


class ApiKey(Base):
    """A personal API token. Its text is shown once and stored as SHA-256."""

    __tablename__ = "api_keys"
    __table_args__ = (Index("ix_api_keys_user", "user_id", "created_at"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))
    prefix: Mapped[str] = mapped_column(String(12))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    @classmethod
    def issue(
        cls, owner: User, name: str, scopes: Sequence[Scope], expires_at: datetime | None = None
    ) -> tuple[Self, str]:
        """A new token and its text. Errors: Conflict (too many)."""
        owner.lock()
        if len(list_keys(owner.id)) >= MOST:
            raise Conflict(f"An account may have {MOST} API keys; revoke one that you no longer use")
        text = MARK + secrets.token_urlsafe(32)
        key = cls(
            user_id=owner.id,
            name=name,
            prefix=text[:12],
            token_hash=digest(text),
            scopes=" ".join(scope for scope in SCOPES if scope in scopes),
            expires_at=expires_at,
        )
        session.add(key)
        session.flush()
        return key, text

    @classmethod
    def of(cls, user_id: int, id: int) -> Self:
        """One of this user's living tokens. Errors: NotFound."""
        key = session.scalar(select(cls).where(cls.id == id, cls.user_id == user_id, cls.revoked_at.is_(None)))
        if key is None:
            raise NotFound("API key not found")
        return key

    def revoke(self) -> None:
        """It stops working at once."""
        self.revoked_at = now()
        session.flush()
        record(ApiKeyRevoked(self.uid))


def list_keys(user_id: int) -> list[ApiKey]:
    """A user's living tokens, the newest first."""
    return list(
        session.scalars(
            select(ApiKey)
            .where(ApiKey.user_id == user_id, ApiKey.revoked_at.is_(None))
            .order_by(ApiKey.created_at.desc(), ApiKey.id.desc())
        )
    )


_CALLER = (
    select(
        User.id,
        User.uid,
        User.timezone,
        User.plan,
        User.created_at,
        literal(None).label("login_id"),
        literal(None).label("login_uid"),
        ApiKey.id.label("key_id"),
        ApiKey.uid.label("key_uid"),
        ApiKey.scopes,
        ApiKey.expires_at,
        ApiKey.last_used_at,
    )
    .join(ApiKey, ApiKey.user_id == User.id)
    .where(User.deleted_at.is_(None), ApiKey.revoked_at.is_(None))
)


def caller_of_key(text: str) -> Record:
    """Who calls with this token: as `logins.caller_of`, without a login, and with `scopes`, `key_uid`, `expires_at`.

    Errors: TokenExpired, TokenInvalid.
    """
    caller = session.execute(_CALLER.where(ApiKey.token_hash == digest(text))).first()
    if caller is None:
        raise TokenInvalid
    if caller.expires_at is not None and caller.expires_at <= now():
        raise TokenExpired
    if caller.last_used_at is None or caller.last_used_at < now() - _SEEN_EVERY:
        with writing():
            session.execute(
                update(ApiKey)
                .where(ApiKey.id == caller.key_id, or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < now()))
                .values(last_used_at=now())
            )
    return caller


def living_keys(uids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Which of these tokens still work."""
    return list(
        session.scalars(
            select(ApiKey.uid)
            .join(User, User.id == ApiKey.user_id)
            .where(
                ApiKey.uid.in_(uids),
                ApiKey.revoked_at.is_(None),
                User.deleted_at.is_(None),
                or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now()),
            )
        )
    )
