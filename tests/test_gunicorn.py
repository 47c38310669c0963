"""How the web is served: with greenlets or with threads, as the settings say."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import httpx
import pytest

from settings import ROOT
from tests.cast import Person
from tests.served import served

SQLITE, POSTGRESQL = "sqlite:////nowhere/daybook.sqlite3", "postgresql+psycopg://nobody@127.0.0.1:1/none"


@pytest.mark.parametrize(
    ("database", "greenlets", "worker"),
    [
        (POSTGRESQL, "true", "gevent"),
        (POSTGRESQL, "false", "gthread"),
        (SQLITE, "true", "gthread"),  # a greenlet that yields in a transaction would stop its process
    ],
)
def test_the_settings_say_which_worker_serves(database: str, greenlets: str, worker: str, tmp_path) -> None:
    given = {"DATABASE_URL": database, "WEB_GREENLETS": greenlets, "VAR_DIR": str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "--print-config", "wsgi:application"],
        cwd=ROOT, env=os.environ | given, stdout=subprocess.PIPE, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert re.findall(r"^worker_class\s+=\s+(\w+)$", told.stdout, re.MULTILINE) == [worker]


def test_threads_answer_on_every_database(alice: Person) -> None:
    with served(WEB_GREENLETS="false", WEB_THREADS="4") as web:
        headers = {"Authorization": f"Bearer {alice.token}"}
        answers = [httpx.get(f"{web.http}/tymblok/v1/users/me", headers=headers, timeout=10) for _ in range(8)]
    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].json()["data"]["email"] == alice.email
