"""`cli.py migrate` from several processes at once: one migrates, the others wait and find it done."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import NullPool, create_engine, inspect, text

from settings import ROOT
from tests.databases import empty_database


@pytest.fixture
def database(tmp_path) -> Iterator[str]:
    with empty_database(tmp_path) as address:
        yield address


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
