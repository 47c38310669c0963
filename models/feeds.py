"""Feeds: a secret address for each user, where calendar apps read what is planned."""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta
from typing import Self

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from models.blocks import TimeBlock
from models.clock import now, today
from models.db import Base, Record, session
from models.errors import NotFound
from models.tokens import digest
from models.users import User

BEHIND, AHEAD = timedelta(days=31), timedelta(days=366)
MOST = 5000
"""Blocks in one feed; beyond it the latest are left out."""


class Feed(Base):
    """A user's feed. The secret stands in the address alone; here is its hash."""

    __tablename__ = "feeds"

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    opened_at: Mapped[datetime] = mapped_column(default=now)

    @classmethod
    def of(cls, user_id: int) -> Self | None:
        """A user's open feed."""
        return session.scalar(select(cls).where(cls.owner_id == user_id))

    @classmethod
    def open(cls, owner: User) -> tuple[Self, str]:
        """Open a feed at a new address; returns its secret, which is not stored. An older address stops working."""
        owner.lock()
        secret = secrets.token_urlsafe(32)
        feed = cls.of(owner.id) or cls(owner_id=owner.id)
        feed.secret_hash, feed.opened_at = digest(secret), now()
        session.add(feed)
        session.flush()
        return feed, secret

    @classmethod
    def close(cls, owner: User) -> None:
        """Let the address stop working. Errors: NotFound."""
        owner.lock()
        feed = cls.of(owner.id)
        if feed is None:
            raise NotFound("There is no open calendar feed")
        session.delete(feed)
        session.flush()


def reader_of(secret: str) -> Record:
    """Whose feed a secret opens: id, uid, timezone. Errors: NotFound."""
    row = session.execute(
        select(User.id, User.uid, User.timezone)
        .join(Feed, Feed.owner_id == User.id)
        .where(Feed.secret_hash == digest(secret), User.deleted_at.is_(None))
    ).first()
    if row is None:
        raise NotFound("There is no such calendar feed")
    return row


def feed_span(zone_name: str) -> tuple[date, date]:
    """The days that a feed shows."""
    day = today(zone_name)
    return day - BEHIND, day + AHEAD


def list_feed(user_id: int, first: date, last: date) -> list[Record]:
    """The blocks of some days as a feed shows them: uid, title, subtitle, starts_at, duration_minutes, updated_at."""
    return list(
        session.execute(
            select(
                TimeBlock.uid,
                TimeBlock.title,
                TimeBlock.subtitle,
                TimeBlock.starts_at,
                TimeBlock.duration_minutes,
                TimeBlock.external_url,
                TimeBlock.updated_at,
            )
            .where(
                TimeBlock.owner_id == user_id,
                TimeBlock.date.between(first, last),
                TimeBlock.deleted_at.is_(None),
            )
            .order_by(TimeBlock.starts_at, TimeBlock.id)
            .limit(MOST)
        )
    )
