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


@main.command("seed-demo")
def seed_demo() -> None:
    """Make the documented test account, with a month of work; refused in production."""
    import models.tables  # noqa: F401  # foreign keys name tables, so all must be known
    from models import db, demo
    from models.errors import Refusal

    try:
        with db.transaction():
            made = demo.seed_demo()
    except Refusal as reason:
        raise click.ClickException(reason.message) from None
    click.echo(f"{demo.EMAIL} is ready" if made else f"{demo.EMAIL} was there already")


@main.command("import")
@click.argument("email")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_export(email: str, file: Path) -> None:
    """Put a FocusFlow export (JSON or CSV) into the empty account of EMAIL."""
    import models.tables  # noqa: F401  # foreign keys name tables, so all must be known
    from models import db
    from models.errors import Refusal
    from models.imports import import_records, read_export
    from models.users import User

    try:
        with db.transaction():
            owner = User.by_email(email)
            if owner is None:
                raise click.ClickException(f"there is no account of {email}")
            records = list(read_export(file.read_text(encoding="utf-8")))
            with click.progressbar(records, label="Importing") as shown:
                counts = import_records(owner, shown)
    except Refusal as reason:
        fields = "; ".join(sentence for sentences in getattr(reason, "fields", {}).values() for sentence in sentences)
        raise click.ClickException(fields or reason.message) from None
    except ValueError as reason:
        raise click.ClickException(f"{file} cannot be read: {reason}") from None
    click.echo(", ".join(f"{count} {kind}s" for kind, count in counts.items() if kind != "user"))


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


@main.command("plan")
@click.argument("email")
@click.argument("plan", type=click.Choice(["free", "pro_monthly", "pro_yearly"]))
def plan(email: str, plan: str) -> None:
    """Put an account on a plan by hand, without a payment."""
    import models.tables  # noqa: F401
    from models import db
    from models.users import User

    with db.transaction():
        user = User.by_email(email)
        if user is None:
            raise click.ClickException(f"there is no account {email}")
        user.plan = plan
    click.echo(f"{email} is on {plan}")


@main.command("sync")
@click.option("--provider", default=None, help="Only this provider.")
@click.option("--user", "email", default=None, help="Only this account's e-mail address.")
def sync(provider: str | None, email: str | None) -> None:
    """Sync connected accounts now, one after the other."""
    from rich.console import Console
    from rich.progress import Progress

    import models.tables  # noqa: F401
    from models import db
    from models.errors import Conflict
    from models.integrations import find_integrations
    from workers import sync as syncing

    with db.transaction(reading=True):
        wanted = find_integrations(provider, email)
    if not wanted:
        raise click.ClickException("nothing is connected that fits")
    failed = 0
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("syncing", total=len(wanted))
        for integration_id, name, owner in wanted:
            try:
                outcome = syncing.sync(integration_id)
                said = outcome.error.message if outcome.error else f"{outcome.counts.synced} new or changed"
                failed += outcome.error is not None
            except Conflict as reason:
                said = reason.message
            progress.console.print(f"{owner} {name}: {said}")
            progress.advance(task)
    if failed:
        raise click.ClickException(f"{failed} of {len(wanted)} failed")


@main.command("rebuild-stats")
def rebuild_stats() -> None:
    """Count everybody's statistics from the blocks again, here and now."""
    from rich.console import Console
    from rich.progress import Progress

    import models.tables  # noqa: F401
    from models import db
    from models.rollups import rebuild, slices

    with db.transaction(reading=True):
        parts = list(slices())
    with Progress(console=Console(stderr=True)) as progress:
        for first, last in progress.track(parts, description="counting"):
            with db.transaction():
                rebuild(first, last)
    click.echo("statistics rebuilt")


@main.command("rotate-keys")
def rotate_keys() -> None:
    """Reseal everything with the newest of ENCRYPTION_KEYS; afterwards the older ones can be taken out."""
    from rich.console import Console
    from rich.progress import Progress

    import models.tables  # noqa: F401
    from models.rotation import count_sealed, rotate

    lost = 0
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("resealing", total=count_sealed())
        for seen, unreadable in rotate():
            lost += unreadable
            progress.advance(task, seen)
    if lost:
        raise click.ClickException(f"{lost} values open with none of the keys; they were left as they are")
    click.echo("everything is sealed with the newest key")


@main.command("webhook-token")
@click.argument("provider", type=click.Choice(["notion"]))
def webhook_token(provider: str) -> None:
    """Show the secret that a provider sent in its webhook handshake, to be confirmed there and set here."""
    import models.tables  # noqa: F401
    from models import db
    from models.pushes import Handshake

    with db.transaction(reading=True):
        token = Handshake.token_of(provider)
    if token is None:
        raise click.ClickException(f"{provider} has sent no handshake yet")
    click.echo(token)


if __name__ == "__main__":
    main()
