"""All of one's data leaves, and comes back the same."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli import main
from models import exports
from models.spreadsheets import COLUMNS, read, written
from tests.cast import Person
from tests.web.focusflow.conftest import Clock, do, project, task, work

FORMULAS = ["=1+2", "+1", "-1", "@x", "\ttab", "\rcr", "'=quoted"]
ODD = [*FORMULAS, "plain, with comma", 'a "quote"', "two\nlines", "ü 🎉", "12"]


def live(person: Person, clock: Clock) -> None:
    """A little of everything: odd texts, all states, pauses, breaks, a run, a session over midnight."""
    inside = project(person, "=Project", description="two\nlines")
    for title in ODD:
        task(person, f"{title}!", description=f"{title}?", project=inside["id"], estimated_pomodoros=2)
    made = task(person, "Worked on", project=inside["id"])
    work(person, clock, 100.7, made)
    do(person, "start", made)
    clock.wait(seconds=33.3)
    do(person, "pause", made)
    clock.wait(hours=13, minutes=30)
    do(person, "resume", made)
    clock.wait(minutes=40)
    do(person, "complete", made)
    person.post("/pomodoro/break/start/", {"break_type": "long"})
    clock.wait(minutes=20)
    produktifin = Person(person.front, "/produktifin/v1", person.token, person.email, {})
    plan = {
        "duration_pomodoro": 25,
        "duration_short_break": 5,
        "duration_long_break": 15,
        "long_break_interval": 4,
        "tasks": [],
    }
    run = produktifin.post("/pomodoro/session", plan).json["session_id"]
    clock.wait(minutes=61)
    produktifin.patch(f"/pomodoro/session/{run}/finish")
    paused = task(person, "Paused")
    do(person, "start", paused)
    clock.wait(seconds=44)
    do(person, "pause", paused)


def export(person: Person, format: str = "json") -> str:
    answer = person.get("/export/data/", format=format)
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    return answer.get_data(as_text=True)


def figures(person: Person) -> list[Any]:
    found: list[Any] = []
    for day in ("2026-03-02", "2026-03-03"):
        daily = person.get("/analytics/daily/", date=day).json
        daily["projects_breakdown"] = [
            (each["project"] and each["project"]["name"], each["focus_seconds"], each["tasks_completed"])
            for each in daily["projects_breakdown"]
        ]
        found.append(daily)
    return [*found, person.get("/analytics/streaks/").json, person.get("/auth/profile/").json["pomodoro_settings"]]


def without_numbers(text: str) -> Any:
    """An export without what an account's own numbers make different."""
    whole = json.loads(text)
    names = {None: None} | {each["id"]: each["name"] for each in whole["projects"]}
    titles = {None: None} | {each["id"]: each["title"] for each in whole["tasks"]}
    tasks = [{**each, "id": 0, "project_id": names[each["project_id"]]} for each in whole["tasks"]]
    sessions = [{**each, "id": 0, "task_id": titles[each["task_id"]]} for each in whole["pomodoro_sessions"]]
    return [{**each, "id": 0} for each in whole["projects"]], tasks, sessions


@pytest.mark.parametrize("format", ["json", "csv"])
def test_an_export_comes_back_the_same(
    alice: Person, meet: Callable[..., Person], clock: Clock, tmp_path: Path, format: str
) -> None:
    alice.patch("/auth/profile/", {"pomodoro_settings": {"focus_duration": 31}})
    live(alice, clock)
    file = tmp_path / f"export.{format}"
    file.write_bytes(export(alice, format).encode())
    dora = meet("dora")
    outcome = CliRunner().invoke(main, ["import", dora.email, str(file)])
    assert outcome.exit_code == 0, outcome.output
    assert without_numbers(export(dora)) == without_numbers(export(alice))
    assert figures(dora) == figures(alice)
    paused = dora.get("/tasks/", status="paused").json["results"]
    do(dora, "resume", paused[0])
    again = CliRunner().invoke(main, ["import", dora.email, str(file)])
    assert again.exit_code == 1
    assert "not empty" in again.output


def test_a_running_session_is_paused_in_the_copy(
    alice: Person, meet: Callable[..., Person], clock: Clock, tmp_path: Path
) -> None:
    do(alice, "start", task(alice, "Running"))
    clock.wait(seconds=70)
    (tmp_path / "export.json").write_text(export(alice))
    dora = meet("dora")
    assert CliRunner().invoke(main, ["import", dora.email, str(tmp_path / "export.json")]).exit_code == 0
    copied = dora.get("/tasks/").json["results"][0]
    assert (copied["status"], copied["total_focus_seconds"]) == ("paused", 70)
    assert dora.get("/pomodoro/active/").json["remaining_seconds"] == 1430


def test_cells_that_a_spreadsheet_would_run_are_made_text(alice: Person) -> None:
    for title in ODD:
        task(alice, f"{title}!")
    rows = list(csv.DictReader(io.StringIO(export(alice, "csv"), newline="")))
    cells = [cell for row in rows for cell in row.values() if cell]
    assert not [cell for cell in cells if cell[0] in "=+-@\t\r\0"]
    assert {row["title"] for row in rows if row["record"] == "task"} >= {"'=1+2!", "plain, with comma!", 'a "quote"!'}


def test_a_csv_file_is_read_as_it_was_written() -> None:
    for text in [*ODD, "''=x", "'", "'plain", "true", "12", ""]:
        record: dict[str, Any] = dict.fromkeys(exports.FIELDS["task"]) | {"id": 1, "title": text, "description": ""}
        lines = "".join(written([("task", record)]))
        assert lines.split("\r\n")[0] == ",".join(COLUMNS)
        assert list(read(lines)) == [("task", record)]


def test_a_long_export_is_complete(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [task(alice, f"Task {number}")["id"] for number in range(23)]
    monkeypatch.setattr(exports, "CHUNK", 5)
    whole = json.loads(export(alice))
    assert [each["id"] for each in whole["tasks"]] == made
    assert whole["user"]["email"] == alice.email
    assert "password" not in export(alice)
    assert alice.get("/export/data/", format="papyrus").status_code == 400


@pytest.mark.parametrize(
    "text",
    ["", "{", "a,b\n1,2", '{"tasks": [{"id": 1}]}', '{"pomodoro_sessions": [{"id": 1, "task_id": 9}]}', "record\nx"],
)
def test_a_broken_file_is_refused_whole(alice: Person, tmp_path: Path, text: str) -> None:
    (tmp_path / "broken").write_text(text)
    outcome = CliRunner().invoke(main, ["import", alice.email, str(tmp_path / "broken")])
    assert outcome.exit_code == 1
    assert "Error: " in outcome.output
    assert alice.get("/tasks/").json["count"] == 0
