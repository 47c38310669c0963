"""A team's reports: what they say, and making a long one in a process of its own.

A long PDF is minutes of work for one core. Made in the web's process it would stop everybody else there, so it is
made by `python -m workers.reports`, which gives its memory back when it ends.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Literal

from models import db
from models.clock import now
from models.days import Days
from models.members import count_members
from models.report_rows import count_task_lines, day_lines, task_lines
from models.team_stats import performance, seconds_by_project
from models.team_time import Scope, seconds_by_day
from reports.document import Chart, Column, Report, Row, Table
from settings import ROOT

Subject = Literal["team", "project", "individual"]
SUBJECTS: tuple[Subject, ...] = ("team", "project", "individual")


def _write_pdf(report: Report, path: str) -> None:
    from reports import pages  # the writers' libraries cost half a second of every start

    pages.write(report, path)


def _write_excel(report: Report, path: str) -> None:
    from reports import spreadsheet

    spreadsheet.write(report, path)


WRITERS: dict[str, Callable[[Report, str], None]] = {"pdf": _write_pdf, "excel": _write_excel}
SHORT = {"pdf": 300, "excel": 2000}
"""Up to so many rows a file is made at once, within a fraction of a second."""
SECONDS = 100
CHARTED = 12


class NotMade(Exception):
    """The report could not be made."""


@dataclass(frozen=True, slots=True)
class Order:
    """Which report somebody asked for."""

    subject: Subject
    organization_id: int
    organization: str
    zone: str
    first: str
    last: str
    project_id: int | None = None
    user_id: int | None = None
    is_personal: bool = False

    @property
    def days(self) -> Days:
        return Days(date.fromisoformat(self.first), date.fromisoformat(self.last), self.zone)

    @property
    def scope(self) -> Scope:
        return Scope(self.organization_id, self.zone, self.user_id, self.project_id, self.is_personal)


def count_rows(order: Order) -> int:
    """At most how many rows the report will have."""
    if order.subject == "project":
        return count_task_lines(order.scope, order.days)
    members = count_members(order.organization_id) if order.user_id is None else 1
    return members * (order.days.count if order.subject == "individual" else 1)


def compose(order: Order) -> Report:
    """Everything that the report says; its rows are read while it is written."""
    with db.transaction(reading=True):
        return _COMPOSERS[order.subject](order)


def make_apart(order: Order, format: str, path: str) -> None:
    """Make a file in a process of its own. Errors: NotMade."""
    command = [sys.executable, "-m", "workers.reports", format, path, json.dumps(asdict(order))]
    try:
        subprocess.run(command, cwd=ROOT, timeout=SECONDS, check=True, stdin=subprocess.DEVNULL, capture_output=True)  # noqa: S603  # our own interpreter
    except subprocess.SubprocessError as error:
        raise NotMade from error


def _team(order: Order) -> Report:
    days = order.days
    found = performance(order.scope, days)
    by_day = seconds_by_day(order.scope, days)
    columns = [
        Column("Employee", width=2.2),
        Column("Username", width=1.6),
        Column("Role", width=1.2, longest="employee"),
        Column("Focus hours", "hours", 1.1),
        Column("Tasks completed", "count", 1.3),
        Column("Tasks open", "count", 1.0),
        Column("Completion rate", "percent", 1.3),
    ]
    rows = [
        (_name(share), share.username, share.role or "left", share.seconds / 3600, share.done, share.open, share.rate)
        for share in found.shares
    ]
    facts = [
        ("Hours of focus", f"{found.seconds / 3600:.1f}"),
        ("Hours per member", f"{found.seconds / 3600 / max(1, found.members):.1f}"),
        ("Tasks completed", str(found.done)),
        ("Completion rate", f"{100 * found.rate:.0f} %"),
        ("Members", str(found.members)),
    ]
    charts = [
        _bars("Focus by member", [(_name(share), share.seconds) for share in found.shares]),
        _by_day(by_day, days),
    ]
    left = sum(share.open for share in found.shares)
    total = ("Total", None, None, found.seconds / 3600, found.done, left, found.rate)
    return _report(order, "Team report", facts, charts, Table("Members", columns, rows, total))


def _project(order: Order) -> Report:
    days = order.days
    by_day = seconds_by_day(order.scope, days)
    projects = seconds_by_project(order.scope, days)
    columns = [
        Column("Project", width=2.2),
        Column("Task", width=3.2),
        Column("Owner", width=1.9),
        Column("Status", width=0.8, longest="in progress"),
        Column("Priority", width=0.6, longest="medium"),
        Column("Focus hours", "hours", 0.7),
        Column("Estimated pomodoros", "count", 0.7),
        Column("Completed pomodoros", "count", 0.7),
        Column("Created", "moment", 0.8),
        Column("Completed", "moment", 0.8),
    ]
    seconds, done, left = (
        sum(getattr(line, figure) for line in projects) for figure in ("seconds", "done", "open")
    )
    summary = Table(
        "Projects",
        [
            Column("Project", width=4),
            Column("Focus hours", "hours"),
            Column("Tasks completed", "count"),
            Column("Tasks open", "count"),
        ],
        [(line.name, line.seconds / 3600, line.done, line.open) for line in projects],
        ("Total", seconds / 3600, done, left),
    )
    facts = [
        ("Hours of focus", f"{seconds / 3600:.1f}"),
        ("Tasks completed", str(done)),
        ("Tasks open", str(left)),
        ("Projects", str(sum(line.id is not None for line in projects))),
    ]
    charts = [_bars("Focus by project", [(line.name, line.seconds) for line in projects]), _by_day(by_day, days)]
    return _report(order, "Project report", facts, charts, Table("Tasks", columns, _task_rows(order)), [summary])


def _task_rows(order: Order) -> Iterator[Row]:
    for line in task_lines(order.scope, order.days):
        task = line.task
        yield (
            task.project_name or "No project",
            task.title,
            _name(task),
            task.status.replace("_", " "),
            task.priority,
            line.seconds / 3600,
            task.estimated_pomodoros,
            task.pomodoros,
            task.created_at,
            task.completed_at,
        )


def _individual(order: Order) -> Report:
    days = order.days
    found = performance(order.scope, days)
    shares = [share for share in found.shares if order.user_id in (None, share.user_id)]
    columns = [
        Column("Employee", width=2.2),
        Column("Username", width=1.8),
        Column("Date", "day", 1.1),
        Column("Focus hours", "hours", 1.1),
        Column("Tasks completed", "count", 1.3),
    ]
    seconds = sum(share.seconds for share in shares)
    facts = [
        ("Hours of focus", f"{seconds / 3600:.1f}"),
        ("Tasks completed", str(sum(share.done for share in shares))),
        ("People", str(sum(share.role is not None for share in shares))),
    ]
    by_day = seconds_by_day(order.scope, days)
    charts = [_bars("Focus by person", [(_name(share), share.seconds) for share in shares]), _by_day(by_day, days)]
    rows = (
        (_name(line.member), line.member.username, line.day, line.seconds / 3600, line.done)
        for line in day_lines(order.scope, days)
    )
    total = ("Total", None, None, seconds / 3600, sum(share.done for share in shares))
    return _report(order, "Individual report", facts, charts, Table("Days", columns, rows, total))


_COMPOSERS: dict[Subject, Callable[[Order], Report]] = {"team": _team, "project": _project, "individual": _individual}


def _report(
    order: Order,
    title: str,
    facts: Sequence[tuple[str, str]],
    charts: Sequence[Chart],
    main: Table,
    summaries: Sequence[Table] = (),
) -> Report:
    days = order.days
    return Report(title, order.organization, days.first, days.last, order.zone, now(), main, facts, charts, summaries)


def _bars(title: str, parts: Sequence[tuple[str, int]]) -> Chart:
    """The largest parts as a chart, the rest as one."""
    ranked = sorted(((name, part) for name, part in parts if part), key=lambda part: -part[1])
    shown = ranked[:CHARTED] if len(ranked) <= CHARTED else ranked[: CHARTED - 1]
    rest = ranked[len(shown) :]
    if rest:
        shown = [*shown, (f"{len(rest)} others", sum(part for _, part in rest))]
    return Chart(title, "hours", [name for name, _ in shown], [part / 3600 for _, part in shown])


def _by_day(seconds: dict[date, int], days: Days) -> Chart:
    labels = [str(day) for day in days]
    return Chart("Focus by day", "hours", labels, [seconds.get(day, 0) / 3600 for day in days])


def _name(person: object) -> str:
    first, last = getattr(person, "first_name", ""), getattr(person, "last_name", "")
    return f"{first} {last}".strip() or getattr(person, "username", "")


if __name__ == "__main__":
    _format, _path, _order = sys.argv[1:]
    WRITERS[_format](compose(Order(**json.loads(_order))), _path)
