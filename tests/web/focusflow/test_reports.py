"""Reports as files: that they open, say what is stored, and run nothing."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.cast import Person
from tests.web.focusflow.conftest import Clock, do, project, task, work
from tests.web.focusflow.crew import Team, at_v2

HOSTILE = (
    "=HYPERLINK(\"http://evil\")", "+1+2", "-1+2", "@SUM(A1)", "\tTab", "=cmd|' /C calc'!A0", "＝1+1", "'=1", "'quoted",
    'He said "no", twice', "two\r\nlines", "semi;colon", "Łódź · Київ · Ελλάδα", "東京 서울 北京", "سلام عليكم",
    "שלום (1)", "हिन्दी", "😀 family", "<b>&amp;</b>", "a" * 500, "zero\u200bwidth",
    "\u202eright to left", "e\u0301 combined",
)  # fmt: skip
KINDS = {
    "pdf": ("application/pdf", ".pdf"),
    "csv": ("text/csv; charset=utf-8", ".csv"),
    "excel": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
}


def report(team: Team, person: Person, format: str, report_type: str = "team", **query: Any) -> Any:
    query = {"format": format, "report_type": report_type, **query}
    answer = at_v2(person).get(team.path("analytics/export/"), **query)
    assert answer.status_code == 200, answer.text
    return answer


def cells(team: Team, person: Person, report_type: str, **query: Any) -> list[dict[str, str]]:
    text = report(team, person, "csv", report_type, **query).data.decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def sheet(body: bytes, name: str) -> list[list[Any]]:
    book = openpyxl.load_workbook(io.BytesIO(body))
    return [[cell.value for cell in row] for row in book[name].iter_rows()]


def words(body: bytes, tmp_path: Path) -> str:
    """The text of a PDF, as somebody else's reader finds it."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not here")
    (tmp_path / "report.pdf").write_bytes(body)
    command = ["pdftotext", "-layout", str(tmp_path / "report.pdf"), "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.fixture
def team(alice: Person, bob: Person, clock: Clock) -> Team:
    """Two members, a project, three tasks; two hours of work."""
    team = Team(alice)
    team.take_in(bob)
    place = project(alice, "Client Project A", organization=team.slug)["id"]
    for number in range(3):
        made = task(alice, f"Task {number}", project=place, estimated_pomodoros=2)
        team.assign(made, bob, priority="high")
        if number < 2:
            work(bob, clock, 3600, made)
        if number < 1:
            do(bob, "complete", made)
    return team


@pytest.mark.parametrize("format", KINDS)
@pytest.mark.parametrize("report_type", ["team", "project", "individual"])
def test_a_report_is_a_file_with_a_name(team: Team, format: str, report_type: str) -> None:
    answer = report(team, team.maker, format, report_type)
    kind, ending = KINDS[format]
    assert answer.headers["Content-Type"] == kind
    name = f"{team.slug}-{report_type}-2026-02-01-to-2026-03-02{ending}"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    magic = {"pdf": b"%PDF-", "excel": b"PK\x03\x04", "csv": b"Employee," if report_type != "project" else b"Project,"}
    assert answer.data.startswith(magic[format])


def test_the_figures_are_those_of_the_analytics(team: Team, bob: Person) -> None:
    rows = {row["Username"]: row for row in cells(team, team.maker, "team")}
    shown = {row["user"]["username"]: row for row in team.get(team.maker, "analytics/team/")["employee_breakdown"]}
    assert rows.keys() == shown.keys()
    for name, row in rows.items():
        assert float(row["Focus hours"]) == shown[name]["focus_hours"]
        assert int(row["Tasks completed"]) == shown[name]["tasks_completed"]
        assert float(row["Completion rate"]) == shown[name]["completion_rate"]
    tasks = cells(team, team.maker, "project")
    assert [(row["Task"], row["Status"], row["Focus hours"]) for row in tasks] == [
        ("Task 0", "completed", "1.00"), ("Task 1", "in progress", "1.00"), ("Task 2", "pending", "0.00"),
    ]  # fmt: skip
    assert tasks[0]["Completed"] == "2026-03-02T11:00:00Z" and tasks[0]["Priority"] == "high"
    days = cells(team, team.maker, "individual")
    assert [(row["Username"], row["Date"], row["Focus hours"], row["Tasks completed"]) for row in days] == [
        (bob.data["username"], "2026-03-02", "2.00", "1")
    ]


def test_an_individual_report_may_be_about_one_member_and_no_stranger(team: Team, bob: Person, charlie: Person) -> None:
    assert cells(team, team.maker, "individual", user=bob.data["id"])
    assert cells(team, team.maker, "individual", user=team.maker.data["id"]) == []
    for stranger in (charlie.data["id"], 10**9):
        team.get(team.maker, "analytics/export/", expect=404, report_type="individual", format="csv", user=stranger)


def test_a_report_about_a_managers_own_project_is_his_own(team: Team, clock: Clock) -> None:
    own = project(team.maker, "Own")["id"]
    work(team.maker, clock, 1800, task(team.maker, "Mine", project=own))
    assert [row["Task"] for row in cells(team, team.maker, "project", project=own)] == ["Mine"]
    assert "Mine" not in str(cells(team, team.maker, "project"))


@pytest.mark.parametrize("query", [{"format": "papyrus"}, {"report_type": "weather"}, {"format": ""}, {"user": "x"}])
def test_what_there_is_not_is_refused(team: Team, query: dict[str, str]) -> None:
    team.get(team.maker, "analytics/export/", expect=400, **query)


@pytest.fixture
def hostile(alice: Person, bob: Person) -> Team:
    """Tasks whose titles would do something in a spreadsheet, or are hard to draw."""
    team = Team(alice)
    team.take_in(bob)
    place = project(alice, "=1+1", organization=team.slug)["id"]
    for title in HOSTILE:
        made = bob.post("/tasks/", {"title": title, "project": place})
        assert made.status_code == 201, title
    return team


def test_every_cell_of_a_csv_is_text_and_comes_back(hostile: Team) -> None:
    raw = report(hostile, hostile.maker, "csv", "project").data
    assert raw.count(b"\r\n") >= len(HOSTILE) and not raw.startswith(b"\xef\xbb\xbf")
    rows = cells(hostile, hostile.maker, "project")
    assert len(rows) == len(HOSTILE)
    for row, title in zip(rows, HOSTILE, strict=True):
        title = title.strip()
        assert row["Task"][:1] not in "=+-@\t\r\n＝＋－＠"
        plain = row["Task"][1:] if row["Task"].startswith("'") else row["Task"]
        assert plain == title
        assert row["Project"] == "'=1+1"


def test_every_cell_of_a_workbook_is_text_and_comes_back(hostile: Team) -> None:
    body = report(hostile, hostile.maker, "excel", "project").data
    book = openpyxl.load_workbook(io.BytesIO(body))
    assert book.sheetnames == ["Overview", "Projects", "Tasks"]
    titles = [row[1] for row in book["Tasks"].iter_rows(min_row=2)]
    assert [cell.data_type for cell in titles] == ["s"] * len(HOSTILE)
    assert [cell.value.replace("_x000D_", "\r") for cell in titles] == [title.strip() for title in HOSTILE]
    assert not [cell for page in book for row in page.iter_rows() for cell in row if cell.data_type == "f"]
    assert not [cell for row in book["Tasks"].iter_rows() for cell in row if cell.hyperlink]


def test_a_pdf_shows_what_it_can_and_says_what_it_cannot(hostile: Team, tmp_path: Path) -> None:
    text = words(report(hostile, hostile.maker, "pdf", "project").data, tmp_path)
    for shown in ("Project report", "=HYPERLINK", "Łódź · Київ · Ελλάδα", "東京 서울 北京", "<b>&amp;</b>"):
        assert shown in text, shown
    assert "□ stands for a character" in text and "हिन्दी" not in text


def test_a_workbook_has_native_charts_and_numbers_that_add_up(team: Team) -> None:
    body = report(team, team.maker, "excel").data
    book = openpyxl.load_workbook(io.BytesIO(body))
    assert len(book["Overview"]._charts) == 2
    rows = sheet(body, "Members")
    assert rows[0][:2] == ["Employee", "Username"]
    *members, gap, total = rows[1:]  # a row apart from what is sorted and filtered
    assert set(gap) == {None} and sum(row[3] for row in members) == 2.0
    assert (total[0], total[3], total[4]) == ("Total", 2.0, 1)


def test_a_long_table_cuts_no_heading_no_day_and_no_word_of_ours(team: Team, tmp_path: Path) -> None:
    text = words(report(team, team.maker, "pdf", "project").data, tmp_path)
    for whole in ("Priority", "Estimated", "pomodoros", "in progress", "2026-03-02", "Total"):
        assert whole in text, whole


def test_a_pdf_has_the_figures_on_its_first_page(team: Team, tmp_path: Path) -> None:
    text = words(report(team, team.maker, "pdf").data, tmp_path)
    assert re.search(r"2\.0\s+1\.0\s+1\s+", text) and "Acme Startup" in text and "2026-02-01 to 2026-03-02" in text


def test_a_long_report_is_made_apart(team: Team, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("web.focusflow.reports.SHORT", {"pdf": 0, "excel": 0})
    apart = report(team, team.maker, "pdf", "project", start_date="2026-03-01", end_date="2026-03-03").data
    assert "Task 2" in words(apart, tmp_path)
    rows = sheet(report(team, team.maker, "excel", "project").data, "Tasks")
    assert [row[1] for row in rows[1:]] == ["Task 0", "Task 1", "Task 2"]


def test_only_so_many_long_reports_are_made_at_once(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    from web.focusflow import reports

    monkeypatch.setattr("web.focusflow.reports.SHORT", {"pdf": 0, "excel": 0})
    assert reports._at_once.acquire(blocking=False) and reports._at_once.acquire(blocking=False)
    try:
        answer = at_v2(team.maker).get(team.path("analytics/export/"), format="pdf")
        assert answer.status_code == 429 and answer.headers["Retry-After"] == "10"
    finally:
        reports._at_once.release()
        reports._at_once.release()


def test_a_report_without_anything_in_it_opens(alice: Person, tmp_path: Path) -> None:
    team = Team(alice)
    for kind in ("team", "project", "individual"):
        assert "Page 1" in words(report(team, alice, "pdf", kind).data, tmp_path)
        assert openpyxl.load_workbook(io.BytesIO(report(team, alice, "excel", kind).data)).sheetnames[0] == "Overview"
