"""A team of 200 with a million sessions: `python -m bench.teams [--rounds 40] [--sessions 1000000] [--reports]`.

The manager's dashboards are asked for in turns, in one process, over PostgreSQL: SQL statements, median and 95th
percentile; the bar is 500 ms. With --reports a report of 50,000 rows is fetched in each format from the real server:
seconds (bar 60) and how far the web's memory rose (bar 200 MB).
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from datetime import date, timedelta

from bench import figures, stage

RUNS = (["--reports"],)
MEMBERS, PROJECTS, TASKS = 200, 20, 50_000
DAYS = 365
BAR_MS, BAR_SECONDS, BAR_MB = 500.0, 60.0, 200.0
_TASKS = """
INSERT INTO tasks (owner_id, project_id, organization_id, title, description, status, priority, focus_seconds,
                   pomodoros, started_at, completed_at, assigned_at, created_at, updated_at, uid)
SELECT :member + number % :members, :project + number % :projects, :team, 'Task number ' || number || ' of all', '',
       CASE WHEN number % 10 = 0 THEN 'in_progress' ELSE 'completed' END, 'medium', 30000, 20, made, CASE WHEN
       number % 10 > 0 THEN made + interval '2 days' END, made, made, made, gen_random_uuid()
FROM (SELECT number, now() - interval '1 day' * (number % :days) - interval '2 days' AS made
      FROM generate_series(0, :count - 1) AS number) AS made
"""
_SESSIONS = """
INSERT INTO focus_sessions (owner_id, task_id, organization_id, kind, planned_seconds, started_at, ended_at, counted_us,
                            pomodoros, completed, uid)
SELECT :member + number % :members, :task + number % :tasks, :team, 'focus', 1500, began,
       began + interval '25 minutes', 1500000000, 1, true, gen_random_uuid()
FROM (SELECT number, date_trunc('day', now()) + interval '8 hours'
                     - ((number / :members) / :daily) * interval '1 day'
                     + ((number / :members) % :daily) * interval '32 minutes' - interval '1 day' AS began
      FROM generate_series(0, :count - 1) AS number) AS made
"""
_STRETCHES = """
INSERT INTO focus_stretches (owner_id, organization_id, task_id, session_id, started_at, ended_at, seconds)
SELECT owner_id, organization_id, task_id, id, started_at, ended_at, 1500 FROM focus_sessions
"""
_DAYS = """
INSERT INTO team_days (organization_id, day, user_id, seconds, hours)
SELECT organization_id, (started_at AT TIME ZONE 'Europe/Berlin')::date, owner_id, sum(seconds),
       bit_or((1 << extract(hour FROM started_at AT TIME ZONE 'Europe/Berlin')::int)
              | (1 << extract(hour FROM ended_at AT TIME ZONE 'Europe/Berlin')::int))
FROM focus_stretches GROUP BY 1, 2, 3
"""
_RUNNING = """
INSERT INTO focus_sessions (owner_id, task_id, organization_id, kind, planned_seconds, started_at, running_since,
                            ends_at, counted_us, pomodoros, completed, uid)
SELECT :member + number, :task + number, :team, 'focus', 1500, now(), now(), now() + interval '25 minutes', 0, 0, false,
       gen_random_uuid()
