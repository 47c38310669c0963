"""The SQL statements that something takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

Statement = tuple[str, Any]
"""Its text and its values."""


@contextmanager
def counted() -> Iterator[list[Statement]]:
    """The statements that reach the database inside the block, those that only read as well."""
    from models import db

    seen: list[Statement] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        seen.append((statement, parameters))

    engines = {db.engine, db._read_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
