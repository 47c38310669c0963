"""FocusFlow's analytics among a million sessions: `python -m bench.analytics [--rounds 60] [--sessions 1000000]`.

One user has 5,000 sessions, another 50; both ask for the same things in turns, in one process, over PostgreSQL. Shown
are the SQL statements of each answer and the 95th percentile for each user, with its ratio: the bar is 3.
"""

from __future__ import annotations

import os
import statistics
import time

from bench import figures, stage

MANY, FEW = 5000, 50
BAR = 3.0
_SESSIONS = """
INSERT INTO focus_sessions (owner_id, task_id, kind, planned_seconds, started_at, ended_at, counted_us, pomodoros,
                            completed, uid)
SELECT :owner + number / :each, CASE WHEN :task > 0 THEN :task + (number % :tasks) END, 'focus', 1500, began,
       began + interval '25 minutes', 1500000000, 1, true, gen_random_uuid()
FROM (SELECT number, date_trunc('hour', now()) - interval '1 hour'
                     - ((number % :each) / 5) * interval '1 day' - ((number % :each) % 5) * interval '30 minutes'
                     AS began
      FROM generate_series(0, :count - 1) AS number) AS made
"""
_STRETCHES = """
INSERT INTO focus_stretches (owner_id, session_id, started_at, ended_at, seconds)
SELECT owner_id, id, started_at, ended_at, 1500 FROM focus_sessions
"""


def furnish(sessions: int) -> tuple[dict[str, str], dict[str, int]]:
    """Tokens and a project for `many` and `few`, among other people's sessions."""
    from sqlalchemy import text

    import models.tables  # noqa: F401
    from models import db
    from models.logins import Login
    from models.projects import Project
    from models.tasks import Task
    from models.users import User

    others = sessions // MANY
    tokens, projects = {}, {}
    with db.transaction():
        first, *_ = [User.register(f"other{number}@example.com", None).id for number in range(others)]
        people = {
            name: User.register(f"{name}@example.com", None, timezone="Europe/Berlin") for name in ("many", "few")
        }
        run = lambda statement, **values: db.session.execute(text(statement), values)  # noqa: E731
        db.session.execute(text("SET LOCAL statement_timeout = 0"))
        run(_SESSIONS, owner=first, each=MANY, count=others * MANY, task=0, tasks=1)
        for name, count in (("many", MANY), ("few", FEW)):
            user = people[name]
            made = [Project.create(user.id, f"Project {number}") for number in range(5)]
            tasks = [Task.create(user.id, f"Task {number}", project=made[number % 5]) for number in range(count // 3)]
            run(_SESSIONS, owner=user.id, each=count, count=count, task=tasks[0].id, tasks=len(tasks))
            run("UPDATE tasks SET focus_seconds = 4500, pomodoros = 3, started_at = created_at WHERE owner_id = :id",
                id=user.id)  # fmt: skip
            tokens[name], projects[name] = Login.start(user, "focusflow", 3600).access, made[0].id
        run(_STRETCHES)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))
    return tokens, projects


def main() -> None:
    given = figures.parser(__doc__)
    given.add_argument("--rounds", type=int, default=60)
    given.add_argument("--sessions", type=int, default=1_000_000)
    asked = given.parse_args()
    os.environ.update(RATE_LIMITS="false", LOG_LEVEL="ERROR")
    stage.prepare()
    began = time.perf_counter()
    tokens, projects = furnish(asked.sessions)
    print(f"{asked.sessions:,} sessions stored in {time.perf_counter() - began:.0f} s")

    from sqlalchemy import event
    from werkzeug.test import Client

    from models import db
    from wsgi import application

    statements: list[int] = []
    for engine in {db.engine, db._read_engine}:
        event.listen(engine, "before_cursor_execute", lambda *_: statements.append(1))
    client = Client(application, use_cookies=False)
    paths = ("daily/", "weekly/", "monthly/", "streaks/", "projects/{}/", "projects/{}/?start_date=2025-12-01")
    for path in paths:
        taken: dict[str, list[float]] = {name: [] for name in tokens}
        counts = {}
        for _ in range(asked.rounds):
            for name, token in tokens.items():
                statements.clear()
                start = time.perf_counter()
                answer = client.get(
                    f"/focusflow/api/v1/analytics/{path.format(projects[name])}",
                    headers={"Authorization": f"Bearer {token}"},
                )
                taken[name].append((time.perf_counter() - start) * 1000)
                assert answer.status_code == 200, answer.text
                counts[name] = len(statements)
        p95 = {name: statistics.quantiles(times, n=20)[-1] for name, times in taken.items()}
        figures.report(f"{path} of {MANY:,} sessions, p95", p95["many"], "ms", beside=(f"of {FEW}", p95["few"]),
                       at_most=BAR)  # fmt: skip
        figures.report(f"{path}: SQL statements", counts["many"], beside=(f"of {FEW}", counts["few"]), at_most=1)


if __name__ == "__main__":
    main()
