"""Commands for an operator: `python cli.py COMMAND`."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import URL, NullPool, create_engine, func, make_url, select

from settings import ROOT, settings

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
        product.up(["migrate", *(["seed-demo"] if demo else [])], demo=demo, until_parent_ends=until_parent_ends)
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

    alembic = Config(ROOT / "alembic.ini")
    alembic.set_main_option("script_location", str(ROOT / "migrations").replace("%", "%%"))
    with _turn_to_migrate(make_url(settings.database_url)):
        command.upgrade(alembic, "head")


@contextmanager
def _turn_to_migrate(url: URL) -> Iterator[None]:
    """Wait until no other process migrates this database; a process that dies gives its turn away."""
    if url.get_backend_name() == "postgresql":
        with create_engine(url, poolclass=NullPool).connect() as connection:
            connection.execute(select(func.pg_advisory_lock(MIGRATION_LOCK)))
            yield
    elif url.database in (None, "", ":memory:"):
        yield
    else:
        # Not a lock inside the database: that would keep out the migration itself, which has a connection of its own.
        lock = Path(f"{url.database}.migrating")
        lock.parent.mkdir(parents=True, exist_ok=True)
        with lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


if __name__ == "__main__":
    main()
