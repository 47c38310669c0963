"""What reads cost as the tables grow from 10 to 1,000,000 blocks: `python -m bench.growth [--most 10000000]`.

GET /blocks of a day, /inbox and /stats/summary in process, asked by two people. `small` has 20 blocks on the day and 20
inbox items, whatever the tables hold besides; `large` owns a tenth of the tables, up to 100,000 blocks and items. Each
is beside the same request when the tables held 10 more rows; the ratio is of the two in units of GET /users/me, asked
in turns with them, so that the machine's mood, minutes later, is not taken for growth.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from datetime import time as clock
from typing import Any

from bench import figures, stage

RUNS = ([], ["--sqlite"])
STEPS = (10, 1_000, 100_000, 1_000_000, 10_000_000)
OWN = 100_000
"""The most that one person owns of it."""
OTHERS = 10_000
DAY = date(2026, 1, 31)
REFERENCE = "/users/me"
A_DAY = 20
CHUNK = 5_000
PATHS = {
    "/blocks of a day": f"/blocks?date={DAY}",
    "/inbox": "/inbox?pageSize=20",
    "/stats/summary of a month": f"/stats/summary?period=month&date={DAY}",
    REFERENCE: REFERENCE,
}


def block(owner: int, number: int) -> dict[str, Any]:
    day = DAY - timedelta(days=number // A_DAY)
    return {
        "owner_id": owner, "category_id": 1 + number % 3, "title": f"Review pull request {number}", "date": day,
        "start_time": clock(number % A_DAY, 0), "duration_minutes": 45, "sort_order": number,
        "starts_at": _instant(day, number % A_DAY),
        "completed_at": _instant(day, 23) if number % 3 else None,
    }  # fmt: skip


def item(owner: int, number: int) -> dict[str, Any]:
    made = _instant(DAY, 0) - timedelta(minutes=number)
    return {"owner_id": owner, "title": f"Answer the review {number}", "created_at": made, "updated_at": made}


def _instant(day: date, hour: int) -> datetime:
    from datetime import UTC

    return datetime.combine(day, clock(hour), UTC)


class Town:
    """Two people among others, and the rows they have so far."""

    def __init__(self) -> None:
        import models.tables  # noqa: F401
        from models import db
        from models.categories import Category
        from models.logins import Login
        from models.users import User

        with db.transaction():
            for name in ("Deep Work", "GitHub", "Meeting"):
                Category.system(name)
            people = {name: User.register(f"{name}@example.com", None) for name in ("small", "large")}
            for person in people.values():
                person.plan = "pro_monthly"
            self.tokens = {name: Login.start(person, "tymblok", 3600).access for name, person in people.items()}
            self.small, self.large = (person.id for person in people.values())
            first = User.register("other@example.com", None)
            self.first = first.id
        names = [f"other{number}" for number in range(OTHERS)]
        fresh = [
            {"email": f"{name}@example.com", "email_key": f"{name}@example.com", "username": name, "username_key": name,
             "first_name": "Other", "last_name": ""}
            for name in names
        ]  # fmt: skip
        _insert(User, iter(fresh))
        self.rows = self.owned = 0
        self._add(self.small, A_DAY)
        self._add(self.large, A_DAY)

    def _add(self, owner: int, count: int, since: int = 0) -> None:
        from models.blocks import TimeBlock
        from models.inbox import InboxItem

        _insert(TimeBlock, (block(owner, number) for number in range(since, since + count)))
        _insert(InboxItem, (item(owner, number) for number in range(since, since + count)))

    def grow(self, to: int) -> None:
        """Until the tables hold so many rows of each kind more than at first, a tenth of them `large`'s."""
        own = min(to // 10, OWN)
        self._add(self.large, own - self.owned, A_DAY + self.owned)
        self.owned = own
        others = to - own - (self.rows)
        seed = min(others, max(0, OTHERS - self.rows))
        self._spread(seed)
        self._double(others - seed, seed)
        self.rows += others
        self._settle()

    def _spread(self, count: int) -> None:
        from models.blocks import TimeBlock
        from models.inbox import InboxItem

        owners = range(self.first + self.rows, self.first + self.rows + count)
        _insert(TimeBlock, (block(owner, owner % 7) for owner in owners))
        _insert(InboxItem, (item(owner, owner % 7) for owner in owners))

    def _double(self, count: int, seed: int) -> None:
        """The others' rows once more, inside the database, until there are so many more."""
        from sqlalchemy import func, insert, literal_column, select, text

        from models import db
        from models.blocks import TimeBlock
        from models.inbox import InboxItem
        from settings import settings

        fresh = literal_column("lower(hex(randomblob(16)))") if settings.on_sqlite else func.gen_random_uuid()
        for kind in (TimeBlock, InboxItem):
            left, there, table = count, self.rows + seed, kind.__table__
            columns = [column for column in table.columns if column.name not in ("id", "uid")]
            while left > 0:
                step = min(left, there, 500_000)
                these = select(*columns, fresh).where(table.c.owner_id >= self.first).limit(step)
                with db.transaction():
                    if not settings.on_sqlite:
                        db.session.execute(text("SET LOCAL statement_timeout = 0"))
                    again = insert(table).from_select([*columns, table.c.uid], these, include_defaults=False)
                    db.session.execute(again)
                left, there = left - step, there + step

    def _settle(self) -> None:
        """Statistics counted and the planner's figures fresh, as they would be."""
        from sqlalchemy import text

        from models import db
        from models.rollups import rebuild, slices
        from settings import settings

        with db.transaction(reading=True):
            ranges = slices()
        for first, last in ranges:
            with db.transaction():
                rebuild(first, last)
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not settings.on_sqlite:
                connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("ANALYZE" if settings.on_sqlite else "VACUUM ANALYZE"))


