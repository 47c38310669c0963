"""G3: a dump, restored into an empty database, is the same house: exports, logins and providers' tokens."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

import pytest
from cryptography.fernet import Fernet

from tests.connect import Provider, consent
from tests.faults.cluster import binary
from tests.faults.journal import DOORS, Journal, Writer
from tests.faults.rows import fill
from tests.faults.stage import Stage

pytestmark = pytest.mark.timeout(600)
PEOPLE = 20
KEY = Fernet.generate_key().decode()
EXPORTS = {
    "tymblok": ("/tymblok/v1/inbox?pageSize=1000", "/tymblok/v1/users/me", "/tymblok/v1/categories",
                "/tymblok/v1/integrations"),
    "focusflow": ("/focusflow/api/v1/export/data/", "/focusflow/api/v1/projects/"),
    "produktifin": ("/produktifin/v1/calendar/events", "/produktifin/v1/history"),
    "flow-sudoku": ("/flow-sudoku/v1/sessions?since=2020-01-01T00:00:00Z",),
}  # fmt: skip


def test_a_restored_dump_is_the_same_house(stage: Stage, providers: str, is_long: bool, report) -> None:
    stage.serve(ENCRYPTION_KEYS=KEY)
    people = [Writer(stage.url, DOORS[number % len(DOORS)], Journal()) for number in range(PEOPLE)]
    with stage.postgres.connect() as connection:
        connection.execute("UPDATE users SET plan = 'pro_monthly'")  # the free one bounds what may be written
    with Provider(providers, "github") as github:
        github.fill(50)
        for person in people:
            for _ in range(5):
                person.write()
            assert {entry.status for entry in person.journal.entries} <= {200, 201}
            if person.door == "tymblok":
                asked = person.http.post("/tymblok/v1/integrations/github/connect", json={}).json()
                assert person.http.get(consent(asked["data"]["authUrl"])).status_code < 400
        stage.clear()
        rows = 1_000_000 if is_long else 20_000
        with stage.postgres.connect() as connection:
            fill(connection, "puzzle_sessions", rows, owner_id="(SELECT min(id) FROM users)", key="'key ' || number")
        stage.serve(ENCRYPTION_KEYS=KEY)
        before = [export(person) for person in people]
        stage.clear()
        took = dump_and_restore(stage, "restored")
        restored = stage.postgres.url.rpartition("/")[0] + "/restored"
        for command in ("migrate", "rebuild-stats"):
            stage.command(command, DATABASE_URL=restored)
        stage.serve(DATABASE_URL=restored, ENCRYPTION_KEYS=KEY)
        after = [export(person) for person in people]
        report("G3", f"{rows} puzzle sessions: {took}; {sum(map(len, map(json.dumps, before)))} bytes of exports")
        for mine, theirs in zip(before, after, strict=True):
            assert mine == theirs
        owner = next(person for person in people if person.door == "tymblok")
        synced = owner.http.post("/tymblok/v1/integrations/github/sync")
        assert synced.status_code == 200, synced.text
        stage.clear()
        stage.serve(DATABASE_URL=restored, ENCRYPTION_KEYS=Fernet.generate_key().decode())
        assert 400 <= owner.http.post("/tymblok/v1/integrations/github/sync").status_code < 600
        (shown,) = owner.http.get("/tymblok/v1/integrations").json()["data"]
        assert shown["state"] == "needs_reconnect" and "connected again" in shown["lastSyncError"], shown
        answers = [owner.http.post("/tymblok/v1/integrations/github/sync").status_code, *map(status, people)]
        assert 500 not in answers and answers[0] == 409
        assert export(people[1]) == after[1], "only the connected accounts need the key"


def status(person: Writer) -> int:
    return person.http.get(EXPORTS[person.door][0]).status_code


def export(person: Writer) -> list[Any]:
    """Everything that a person gets at his contract, but for the moment of asking."""
    found = []
    for path in EXPORTS[person.door]:
        answer = person.http.get(path)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        if isinstance(body, dict):
            for name in ("meta", "exported_at", "server_timestamp"):
                body.pop(name, None)
        found.append(body)
    return found


def dump_and_restore(stage: Stage, name: str) -> str:
    """The commands of docs/operations.md; how long each took."""
    server = f"postgresql://daybook@127.0.0.1:{stage.postgres.port}"
    file = str(stage.folder / "daybook.dump")
    began = time.monotonic()
    run("pg_dump", "--format=custom", f"--dbname={server}/daybook", f"--file={file}")
    dumped = time.monotonic()
    stage.postgres.create(name)
    run("pg_restore", "--no-owner", "--exit-on-error", "--jobs=2", f"--dbname={server}/{name}", file)
    restored = time.monotonic()
    assert restored - began <= 300
    return f"dump {dumped - began:.1f} s, restore {restored - dumped:.1f} s"


def run(name: str, *arguments: str) -> None:
    subprocess.run([binary(name) or name, *arguments], check=True, stdin=subprocess.DEVNULL)
