"""G7: migrations from empty, twice, by two processes at once, and over many rows: always the same schema."""

from __future__ import annotations

import re
import subprocess
import sys
import time

import pytest

from settings import ROOT
from tests.faults.cluster import binary
from tests.faults.rows import fill
from tests.faults.stage import Stage

pytestmark = pytest.mark.timeout(600)
EARLY = "0003"
"""The first revision that knows focus sessions."""
SESSION = {
    "kind": "'focus'", "planned_seconds": "1500", "started_at": "now() - interval '1 hour'", "ended_at": "now()",
}  # fmt: skip


def migrate(stage: Stage, url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "cli.py", "migrate"], cwd=ROOT, env=stage.environment | {"DATABASE_URL": url}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def both(stage: Stage, url: str) -> float:
    """Migrate by two processes at once; seconds until both are done."""
    began = time.monotonic()
    racers = [migrate(stage, url) for _ in range(2)]
    for racer in racers:
        said, _ = racer.communicate(timeout=300)
        assert racer.returncode == 0, said
    return time.monotonic() - began


def schema(url: str) -> list[str]:
    """What pg_dump says of the schema, without what differs from dump to dump; order of columns does not matter."""
    address = url.replace("postgresql+psycopg", "postgresql")
    text = subprocess.run(
        [binary("pg_dump") or "pg_dump", "--schema-only", address], check=True, capture_output=True, text=True
    ).stdout
    return sorted(re.sub(r",$", "", line) for line in text.splitlines() if line and not line.startswith(("--", "\\")))


def test_two_processes_migrate_from_empty_and_again(stage: Stage, report) -> None:
    url = stage.postgres.create("from_empty")
    first, again = both(stage, url), both(stage, url)
    report("G7", f"from empty by two at once {first:.1f} s, again {again:.1f} s")
    assert schema(url) == schema(stage.postgres.url)
    assert first <= 60


def test_many_rows_are_migrated_within_a_minute(stage: Stage, is_long: bool, report) -> None:
    url = stage.postgres.create("with_rows")
    subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", EARLY], cwd=ROOT, check=True,
        env=stage.environment | {"DATABASE_URL": url}, capture_output=True,
    )  # fmt: skip
    rows = 1_000_000 if is_long else 20_000
    with stage.postgres.connect("with_rows") as connection:
        fill(connection, "users", 1)
        fill(connection, "focus_sessions", rows, owner_id="(SELECT min(id) FROM users)", **SESSION)
        connection.autocommit = True
        connection.execute("ANALYZE")
    took = both(stage, url)
    report("G7", f"{rows} focus sessions from revision {EARLY} to the newest by two at once: {took:.1f} s")
    with stage.postgres.connect("with_rows") as connection:
        assert connection.execute("SELECT count(*) FROM focus_sessions").fetchone() == (rows,)
    assert schema(url) == schema(stage.postgres.url)
    assert took <= 60
