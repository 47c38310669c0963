"""The whole suite on SQLite, and again on PostgreSQL where one answers: `python -m tests.suite [ARGS]`."""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg
import pytest
from sqlalchemy import make_url

from settings import ROOT

# No line of these comes near a database, so once is enough. What slow clients are tested on has only an address of one.
WITHOUT_A_DATABASE = (
    "tests/connectors",
    "tests/sandbox",
    "tests/faults/test_slow_clients.py",
    "tests/test_layers.py",
    "tests/test_settings.py",
)
LOCAL_POSTGRESQL = "postgresql+psycopg://root@127.0.0.1/daybook_test"


def main(arguments: list[str]) -> int:
    status = run("SQLite", "", arguments)
    url = os.environ.get("TEST_DATABASE_URL") or LOCAL_POSTGRESQL
    if reason := unusable(url):
        if "TEST_DATABASE_URL" in os.environ:
            print(f"\n== PostgreSQL: TEST_DATABASE_URL was given, but {reason}")
            return 1
        print(f"\n== PostgreSQL: not run, {reason}")
        return status
    left_out = [f"--ignore={path}" for path in WITHOUT_A_DATABASE]
    again = run("PostgreSQL", url, [*left_out, *arguments])
    # Of a part that comes near no database nothing is left here.
    return status or (0 if again == pytest.ExitCode.NO_TESTS_COLLECTED else again)


def run(database: str, url: str, arguments: list[str]) -> int:
    """Run pytest with nothing in its environment that would lead it to another database."""
    print(f"\n== {database}", flush=True)
    environment = {name: value for name, value in os.environ.items() if not name.endswith("DATABASE_URL")}
    # Dozens of processes are started; none should compile again what another has compiled.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if url:
        environment["TEST_DATABASE_URL"] = url
    # A file is one process's: what its tests share is set up once, and they keep their order. One process more than
    # two cores: about half of the time goes by waiting for processes to start, sockets to close and leases to end.
    spread = ["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"]
    command = [sys.executable, "-m", "pytest", "-q", *spread, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


def unusable(text: str) -> str:
    """Why the suite cannot make its databases there (conftest does, one for each process); empty where it can."""
    url = make_url(text).set(drivername="postgresql", database="postgres")
    try:
        with psycopg.connect(url.render_as_string(hide_password=False), connect_timeout=3) as connection:
            may = connection.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
            if may.fetchone() == (True,):
                return ""
            return f"{url.username} may not create databases there"
    except psycopg.Error as error:
        return f"{url.host}:{url.port or 5432} says: {' '.join(str(error).split())}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
