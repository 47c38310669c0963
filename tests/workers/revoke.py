"""The worker that gives tokens back, run by hand."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from models import db
from models.revocations import Revocation
from workers.revocations import revoke


def waiting() -> Sequence[Revocation]:
    """What is still to be given back."""
    with db.transaction(reading=True):
        return db.session.scalars(select(Revocation).order_by(Revocation.id)).all()


def revoke_all() -> int:
    """Try each once; how many the providers took."""
    return sum(revoke(row.id) for row in waiting())


def forget_all() -> None:
    """Nothing is waiting."""
    with db.transaction():
        db.session.execute(delete(Revocation))
