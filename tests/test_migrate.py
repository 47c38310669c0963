"""`cli.py migrate` from several processes at once: one migrates, the others wait and find it done."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import NullPool, create_engine, inspect, make_url, text

from settings import ROOT


@pytest.fixture
def database(tmp_path) -> Iterator[str]:
    """The address of an empty database, of the kind that the suite runs on."""
    given = os.environ.get("TEST_DATABASE_URL")
    if not given:
        yield f"sqlite:///{tmp_path / 'new' / 'daybook.sqlite3'}"
        return
    url = make_url(given).set(database=f"daybook_migrate_{uuid.uuid4().hex[:8]}")
    admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{url.database}"'))
    yield url.render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{url.database}" WITH (FORCE)'))


def migrate(database: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "cli.py", "migrate"], cwd=ROOT, env=os.environ | {"DATABASE_URL": database}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def test_four_processes_may_migrate_a_new_database_at_once(database):
    racers = [migrate(database) for _ in range(4)]
    for racer in racers:
        said, _ = racer.communicate(timeout=60)
        assert racer.returncode == 0, said
    engine = create_engine(database, poolclass=NullPool)
    assert "users" in inspect(engine).get_table_names()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1


def test_a_killed_migration_gives_its_turn_away(database):
    first = migrate(database)
    first.kill()
    first.communicate()
    second = migrate(database)
    said, _ = second.communicate(timeout=30)
    assert second.returncode == 0, said