def _insert(kind: Any, rows: Iterator[dict[str, Any]]) -> None:
    from itertools import islice

    from sqlalchemy import insert

    from models import db

    while chunk := list(islice(rows, CHUNK)):
        with db.transaction():
            db.session.execute(insert(kind), chunk)


def size(table: str) -> float:
    """Bytes of a row on PostgreSQL."""
    from sqlalchemy import text

    from models import db

    with db.transaction(reading=True):
        whole = db.session.scalar(text(f"SELECT pg_total_relation_size('{table}')"))
        return whole / db.session.scalar(text(f"SELECT count(*) FROM {table}"))


def ask(town: Town, rounds: int) -> dict[str, float]:
    """The median milliseconds of each request for each person."""
    from werkzeug.test import Client

    from wsgi import application

    client = Client(application, use_cookies=False)
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        for who, token in town.tokens.items():
            for name, path in PATHS.items():
                start = time.perf_counter()
                answer = client.get(f"/tymblok/v1{path}", headers={"Authorization": f"Bearer {token}"})
                taken.setdefault(f"{name}, {who}", []).append((time.perf_counter() - start) * 1000)
                assert answer.status_code == 200, answer.text
    return {name: statistics.median(times[len(times) // 10 :]) for name, times in taken.items()}


def main() -> None:
    parser = figures.parser(__doc__, sqlite=True)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--most", type=int, default=1_000_000)
    options = parser.parse_args()
    stage.prepare("sqlite" if options.sqlite else "postgresql")
    os.environ.update(RATE_LIMITS="false", LOG_LEVEL="ERROR")
    town = Town()
    seen: dict[int, dict[str, float]] = {}
    for step in (each for each in STEPS if each <= options.most):
        began = time.perf_counter()
        town.grow(step)
        print(f"{step:,} rows of each kind ({town.owned:,} of them large's) after {time.perf_counter() - began:.0f} s")
        seen[step] = ask(town, options.rounds)
        for name, median in seen[step].items():
            print(f"    {name:40} {median:7.2f} ms")
    if not options.sqlite:
        for kind, name in (("time_blocks", "a block"), ("inbox_items", "an inbox item")):
            figures.report(f"{name} with its indexes", size(kind), "bytes")
    first, last = min(seen), max(seen)
    for name, median in seen[last].items():
        reference = f"{REFERENCE}, {name.rpartition(', ')[2]}"
        if name == reference:
            continue
        at = {step: each[name] / each[reference] for step, each in seen.items()}
        figures.report(f"{name}, among {last:,}", median, "ms", beside=(f"among {first}", seen[first][name]),
                       ratio=at[last] / at[first], at_most=1.5 if name.endswith("small") else 3)  # fmt: skip


if __name__ == "__main__":
    main()
