"""Answers kept for a day under the key that a client gave, so that a request sent twice takes effect once.

A key is claimed in a transaction of its own before the work; the answer is stored in the transaction of its effects.
So whatever dies in between leaves either both or none, and a claim that is never settled runs out.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, String, Text, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now
from models.db import Base, session
from models.errors import Conflict, StillAtWork
from models.expiry import drop
from models.seal import Unreadable, seal, unseal
from settings import settings

KEPT = timedelta(hours=24)
CLAIM = timedelta(seconds=120)
"""Longer than any request works."""


class KeptAnswer(Base):
    """One key of one caller: what was asked with it, who is at it, and what was answered."""

    __tablename__ = "kept_answers"

    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    claimed_by: Mapped[str] = mapped_column(String(32))
    claimed_at: Mapped[datetime]
    sealed: Mapped[str | None] = mapped_column(Text)
    """The answer; it may hold tokens. None while somebody is at it."""
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to answer under a key."""

    key_hash: str
    token: str

    def keep(self, answer: Any) -> None:
        """Store the answer with its effects. Errors: Conflict, when the claim ran out and another one has it."""
        kept = session.execute(
            update(KeptAnswer)
            .where(KeptAnswer.key_hash == self.key_hash, KeptAnswer.claimed_by == self.token)
            .values(sealed=seal(answer, _purpose(self.key_hash)))
        )
        if kept.rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
            raise Conflict("This request took too long and was begun again")

    def release(self) -> None:
        """Nothing came of it: the next one with this key begins anew."""
        session.execute(
            delete(KeptAnswer).where(
                KeptAnswer.key_hash == self.key_hash,
                KeptAnswer.claimed_by == self.token,
                KeptAnswer.sealed.is_(None),
            )
        )


def claim_key(key: str, scope: str, request: bytes, token: str, user_id: int | None) -> Claim | Any:
    """The right to answer, or the answer that was given before. `scope` says whose key it is.

    Errors: Conflict (another request had this key), StillAtWork (the same request is being answered).
    """
    claim = Claim(keyed_hash(f"{scope}\n{key}".encode()), token)
    wanted = keyed_hash(request)
    session.execute(
        delete(KeptAnswer).where(KeptAnswer.key_hash == claim.key_hash, KeptAnswer.created_at < now() - KEPT)
    )
    values = {"key_hash": claim.key_hash, "user_id": user_id, "request_hash": wanted, "claimed_by": token}
    insert = (sqlite if settings.on_sqlite else postgresql).insert(KeptAnswer)
    made = insert.values(**values, claimed_at=now()).on_conflict_do_nothing(index_elements=["key_hash"])
    if session.execute(made.returning(KeptAnswer.id)).first() is not None:
        return claim
    found = session.execute(
        select(
            KeptAnswer.request_hash, KeptAnswer.claimed_by, KeptAnswer.claimed_at, KeptAnswer.sealed
        ).where(KeptAnswer.key_hash == claim.key_hash)
    ).first()
    if found is None:  # given up just now
        raise StillAtWork
    if found.request_hash != wanted:
        raise Conflict("This Idempotency-Key was used for another request")
    if found.sealed is not None:
        try:
            return unseal(found.sealed, _purpose(claim.key_hash))
        except Unreadable as error:
            raise Conflict("What was answered under this Idempotency-Key can no longer be read") from error
    if found.claimed_by == token or _take_over(claim, found.claimed_at):
        return claim
    raise StillAtWork


def _take_over(claim: Claim, since: datetime) -> bool:
    """Whoever claimed it long ago is dead."""
    if since > now() - CLAIM:
        return False
    taken = session.execute(
        update(KeptAnswer)
        .where(
            KeptAnswer.key_hash == claim.key_hash, KeptAnswer.claimed_at == since, KeptAnswer.sealed.is_(None)
        )
        .values(claimed_by=claim.token, claimed_at=now())
    )
    return bool(taken.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult


def forget_old_answers() -> int:
    """Drop answers that are older than a day; returns how many."""
    return drop(KeptAnswer, KeptAnswer.created_at < now() - KEPT)


def keyed_hash(text: bytes) -> str:
    """A hash that tells nothing without the server's key: a request may be a password."""
    return hmac.new(settings.secret_key[-1].encode(), text, hashlib.sha256).hexdigest()


def _purpose(key_hash: str) -> str:
    return f"answer:{key_hash}"
