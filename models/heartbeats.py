"""Signs of life that workers leave, so that a stalled one is seen."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now
from models.db import Base, session


class Heartbeat(Base):
    """When a kind of process last did its work."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(String(50), unique=True)
    beat_at: Mapped[datetime] = mapped_column(default=now)


def beat(name: str) -> None:
    """Leave a sign of life."""
    seen = session.execute(update(Heartbeat).where(Heartbeat.name == name).values(beat_at=now()))
    if seen.rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
        session.add(Heartbeat(name=name))


def seconds_since_worker() -> float | None:
    """Seconds since any worker last worked; None when none ever did."""
    last = session.scalar(select(func.max(Heartbeat.beat_at)))
    if last is None:
        return None
    return (now() - last).total_seconds()
