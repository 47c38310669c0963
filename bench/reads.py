"""GET /blocks for a day of 20 blocks beside two bare views: `python -m bench.reads [--rounds 5] [--sqlite]`.

All run on the server that gunicorn.conf.py describes, in turns, so that the machine's mood hits all: with two processes
of four threads, for which the bars were set, and on PostgreSQL with greenlets too, as it is by default. The tokens of
400 users take turns, each under its own rate limit. Then the same in one process without a server, where only CPU
counts.
"""

from __future__ import annotations

import statistics
from typing import Any

from bench import figures, inside, load, stage

DAY = "2026-01-31"
RUNS = ([], ["--sqlite"])
THREADS = {"WEB_GREENLETS": "false", "WEB_THREADS": "4"}
USERS = 400
BLOCKS = 20


def furnish() -> list[str]:
    """400 users with 20 blocks on one day; their tokens."""
    from datetime import date, time

    import models.tables  # noqa: F401
    from models import db
    from models.categories import Category
    from models.logins import Login
    from models.planning import plan_from
    from models.users import User

    tokens = []
    with db.transaction():
        categories = [Category.system(name) for name in ("Deep Work", "GitHub", "Meeting")]
        for number in range(USERS):
            user = User.register(f"bench{number}@example.com", "SecurePass123!")
            user.plan = "pro_monthly"
            for place in range(BLOCKS):
                plan_from(
                    user,
                    categories[place % 3],
                    title=f"Review pull request {place}",
                    subtitle="Team queue",
                    date=date.fromisoformat(DAY),
                    start_time=time(place, 0),
                    duration_minutes=45,
                )
            tokens.append(Login.start(user, "tymblok", 3600).access)
    return tokens


def count_statements(application: Any, token: str) -> dict[str, int]:
    """Statements of one request for each of the reads, for a day with 20 blocks and for an empty one."""
    from sqlalchemy import event

    from models import db

    seen: list[int] = []
    for engine in {db.engine, db._read_engine}:
        event.listen(engine, "before_cursor_execute", lambda *_: seen.append(1))
    counts = {}
    for path in (f"blocks?date={DAY}", "blocks?date=2026-02-01", "inbox", "stats/summary", "stats/daily",
                 "stats/categories", "stats/streak", "stats/focus-score"):  # fmt: skip
        name, _, query = path.partition("?")
        inside.call(application, f"/tymblok/v1/{name}", query, token)  # counts anew what changed
        seen.clear()
        inside.call(application, f"/tymblok/v1/{name}", query, token)
        counts[path] = len(seen)
    return counts


def ask(server: stage.Server, requests: list[bytes], seconds: float) -> tuple[load.Load, float]:
    """A load, and the server's CPU for each request in microseconds."""
    before = server.cpu_seconds
    seen = load.run(server.port, requests, seconds=seconds)
    return seen, (server.cpu_seconds - before) / sum(seen.statuses.values()) * 1e6


def over_http(tokens: list[str], rounds: int, seconds: float, serving: str, **settings: str) -> None:
    """Requests a second and CPU of the web, beside both yardsticks."""
    blocks = [load.get(f"/tymblok/v1/blocks?date={DAY}", token) for token in tokens]
    rates: dict[str, list[float]] = {"bare view": [], "bare view behind the middleware": [], "blocks": []}
    costs: dict[str, list[float]] = {name: [] for name in rates}
    with (
        stage.server("bench.bare:application", **settings) as bare,
        stage.server("bench.bare:behind()", **settings) as behind,
        stage.server(**settings) as daybook,
    ):
        asked = dict(
            zip(rates, ((bare, [load.get("/bare")]), (behind, [load.get("/tymblok/v1/bare")]), (daybook, blocks)),
                strict=True)
        )  # fmt: skip
        for server, lines in asked.values():
            load.run(server.port, lines, seconds=1.0)
        for number in range(rounds):
            print(f"round {number + 1}")
            for name, (server, lines) in asked.items():
                seen, micros = ask(server, lines, seconds)
                print(f"  {name:32} {seen}  CPU {micros:.0f} µs/req")
                rates[name].append(seen.rate)
                costs[name].append(micros)
    ours, micros = statistics.median(rates.pop("blocks")), statistics.median(costs["blocks"])
    bars = (0.28, 4) if settings else (None, None)
    for name, (bar, dearest) in {"bare view": (None, None), "bare view behind the middleware": bars}.items():
        rate, cost = (name, statistics.median(rates[name])), (name, statistics.median(costs[name]))
        figures.report(f"GET /blocks for a day of {BLOCKS}, {serving}", ours, "req/s", beside=rate, at_least=bar)
        figures.report(f"GET /blocks, {serving}, CPU of the web", micros, "µs", beside=cost, at_most=dearest)


def in_process(application: Any, tokens: list[str], rounds: int) -> None:
    """CPU of the application alone: no server, no greenlets."""
    from bench.bare import application as bare

    blocks = [{"path": "/tymblok/v1/blocks", "query": f"date={DAY}", "token": token} for token in tokens]
    inside.cpu_of(application, blocks, len(tokens))
    spent = [(inside.cpu_of(application, blocks, 600), inside.cpu_of(bare, [{"path": "/bare"}], 1500))
             for _ in range(rounds)]  # fmt: skip
    ours, plain = (statistics.median(column) for column in zip(*spent, strict=True))
    figures.report("GET /blocks in process, CPU", ours, "µs", beside=("bare view", plain),
                   ratio=statistics.median(one / other for one, other in spent), at_most=16)  # fmt: skip


def main() -> None:
    parser = figures.parser(__doc__, sqlite=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    stage.prepare("sqlite" if options.sqlite else "postgresql")
    tokens = furnish()
    over_http(tokens, options.rounds, options.seconds, "threads", **THREADS)
    if not options.sqlite:
        over_http(tokens, options.rounds, options.seconds, "greenlets")
    application = inside.application()
    in_process(application, tokens, options.rounds)
    for path, statements in count_statements(application, tokens[0]).items():
        figures.report(f"SQL statements of {path}", statements, at_most=2)


if __name__ == "__main__":
    main()
