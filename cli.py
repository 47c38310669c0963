"""Commands for an operator: `python cli.py COMMAND`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from settings import ROOT, settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

MIGRATION_LOCK = 0x0DA7B00C
"""The key of PostgreSQL's advisory lock."""


@click.group()
def main() -> None:
    """Daybook: one backend for a person's working day."""


@main.command("up")
@click.option("--until-parent-ends", is_flag=True, help="Also stop when the process that started this one is gone.")
def up(until_parent_ends: bool) -> None:
    """Run everything on this machine: web, worker, beat, and what they stand on."""
    from processes import product

    demo = "seed-demo" in main.commands and not settings.production
    try:
        product.up(demo=demo, until_parent_ends=until_parent_ends)
    except product.Refused as reason:
        raise click.ClickException(str(reason)) from None


@main.command("migrate")
def migrate() -> None:
    """Bring the database up to date; safe to run from several processes at once."""
    upgrade()


def upgrade() -> None:
    """Apply every migration that this database lacks, one process at a time."""
    from alembic import command
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from sqlalchemy import NullPool, create_engine, make_url

    url = make_url(settings.database_url)
    # A connection of its own, without the web's time-outs and without SQLite's foreign keys: rebuilding a table
    # there drops the old one, which would take the rows that point to it along.
    options = {"timeout": 60, "isolation_level": None} if settings.on_sqlite else {}
    if settings.on_sqlite and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    alembic = Config(ROOT / "alembic.ini")
    with create_engine(url, poolclass=NullPool, connect_args=options).connect() as connection:
        _wait_for_turn(connection)
        applied = MigrationContext.configure(connection).get_current_heads()
        if set(applied) != set(ScriptDirectory.from_config(alembic).get_heads()):  # else spare it loading every model
            if not settings.on_sqlite:
                connection.rollback()  # alembic begins what transactions it wants, and may build an index without one
            alembic.attributes["connection"] = connection
            command.upgrade(alembic, "head")
        connection.commit()


def _wait_for_turn(connection: Connection) -> None:
    """Wait until no other process migrates this database; one that dies gives its turn away."""
    if settings.on_sqlite:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # alembic works inside it
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({MIGRATION_LOCK})")
        connection.commit()  # the lock is the connection's, not the transaction's


if __name__ == "__main__":
    main()
