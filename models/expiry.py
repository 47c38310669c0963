"""What has expired goes in pieces: no statement outlasts its time, and nobody waits long for a lock."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, delete, select, tuple_

from models.db import Base, session

PIECE = 5000


def drop(kind: type[Base] | Table, *expired: Any) -> int:
    """Delete rows that have expired, at most a piece of them; returns how many."""
    table: Any = kind if isinstance(kind, Table) else kind.__table__
    key = table.primary_key.columns
    some = select(*key).where(*expired).limit(PIECE)
    return session.execute(delete(table).where(tuple_(*key).in_(some))).rowcount  # type: ignore[attr-defined]
