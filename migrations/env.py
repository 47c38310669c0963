"""How alembic reaches the tables: the models' metadata on the settings' database."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import DateTime
from sqlalchemy.types import TypeDecorator

import models.tables  # noqa: F401  # every table must be known to the metadata
from models.db import Base, engine


def render_item(kind: str, obj: Any, autogen_context: Any) -> str | bool:
    """Write our own column types as what they are, so that a migration needs nothing of today's code."""
    if kind == "type" and isinstance(obj, DateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(obj, TypeDecorator):
        raise TypeError(f"say how {obj!r} is written in a migration")
    return False


def run() -> None:
    """Run the migrations on the connection given, or on a new one."""
    given = context.config.attributes.get("connection")
    if given is not None:
        _migrate(given)
        return
    with engine.begin() as connection:
        _migrate(connection)


def _migrate(connection: Any) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        render_item=render_item,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
