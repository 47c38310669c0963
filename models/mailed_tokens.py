"""One-time tokens that go out by mail: 256 random bits, stored as SHA-256."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ForeignKey, String, update
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now
from models.db import Base, session
from models.errors import ResetTokenInvalid
from models.tokens import digest
from models.users import User

Purpose = Literal["reset", "verify", "restore"]
_LIFETIMES: dict[Purpose, timedelta] = {
    "reset": timedelta(minutes=60),
    "verify": timedelta(days=7),
    "restore": timedelta(days=30),
}


class MailedToken(Base):
    """A one-time token that went out by mail."""

    __tablename__ = "mailed_tokens"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(String(20))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
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
