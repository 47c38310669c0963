"""The migrations and the models say the same."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from models import tables  # noqa: F401
from models.db import Base, engine


def test_the_migrations_make_exactly_the_tables_of_the_models() -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
