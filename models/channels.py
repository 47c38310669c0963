"""Push channels: a provider tells us of changes for some days, then must be asked again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now
from models.db import Base, session

RENEW_AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ChannelsDue:
    """An account lacks push channels, or has some that end soon."""

    integration_id: int


class PushChannel(Base):
    """One open channel, for one resource of one account."""

    __tablename__ = "push_channels"
    __table_args__ = (UniqueConstraint("integration_id", "channel"),)

    integration_id: Mapped[int] = mapped_column(ForeignKey("integrations.id", ondelete="CASCADE"))
    channel: Mapped[str] = mapped_column(String(200), index=True)
    resource: Mapped[str] = mapped_column(String(300))
    resource_id: Mapped[str] = mapped_column(String(300))
    expires_at: Mapped[datetime] = mapped_column(index=True)


def channels_of(integration_id: int) -> list[PushChannel]:
    """All channels of an account that are kept."""
    return list(session.scalars(select(PushChannel).where(PushChannel.integration_id == integration_id)))


def covered(channels: list[PushChannel]) -> set[str]:
    """Resources whose channel lasts another day."""
    return {channel.resource for channel in channels if channel.expires_at > now() + RENEW_AHEAD}
