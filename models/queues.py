"""Rows that are due: claimed for a minute by whoever announces them, so that none is announced by everybody at once.

The row is the truth and the broker only a hint: when a message is lost, the claim runs out and the row is due again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import InstrumentedAttribute

from models.clock import now
from models.db import Base, session
from settings import settings

CLAIM = timedelta(seconds=60)


def claim(
    kind: type[Base],
    run_at: InstrumentedAttribute[Any],
    *wanted: ColumnElement[bool],
    limit: int = 100,
    lasts: timedelta = CLAIM,
) -> list[int]:
    """Ids of rows whose `run_at` has come, the longest waiting first; `run_at` moves on by what the claim lasts."""
    due = select(kind.id).where(run_at <= now(), *wanted).order_by(run_at).limit(limit)
    if not settings.on_sqlite:
        due = due.with_for_update(skip_locked=True)
    claimed = session.execute(
        update(kind)
        .where(kind.id.in_(due))
        .values({run_at: now() + lasts})
        .returning(kind.id)
        .execution_options(synchronize_session=False)
    )
    return list(claimed.scalars())
