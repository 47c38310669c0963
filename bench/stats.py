"""Statistics at size: `python -m bench.stats [--rounds 5] [--users 10000] [--blocks 1000000]`, on PostgreSQL.

The full rebuild beside one plain INSERT … SELECT … GROUP BY of the same rows, in turns; the night after, when nothing
changed; one changed day; and the five readings for a history of one year beside one of ten.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

from bench import figures, stage

PLAIN = """
INSERT INTO plain_totals (user_id, date, category_id, planned, completed, minutes)
SELECT owner_id, date, category_id, count(*), count(completed_at),
       coalesce(sum(duration_minutes) FILTER (WHERE completed_at IS NOT NULL), 0)
FROM time_blocks WHERE deleted_at IS NULL GROUP BY owner_id, date, category_id
"""
USERS = """
INSERT INTO users (id, uid, email, email_key, username, username_key, first_name, last_name, timezone, plan, theme,
    high_contrast, reduce_motion, text_size, block_reminder, reminder_minutes, daily_summary, focus_duration,
    short_break, long_break, long_break_interval, created_at)
SELECT n, gen_random_uuid(), 'b' || n || '@example.com', 'b' || n || '@example.com', 'b' || n, 'b' || n, 'B', '', 'UTC',
    'pro_monthly', 'dark', false, false, 'medium', true, 5, true, 25, 5, 15, 4, now()
FROM generate_series(1, {users}) AS n
"""
BLOCKS = """
INSERT INTO time_blocks (uid, owner_id, category_id, title, date, start_time, duration_minutes, starts_at, is_urgent,
    completed_at, progress, elapsed_seconds, sort_order, created_at, updated_at)
SELECT gen_random_uuid(), {owner}, 1 + (random() * 4)::int, 'Work', day, '09:00', 15 + (random() * 90)::int,
    day + time '09:00', false, CASE WHEN random() < 0.7 THEN now() END, 0, 0, 1, now(), now()
FROM (SELECT n, (current_date - {day})::date AS day FROM generate_series(0, {count} - 1) AS n) AS planned
"""
READINGS = ("/stats/summary?period=month", "/stats/daily", "/stats/categories", "/stats/streak", "/stats/focus-score")


def timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def run(*statements: str) -> None:
    """Statements in one transaction, as long as they take."""
    from sqlalchemy import text

    from models import db

    with db.transaction():
        db.session.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in statements:
            db.session.execute(text(statement))


def settle() -> None:
    """Leave no work of one measurement to the next one."""
    from sqlalchemy import text

    from models.db import engine

    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE time_blocks, daily_totals, active_months, plain_totals"))
        connection.execute(text("CHECKPOINT"))


def furnish(users: int, blocks: int) -> None:
    """All blocks within a year, and two users more: three blocks a day for one year, and for ten."""
    run(USERS.format(users=users + 2), "SELECT setval('users_id_seq', (SELECT max(id) FROM users))")
    run(BLOCKS.format(owner=f"1 + n % {users}", day="(random() * 364)::int", count=blocks))
    for owner, days in ((users + 1, 365), (users + 2, 3650)):
        run(BLOCKS.format(owner=owner, day=f"n % {days}", count=3 * days))
    run("CREATE TABLE plain_totals (LIKE daily_totals INCLUDING ALL)")


def rebuild_all() -> None:
    from models import db
    from models.rollups import rebuild, slices

    with db.transaction(reading=True):
        ranges = slices()
    for first, last in ranges:
        with db.transaction():
            rebuild(first, last)


def rebuilds(rounds: int) -> None:
    """From nothing, beside the plain statement; and again when all is right already."""
    plain, ours, again = [], [], []
    for number in range(rounds):
        run("TRUNCATE plain_totals", "TRUNCATE daily_totals, active_months")
        settle()
        plain.append(timed(lambda: run(PLAIN)))
        settle()
        ours.append(timed(rebuild_all))
        settle()
        again.append(timed(rebuild_all))
        print(f"round {number + 1}: plain {plain[-1]:.2f} s, rebuild {ours[-1]:.2f} s, again {again[-1]:.2f} s")
    beside = ("plain INSERT … SELECT … GROUP BY", statistics.median(plain))
    figures.report("full rebuild", statistics.median(ours), "s", beside=beside, at_most=1.5)
    figures.report("a night without changes", statistics.median(again), "s", beside=beside)


def differences() -> int:
    """Rows in which the two tables disagree."""
    from sqlalchemy import text

    from models import db

    both = "(SELECT * FROM {} EXCEPT SELECT * FROM {})"
    names = ("daily_totals", "plain_totals")
    query = f"SELECT count(*) FROM ({both.format(*names)} UNION ALL {both.format(*reversed(names))}) AS differing"
    with db.transaction():
        db.session.execute(text("SET LOCAL statement_timeout = 0"))
        return int(db.session.scalar(text(query)))


def one_day(user_id: int, rounds: int = 50) -> None:
    """A block changes: what counting its day anew costs, and which rows it writes."""
    from datetime import date

    from sqlalchemy import text

    from models import db
    from models.dirty_days import mark_days
    from models.rollups import refresh

    written = text(
        "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del AS rows FROM pg_stat_xact_user_tables"
        " WHERE relname IN ('daily_totals', 'active_months')"
    )
    count = lambda: {row.relname: row.rows for row in db.session.execute(written)}  # noqa: E731
    times, rows = [], {}
    for number in range(rounds):
        run(f"UPDATE time_blocks SET duration_minutes = {20 + number} WHERE id = (SELECT min(id) FROM time_blocks"
            f" WHERE owner_id = {user_id} AND date = current_date AND completed_at IS NOT NULL)")  # fmt: skip
        with db.transaction():
            mark_days(user_id, [date.today()])  # noqa: DTZ011  # PostgreSQL's current_date, here in UTC
        with db.transaction():
            before = count()
            times.append(timed(lambda: refresh(user_id)))
            rows = {name: now - before[name] for name, now in count().items()}
    figures.report("one changed day of a user with ten years", statistics.median(times) * 1000, "ms")
    figures.report("one changed day, rows written", sum(rows.values()))


def reads(year: int, decade: int, rounds: int = 60) -> None:
    """The five readings in process, for a history of 365 days and of 3,650."""
    from werkzeug.test import Client

    from models import db
    from models.logins import Login
    from models.users import User
    from wsgi import application

    with db.transaction():
        tokens = [Login.start(db.session.get_one(User, id), "tymblok", 3600).access for id in (year, decade)]
    client = Client(application, use_cookies=False)
    for path in READINGS:
        medians = []
        for token in tokens:
            ask = lambda token=token, path=path: client.get(  # noqa: E731
                f"/tymblok/v1{path}", headers={"Authorization": f"Bearer {token}"}
            )
            assert ask().status_code == 200, ask().text
            medians.append(statistics.median(timed(ask) for _ in range(rounds)) * 1000)
        figures.report(f"{path}, ten years", medians[1], "ms", beside=("one year", medians[0]), at_most=2)


def main() -> None:
    parser = figures.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--blocks", type=int, default=1_000_000)
    options = parser.parse_args()
    stage.prepare("postgresql")
    os.environ.update(RATE_LIMITS="false", LOG_LEVEL="ERROR")
    furnish(options.users, options.blocks)
    rebuilds(options.rounds)
    figures.report("rows that differ from the plain statement's", differences(), at_most=0)
    one_day(options.users + 2)
    reads(options.users + 1, options.users + 2)


if __name__ == "__main__":
    main()
