"""What a person's open apps are told at once: rows written with their cause, kept for an hour.

A socket that was away reads here what it missed; Redis only carries the word that something is here to read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import JSON, ForeignKey, Index, String, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now, timestamp
from models.db import Base, Record, session
from models.events import record
from models.expiry import drop

KEPT = timedelta(hours=1)


class Personal(Protocol):
    """A fact about one person: a dataclass whose other fields are what is told."""

    @property
    def user_id(self) -> int: ...


@dataclass(frozen=True, slots=True)
class LiveEventWritten:
    """There is something new to tell somebody."""

    user_id: int
    event_id: int
    kind: str
    data: dict[str, Any]


class LiveEvent(Base):
    """One thing that happened, for one person's open apps."""

    __tablename__ = "live_events"
    __table_args__ = (Index("ix_live_events_user", "user_id", "id"), Index("ix_live_events_created", "created_at"))

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(40))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(default=now)


def tell(fact: Personal) -> None:
    """Record a fact, and keep it for the person's open apps under the fact's name in snake case."""
    record(fact)
    data = {name: _plain(value) for name, value in asdict(fact).items() if name != "user_id"}  # type: ignore[call-overload]
    write(fact.user_id, _snake(type(fact).__name__), data)


def write(user_id: int, kind: str, data: dict[str, Any]) -> None:
    """Keep something to tell one person."""
    write_to([user_id], kind, data)


def write_to(user_ids: Iterable[int], kind: str, data: dict[str, Any]) -> None:
    """Keep something to tell some people, in one statement."""
    rows = [{"user_id": user_id, "kind": kind, "data": data} for user_id in user_ids]
    if rows:
        for id, user_id in session.execute(insert(LiveEvent).returning(LiveEvent.id, LiveEvent.user_id), rows).all():
            record(LiveEventWritten(user_id, id, kind, data))


def missed_by(user_id: int, last_id: int, *, limit: int = 1000) -> list[Record]:
    """What one person was told after an event, the oldest first: id, kind, data. Goes back an hour at most."""
    return list(
        session.execute(
            select(LiveEvent.id, LiveEvent.kind, LiveEvent.data)
            .where(LiveEvent.user_id == user_id, LiveEvent.id > last_id, LiveEvent.created_at > now() - KEPT)
            .order_by(LiveEvent.id)
            .limit(limit)
        )
    )


def ids_after(last_id: int, *, limit: int = 1000) -> list[int]:
    """The ids of what anybody was told after an event, the oldest first."""
    return list(session.scalars(select(LiveEvent.id).where(LiveEvent.id > last_id).order_by(LiveEvent.id).limit(limit)))


def told(ids: Sequence[int]) -> list[Record]:
    """What was told, the oldest first: id, user_id, kind, data."""
    wanted = select(LiveEvent.id, LiveEvent.user_id, LiveEvent.kind, LiveEvent.data).where(LiveEvent.id.in_(ids))
    return list(session.execute(wanted.order_by(LiveEvent.id)))


def newest_id(user_id: int | None = None) -> int:
    """The id of the last event written, to one person or to anybody; 0 where there is none."""
    newest = select(func.max(LiveEvent.id))
    return session.scalar(newest if user_id is None else newest.where(LiveEvent.user_id == user_id)) or 0


def forget_old_events() -> int:
    """Drop what nobody may ask for any more; returns how much."""
    # The newest stays, for SQLite would give its number to the next event, which then looks like one told already.
    return drop(LiveEvent, LiveEvent.created_at < now() - KEPT, LiveEvent.id < newest_id())


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _plain(value: Any) -> Any:
    return timestamp(value) if isinstance(value, datetime) else value
