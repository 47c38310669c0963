"""The migrations and the models say the same, and what points elsewhere can be found from there."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Index, UniqueConstraint

from models import tables  # noqa: F401
from models.db import Base, engine


def test_the_migrations_make_exactly_the_tables_of_the_models() -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_every_foreign_key_says_what_a_deletion_does_and_has_an_index_for_it() -> None:
    for table in Base.metadata.sorted_tables:
        indexed = {next(iter(table.primary_key.columns)).name}
        indexed |= {column.name for column in table.columns if column.unique}
        indexed |= {next(iter(each.columns)).name for each in table.constraints if isinstance(each, UniqueConstraint)}
        indexed |= {next(iter(each.columns)).name for each in table.indexes if serves_all(each)}
        for key in table.foreign_keys:
            assert key.ondelete, f"{table.name}.{key.parent.name} does not say what a deletion does"
            assert key.parent.name in indexed, f"{table.name}.{key.parent.name} has no index"


def serves_all(index: Index) -> bool:
    """Whether every row that points somewhere is in it."""
    where = index.dialect_options["postgresql"]["where"]
    return where is None or str(where) == f"{next(iter(index.columns)).name} IS NOT NULL"
