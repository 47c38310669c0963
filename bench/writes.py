"""POST a block beside the raw driver: `python -m bench.writes [--rounds 7] [--count 400] [--sqlite]`.

Three layers, in turns and in one process: the driver alone (find the category, insert, commit), Daybook's data layer
(the owner's row held, the category, the plan's limit and the place in the day, the block, the day to count anew,
commit), and the whole POST through WSGI with its token, limit, log line and answer. Every block has a day of its own.
"""

from __future__ import annotations

import itertools
import statistics
import time
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bench import figures, stage

RUNS = ([], ["--sqlite"])
USERS = 200
CHECK = "SELECT id, name, color, icon FROM categories WHERE uid = %s AND (owner_id = %s OR owner_id IS NULL)"
COLUMNS = (
    "uid", "owner_id", "category_id", "title", "subtitle", "date", "start_time", "duration_minutes", "starts_at",
    "is_urgent", "progress", "elapsed_seconds", "sort_order", "created_at", "updated_at",
)  # fmt: skip
INSERT = f"INSERT INTO time_blocks ({', '.join(COLUMNS)}) VALUES ({', '.join(['%s'] * len(COLUMNS))}) RETURNING id"
_days = itertools.count()


def furnish() -> tuple[list[tuple[int, str]], uuid.UUID]:
    """Users with their tokens, and a category."""
    import models.tables  # noqa: F401
    from models import db
    from models.categories import Category
    from models.logins import Login
    from models.users import User

    with db.transaction():
        users = []
        for number in range(USERS):
            user = User.register(f"bench{number}@example.com", "SecurePass123!")
            user.plan = "pro_monthly"
            users.append((user.id, Login.start(user, "tymblok", 3600).access))
        return users, Category.system("Deep Work").uid


def a_day() -> date:
    """A day that no block is on yet."""
    return date(2030, 1, 1) + timedelta(days=next(_days) % 60_000)


def by_driver(category: uuid.UUID) -> Callable[[int, str], None]:
    """The driver's check, insert and commit on one connection, set up as ours are."""
    from models import db
    from settings import settings

    connection: Any = db.engine.raw_connection().dbapi_connection
    values: Callable[[Any], Any] = lambda value: value  # noqa: E731
    check, insert, begin = CHECK, INSERT, None
    if settings.on_sqlite:
        check, insert, begin = CHECK.replace("%s", "?"), INSERT.replace("%s", "?"), "BEGIN IMMEDIATE"
        plain = {uuid.UUID: lambda uid: uid.hex, date: str, datetime: lambda at: str(at.replace(tzinfo=None))}
        values = lambda value: plain.get(type(value), lambda same: same)(value)  # noqa: E731

    def write(user_id: int, _token: str) -> None:
        moment, day = datetime.now(UTC), a_day()
        if begin:
            connection.execute(begin)
        found = connection.execute(check, (values(category), user_id)).fetchone()
        row = (
            uuid.uuid4(), user_id, found[0], "Code Review", "PR #123", day, "14:00:00.000000", 60, moment, False, 0, 0,
            1, moment, moment,
        )  # fmt: skip
        connection.execute(insert, [values(cell) for cell in row]).fetchone()
        connection.commit()

    return write


def by_data_layer(category: uuid.UUID) -> Callable[[int, str], None]:
    """What the view calls, in its transaction."""
    from datetime import time as clock

    from models import db
    from models.planning import plan_block

    def write(user_id: int, _token: str) -> None:
        with db.transaction():
            plan_block(
                user_id, category, "category", title="Code Review", subtitle="PR #123", date=a_day(),
                start_time=clock(14), duration_minutes=60,
            )  # fmt: skip

    return write


def by_post(category: uuid.UUID) -> Callable[[int, str], None]:
    """The whole request."""
    import orjson

    from bench import inside

    application = inside.application()

    def write(_user_id: int, token: str) -> None:
        asked = {
            "categoryId": str(category), "title": "Code Review", "subtitle": "PR #123", "date": str(a_day()),
            "startTime": "14:00", "durationMinutes": 60,
        }  # fmt: skip
        inside.call(application, "/tymblok/v1/blocks", token=token, body=orjson.dumps(asked))

    return write


def main() -> None:
    parser = figures.parser(__doc__, sqlite=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--count", type=int, default=400)
    options = parser.parse_args()
    stage.prepare("sqlite" if options.sqlite else "postgresql")
    users, category = furnish()
    ways = {"driver": by_driver(category), "data layer": by_data_layer(category), "POST": by_post(category)}
    wall: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(options.rounds + 1):
        for name, write in ways.items():
            began, used = time.perf_counter(), time.process_time()
            for turn in range(options.count):
                write(*users[turn % USERS])
            if number:  # the first warms up
                wall[name].append((time.perf_counter() - began) / options.count * 1e6)
                cpu[name].append((time.process_time() - used) / options.count * 1e6)
    plain, plain_cpu = statistics.median(wall["driver"]), statistics.median(cpu["driver"])
    # The bar was set on PostgreSQL; on SQLite, where the driver takes a tenth of that, it would count our Python only.
    for name, bar in (("data layer", None if options.sqlite else 2.0), ("POST", None)):
        ratio = statistics.median(ours / raw for ours, raw in zip(wall[name], wall["driver"], strict=True))
        figures.report(f"a block, {name}", statistics.median(wall[name]), "µs", beside=("driver", plain), ratio=ratio,
                       at_most=bar)  # fmt: skip
        figures.report(f"a block, {name}, CPU", statistics.median(cpu[name]), "µs", beside=("driver", plain_cpu))


if __name__ == "__main__":
    main()
