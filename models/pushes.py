"""What providers push to us: noted by its delivery id, so that a repeat does nothing, and turned into one sync."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import String, Text, UniqueConstraint, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from models.channels import PushChannel
from models.clock import now
from models.db import Base, session
from models.events import record
from models.expiry import drop
from models.integrations import Integration, SyncDue
from models.seal import seal, unseal
from settings import settings

KEPT = timedelta(days=3)
"""How long a delivery id is remembered; no provider sends one again after that."""
PATIENCE = timedelta(seconds=5)
"""A tick announces what was woken, if the message to the worker was lost."""


class Push(Base):
    """A delivery that was taken."""

    __tablename__ = "pushes"
    __table_args__ = (UniqueConstraint("provider", "delivery_id"),)

    provider: Mapped[str] = mapped_column(String(20))
    delivery_id: Mapped[str] = mapped_column(String(200))
    received_at: Mapped[datetime] = mapped_column(default=now, index=True)

    @classmethod
    def take(cls, provider: str, delivery_id: str) -> bool:
        """Note a delivery; False when it came before."""
        insert = (sqlite.insert if settings.on_sqlite else postgresql.insert)(cls)
        taken = session.execute(
            insert.values(provider=provider, delivery_id=delivery_id).on_conflict_do_nothing().returning(cls.id)
        )
        return taken.first() is not None


class Handshake(Base):
    """A secret that a provider chose for its deliveries and that the operator has yet to set."""

    __tablename__ = "push_handshakes"

    provider: Mapped[str] = mapped_column(String(20), unique=True)
    sealed_token: Mapped[str] = mapped_column(Text)

    @classmethod
    def keep(cls, provider: str, token: str) -> None:
        """Keep the newest for `cli.py webhook-token`."""
        session.execute(delete(cls).where(cls.provider == provider))
        session.add(cls(provider=provider, sealed_token=seal(token, f"handshake:{provider}")))

    @classmethod
    def token_of(cls, provider: str) -> str | None:
        """What the provider sent last. Errors: Unreadable."""
        sealed = session.scalar(select(cls.sealed_token).where(cls.provider == provider))
        return None if sealed is None else str(unseal(sealed, f"handshake:{provider}"))


def wake(provider: str, accounts: Iterable[str], usernames: Iterable[str], channel: str | None = None) -> int:
    """Have the accounts synced that a delivery speaks of; returns how many.

    However many deliveries arrive, an account is woken once until its sync begins; one that arrives during a sync
    starts another. Who was told to wait by his provider is left to wait.
    """
    woken = session.execute(
        update(Integration)
        .where(
            Integration.provider == provider,
            Integration.state == "ok",
            Integration.woken_at.is_(None),
            or_(
                Integration.external_account.in_(list(accounts)),
                Integration.username_key.in_([name.casefold() for name in usernames]),
                Integration.id.in_(select(PushChannel.integration_id).where(PushChannel.channel == (channel or ""))),
            ),
        )
        .values(woken_at=now(), next_sync_at=now(), announce_at=now() + PATIENCE)
        .returning(Integration.id)
        .execution_options(synchronize_session=False)
    )
    ids = list(woken.scalars())
    for integration_id in ids:
        record(SyncDue(integration_id))
    return len(ids)


def forget_old_pushes() -> int:
    """Drop delivery ids that will not come again; returns how many."""
    return drop(Push, Push.received_at < now() - KEPT)