FROM generate_series(0, :count - 1) AS number
"""


def furnish(sessions: int) -> tuple[str, str, int, int]:
    """The manager's token, the team's slug, a project and a member."""
    from sqlalchemy import text

    import models.tables  # noqa: F401
    from models import db
    from models.logins import Login
    from models.organizations import Membership, Organization
    from models.projects import Project
    from models.tasks import Task
    from models.users import User

    with db.transaction():
        db.session.execute(text("SET LOCAL statement_timeout = 0"))
        boss = User.register("boss@example.com", None, timezone="Europe/Berlin")
        team = Organization.create(boss, name="Acme Startup", slug="acme")
        names = [f"m{number}" for number in range(MEMBERS - 1)]
        members = [User.register(f"{name}@example.com", None, first_name=f"Łukasz {name}") for name in names]
        db.session.add_all([Membership(organization_id=team.id, user_id=each.id, role="employee") for each in members])
        made = [Project.create(boss.id, f"Client {number}", organization_id=team.id) for number in range(PROJECTS)]
        member, project = members[0].id, made[0].id
        run = lambda statement, **values: db.session.execute(text(statement), values)  # noqa: E731
        at = {"member": member, "members": MEMBERS - 1, "team": team.id}
        run(_TASKS, **at, project=project, projects=PROJECTS, days=DAYS, count=TASKS)
        task = db.session.query(Task.id).order_by(Task.id).limit(1).scalar()
        daily = -(-sessions // (MEMBERS - 1) // DAYS)
        run(_SESSIONS, **at, task=task, tasks=TASKS, daily=daily, count=sessions)
        run(_STRETCHES)
        run(_DAYS)
        run(_RUNNING, member=member, task=task, team=team.id, count=MEMBERS // 2)
        token = Login.start(boss, "focusflow", 3600).access
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))
    return token, team.slug, project, member


def measure_dashboards(token: str, slug: str, project: int, member: int, rounds: int) -> None:
    """Print statements and milliseconds of each read."""
    from sqlalchemy import event
    from werkzeug.test import Client

    from models import db
    from wsgi import application

    statements: list[int] = []
    for engine in {db.engine, db._read_engine}:
        event.listen(engine, "before_cursor_execute", lambda *_: statements.append(1))
    client = Client(application, use_cookies=False)
    today = date.today()  # noqa: DTZ011
    since = lambda days: f"?start_date={today - timedelta(days=days - 1)}&end_date={today}"  # noqa: E731
    paths = [
        "", "members/?page_size=100", "tasks/?page_size=100", "dashboard/activity/", "dashboard/overview/",
        "analytics/team/", f"analytics/team/{since(90)}", f"analytics/team/{since(365)}",
        f"analytics/team/?project={project}", f"analytics/team/{since(365)}&project={project}",
        f"analytics/projects/{project}/", f"analytics/projects/{project}/{since(365)}",
        f"employees/{member}/", f"employees/{member}/{since(365)}",
    ]  # fmt: skip
    for path in paths:
        taken = []
        for _ in range(rounds):
            statements.clear()
            start = time.perf_counter()
            address = f"/focusflow/api/v2/organizations/{slug}/{path}"
            answer = client.get(address, headers={"Authorization": f"Bearer {token}"})
            taken.append((time.perf_counter() - start) * 1000)
            assert answer.status_code == 200, answer.text
        p95 = statistics.quantiles(taken, n=20)[-1]
        print(f"{path or '(details)'}: {len(statements)} statements, p50 {statistics.median(taken):.1f} ms")
        figures.report(f"{path or '(details)'}, p95", p95, "ms", at_most=BAR_MS)


def measure_reports(token: str, slug: str) -> None:
    """Print seconds, bytes and the web's memory for a long report in each format."""
    today = date.today()  # noqa: DTZ011
    with stage.server(RATE_LIMITS="false", WEB_WORKERS="1") as web:
        base = f"http://127.0.0.1:{web.port}/focusflow/api/v2/organizations/{slug}/"
        fetch(base + "dashboard/activity/", token)
        for format in ("csv", "excel", "pdf"):
            span = f"start_date={today - timedelta(days=365)}&end_date={today}"
            address = f"{base}analytics/export/?format={format}&report_type=project&{span}"
            before = memory(web.pid)
            with peak_of(web.pid) as peak, others(base + "dashboard/activity/", token) as waits:
                start = time.perf_counter()
                first, size = fetch(address, token)
                seconds = time.perf_counter() - start
            rose = max(peak) - before
            slow = statistics.quantiles(waits, n=20)[-1] if len(waits) > 1 else 0.0
            about = f"{format} of {TASKS:,} rows"
            print(f"{about}: {size / 1e6:.1f} MB, first byte after {first:.1f} s")
            figures.report(f"{about}, done", seconds, "s", at_most=BAR_SECONDS)
            figures.report(f"{about}, the web's memory", rose, "MB more", at_most=BAR_MB)
            figures.report(f"{about}, others' p95 meanwhile", slow, "ms")


def fetch(address: str, token: str) -> tuple[float, int]:
    """Seconds to the first byte, and the size."""
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
    start = time.perf_counter()
    with urllib.request.urlopen(request, timeout=150) as answer:
        size = len(answer.read(1))
        first = time.perf_counter() - start
        while piece := answer.read(65536):
            size += len(piece)
    return first, size


def memory(pid: int) -> float:
    """MB that the web's workers hold; the process that makes a long report is theirs, but not the web."""
    workers = subprocess.run(["pgrep", "-P", str(pid)], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    return max(float(line.split()[1]) for each in workers for line in _status(each) if line.startswith("VmRSS")) / 1024


def _status(pid: str) -> list[str]:
    with open(f"/proc/{pid}/status") as file:  # noqa: PTH123
        return file.read().splitlines()


@contextlib.contextmanager
def peak_of(pid: int) -> Iterator[list[float]]:
    """The memory in MB, ten times a second."""
    seen, ends = [memory(pid)], threading.Event()

    def watch() -> None:
        while not ends.wait(0.1):
            seen.append(memory(pid))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        ends.set()
        thread.join()


@contextlib.contextmanager
def others(address: str, token: str) -> Iterator[list[float]]:
    """Milliseconds that a small request takes, again and again."""
    seen: list[float] = []
    ends = threading.Event()

    def ask() -> None:
        while not ends.wait(0.05):
            start = time.perf_counter()
            fetch(address, token)
            seen.append((time.perf_counter() - start) * 1000)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield seen
    finally:
        ends.set()
        thread.join()


def main() -> None:
    given = figures.parser(__doc__)
    given.add_argument("--rounds", type=int, default=40)
    given.add_argument("--sessions", type=int, default=1_000_000)
    given.add_argument("--reports", action="store_true")
    asked = given.parse_args()
    os.environ.update(RATE_LIMITS="false", LOG_LEVEL="ERROR")
    stage.prepare()
    began = time.perf_counter()
    token, slug, project, member = furnish(asked.sessions)
    print(f"{MEMBERS} members, {asked.sessions:,} sessions stored in {time.perf_counter() - began:.0f} s")
    measure_dashboards(token, slug, project, member, asked.rounds)
    if asked.reports:
        measure_reports(token, slug)


if __name__ == "__main__":
    main()
