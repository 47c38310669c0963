"""Moving every sealed value under the newest encryption key, so that an old key can be thrown away.

Sealed columns are found by their name, `sealed` or `sealed_…`, so a new one cannot be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column, Table, func, select, update

from models import db
from models.db import Base, session
from models.seal import Unreadable, is_newest, reseal

BATCH = 500


def sealed_columns() -> list[tuple[Table, Column[str]]]:
    """Every column that holds sealed values."""
    return [
        (table, column)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.name == "sealed" or column.name.startswith("sealed_")
    ]


def count_sealed() -> int:
    """How many sealed values there are in all."""
    with db.transaction(reading=True):
        return sum(
            session.scalar(select(func.count()).select_from(table).where(column.is_not(None))) or 0
            for table, column in sealed_columns()
        )


def rotate() -> Iterator[tuple[int, int]]:
    """Reseal what is under an older key; yields (looked at, unreadable) after each batch, which is a transaction.

    A value that changes meanwhile is left to whoever changed it: he sealed it with the newest key.
    """
    for table, column in sealed_columns():
        last = 0
        while True:
            with db.transaction():
                rows = session.execute(
                    select(table.c.id, column)
                    .where(table.c.id > last, column.is_not(None))
                    .order_by(table.c.id)
                    .limit(BATCH)
                ).all()
                unreadable = 0
                for id, sealed in rows:
                    if is_newest(sealed):
                        continue
                    try:
                        renewed = reseal(sealed)
                    except Unreadable:
                        unreadable += 1
                        continue
                    session.execute(
                        update(table).where(table.c.id == id, column == sealed).values({column: renewed})
                    )
            if not rows:
                break
            last = rows[-1].id
            yield len(rows), unreadable
