"""Databases of their own for tests that start processes."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import NullPool, create_engine, make_url, text


@contextmanager
def empty_database(folder: Path) -> Iterator[str]:
    """The address of a new database, of the kind that the suite runs on; it goes when the block is left."""
    given = os.environ.get("TEST_DATABASE_URL")
    if not given:
        yield f"sqlite:///{folder / 'new' / 'daybook.sqlite3'}"
        return
    url = make_url(given).set(database=f"daybook_{uuid.uuid4().hex[:12]}")
    admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{url.database}"'))
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{url.database}" WITH (FORCE)'))
