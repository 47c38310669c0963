"""A working day in a minute: `python -m bench.mixed [--seconds 60] [--logins 30] [--sqlite]`.

300 users, four reads for each write, 250 requests a second at their times, each user under his own limit. Then reads
and writes at 100 a second while people log in, 20 a second from 200 network addresses, with the password hash of
production. A request's time counts from when it was due.
"""

from __future__ import annotations

import os
import random
import statistics
from datetime import date, timedelta
from datetime import time as clock
from typing import Any

import orjson

from bench import figures, stage
from bench.schedule import Due, Seen, run

RUNS = ([], ["--sqlite"])
USERS = 300
DAY = date(2026, 1, 31)
PASSWORD = "SecurePass123!"
ADDRESSES = [f"127.0.1.{number}" for number in range(1, 201)]
READS = (
    (40, f"/blocks?date={DAY}"), (20, "/inbox"), (15, "/stats/summary"), (10, "/stats/daily"), (10, "/categories"),
    (5, "/users/me"),
)  # fmt: skip


def furnish() -> tuple[list[dict[str, Any]], str]:
    """Users with 10 blocks and 20 inbox items, their tokens and addresses; a category."""
    import models.tables  # noqa: F401
    from models import db
    from models.categories import Category
    from models.inbox import InboxItem
    from models.logins import Login
    from models.planning import plan_block
    from models.users import User

    people = []
    with db.transaction():
        category = Category.system("Deep Work").uid
        for number in range(USERS):
            email = f"bench{number}@example.com"
            user = User.register(email, PASSWORD)
            user.plan = "pro_monthly"
            blocks = [
                plan_block(user.id, category, "category", title=f"Work {place}", date=DAY,
                           start_time=clock(8 + place), duration_minutes=45)[0]
                for place in range(10)
            ]  # fmt: skip
            for place in range(20):
                InboxItem.write(user.id, f"Look into report {place}")
            token = Login.start(user, "tymblok", 3600).access
            people.append({"email": email, "token": token, "blocks": [str(uid) for uid in blocks]})
    return people, str(category)


def http(method: str, path: str, token: str = "", body: Any = None) -> bytes:
    """A request's bytes."""
    content = b"" if body is None else orjson.dumps(body)
    head = f"{method} /tymblok/v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    head += f"Authorization: Bearer {token}\r\n" if token else ""
    head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n" if content else ""
    return head.encode() + b"\r\n" + content


def a_read(chance: random.Random, person: dict[str, Any]) -> bytes:
    weights, paths = zip(*READS, strict=True)
    return http("GET", chance.choices(paths, weights)[0], person["token"])


def a_write(chance: random.Random, person: dict[str, Any], category: str) -> bytes:
    """Half of them plan a block, the others change or complete one, or put something into the inbox."""
    kind, token = chance.random(), person["token"]
    block = chance.choice(person["blocks"])
    if kind < 0.5:
        day = DAY + timedelta(days=chance.randrange(1, 300))
        return http("POST", "/blocks", token, {
            "categoryId": category, "title": "Code Review", "date": str(day), "startTime": "14:00",
            "durationMinutes": 60,
        })  # fmt: skip
    if kind < 0.75:
        return http("PATCH", f"/blocks/{block}", token, {"progress": chance.randrange(100)})
    if kind < 0.85:
        return http("POST", f"/blocks/{block}/complete", token)
    return http("POST", "/inbox", token, {"title": "Research caching strategies", "type": "task"})


def mix(people: list[dict[str, Any]], category: str, rate: float, seconds: float) -> list[Due]:
    """So many requests a second, evenly spaced, four reads for each write, everybody in turn."""
    chance = random.Random(8)
    plan = []
    for number in range(int(rate * seconds)):
        client = number % len(people)
        person, is_read = people[client], chance.random() < 0.8
        request = a_read(chance, person) if is_read else a_write(chance, person, category)
        plan.append(Due(number / rate, "read" if is_read else "write", request, client))
    return plan


def logins(people: list[dict[str, Any]], rate: float, seconds: float) -> list[Due]:
    """So many logins a second, everybody in turn, from everywhere in turn."""
    return [
        Due(
            (number + 0.5) / rate, "login",
            http("POST", "/auth/login", body={"email": people[number % USERS]["email"], "password": PASSWORD}),
            number % USERS,
            ADDRESSES[number % len(ADDRESSES)],
        )
        for number in range(int(rate * seconds))
    ]  # fmt: skip


def together(seen: dict[str, Seen]) -> Seen:
    """All kinds as one."""
    every = Seen()
    for each in seen.values():
        every.milliseconds += each.milliseconds
        for status, count in each.statuses.items():
            every.statuses[status] += count
    return every


def wrong(seen: Seen) -> tuple[int, int]:
    """How many answers were our failure, cut connections among them, and how many 429."""
    failed = sum(count for status, count in seen.statuses.items() if status >= 500 or status < 200)
    return failed, seen.statuses.get(429, 0)


def main() -> None:
    parser = figures.parser(__doc__, sqlite=True)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--logins", type=float, default=30.0, help="seconds of logins beside reads")
    options = parser.parse_args()
    stage.prepare("sqlite" if options.sqlite else "postgresql")
    os.environ["ARGON2_PROFILE"] = "standard"
    people, category = furnish()
    with stage.server() as web:
        run(web.port, mix(people, category, 50, 3))
        seen = run(web.port, mix(people, category, 250, options.seconds))
        for kind, each in seen.items():
            print(f"  {kind:6} {each}")
        every = together(seen)
        figures.report("mixed at 250 req/s, p95", every.percentile(95), "ms", at_most=150)
        figures.report("mixed at 250 req/s, p99", every.percentile(99), "ms", at_most=400)
        failed, refused = wrong(every)
        figures.report("mixed, answers of 5xx or none", failed, at_most=0)
        figures.report("mixed, answers of 429", refused, at_most=0)
        figures.report("mixed, median", statistics.median(every.milliseconds), "ms")
        rest = mix(people, category, 100, options.logins) + logins(people, 20, options.logins)
        seen = run(web.port, rest)
        for kind, each in seen.items():
            print(f"  {kind:6} {each}")
        figures.report("20 logins/s, p95", seen["login"].percentile(95), "ms", at_most=1000)
        figures.report("reads at 100 req/s beside logins, p95", seen["read"].percentile(95), "ms", at_most=300)
        failed, refused = wrong(together(seen))
        figures.report("beside logins, answers of 5xx or none", failed, at_most=0)
        figures.report("beside logins, answers of 429", refused, at_most=0)


if __name__ == "__main__":
    main()
