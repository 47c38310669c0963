"""Tokens to be given back to their providers: rows, so that a disconnect survives a provider that is down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now
from models.db import Base, session
from models.events import record
from models.seal import seal, unseal

MOST_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class RevocationDue:
    """Tokens are waiting to be given back."""

    revocation_id: int


class Revocation(Base):
    """One account's tokens on their way back."""

    __tablename__ = "revocations"

    provider: Mapped[str] = mapped_column(String(20))
    sealed_credentials: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0)
    run_at: Mapped[datetime] = mapped_column(default=now, index=True)

    @classmethod
    def queue(cls, provider: str, credentials: dict[str, Any], channels: Sequence[dict[str, str]] = ()) -> None:
        """Stop these push channels and give these tokens back once this transaction is committed."""
        value = {"credentials": credentials, "channels": list(channels)}
        row = cls(provider=provider, sealed_credentials=seal(value, "revocation"))
        session.add(row)
        session.flush()
        record(RevocationDue(row.id))

    @property
    def credentials(self) -> dict[str, Any]:
        """What is given back. Errors: Unreadable."""
        value: dict[str, Any] = unseal(self.sealed_credentials, "revocation")["credentials"]
        return value

    @property
    def channels(self) -> list[dict[str, str]]:
        """What is stopped before: id, resource and resource_id of each. Errors: Unreadable."""
        value: list[dict[str, str]] = unseal(self.sealed_credentials, "revocation")["channels"]
        return value

    def postpone(self) -> None:
        """Try again later, or give up: an unused token does no harm for ever."""
        self.attempts += 1
        if self.attempts >= MOST_ATTEMPTS:
            session.delete(self)
        else:
            self.run_at = now() + timedelta(minutes=2**self.attempts)
