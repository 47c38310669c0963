"""GET /blocks for a day of 20 blocks beside a bare Flask view: `python -m bench.reads [--rounds 5] [--sqlite]`.

Both run on the server that gunicorn.conf.py describes, in turns, so that the machine's mood hits both. The tokens of
400 users take turns, each under its own rate limit.
"""

from __future__ import annotations

import statistics

from bench import figures, load, stage

DAY = "2026-01-31"
RUNS = ([], ["--sqlite"])
USERS = 400
BLOCKS = 20


def furnish() -> list[str]:
    """400 users with 20 blocks on one day; their tokens."""
    from datetime import date, time

    import models.tables  # noqa: F401
    from models import db
    from models.blocks import TimeBlock
    from models.categories import Category
    from models.logins import Login
    from models.users import User

    tokens = []
    with db.transaction():
        categories = [Category.system(name) for name in ("Deep Work", "GitHub", "Meeting")]
        for number in range(USERS):
            user = User.register(f"bench{number}@example.com", "SecurePass123!")
            user.plan = "pro_monthly"
            for place in range(BLOCKS):
                TimeBlock.plan(
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


def count_statements(token: str) -> dict[int, int]:
    """Statements of one request for a day with 20 blocks and for an empty one."""
    from sqlalchemy import event
    from werkzeug.test import Client

    from models import db
    from wsgi import application

    seen = []
    for engine in {db.engine, db._read_engine}:
        event.listen(engine, "before_cursor_execute", lambda *_: seen.append(1))
    counts = {}
    for day, blocks in ((DAY, BLOCKS), ("2026-02-01", 0)):
        seen.clear()
        Client(application).get(f"/tymblok/v1/blocks?date={day}", headers={"Authorization": f"Bearer {token}"})
        counts[blocks] = len(seen)
    return counts


def ask(server: stage.Server, requests: list[bytes], seconds: float) -> tuple[load.Load, float]:
    """A load, and the server's CPU for each request in microseconds."""
    before = server.cpu_seconds
    seen = load.run(server.port, requests, seconds=seconds)
    return seen, (server.cpu_seconds - before) / sum(seen.statuses.values()) * 1e6


def main() -> None:
    parser = figures.parser(__doc__, sqlite=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    stage.prepare("sqlite" if options.sqlite else "postgresql")
    tokens = furnish()
    requests = [load.get(f"/tymblok/v1/blocks?date={DAY}", token) for token in tokens]
    ratios, costs, rates, spent = [], [], [], []
    with stage.server("bench.bare:application") as bare, stage.server() as daybook:
        asked = {"bare": (bare, [load.get("/bare")]), "blocks": (daybook, requests)}
        for server, lines in asked.values():
            load.run(server.port, lines, seconds=1.0)
        for number in range(options.rounds):
            seen = {name: ask(server, lines, options.seconds) for name, (server, lines) in asked.items()}
            print(f"round {number + 1}")
            for name, (measured, micros) in seen.items():
                print(f"  {name:7} {measured}  CPU {micros:.0f} µs/req")
            ratios.append(seen["blocks"][0].rate / seen["bare"][0].rate)
            costs.append(seen["blocks"][1] / seen["bare"][1])
            rates.append((seen["blocks"][0].rate, seen["bare"][0].rate))
            spent.append((seen["blocks"][1], seen["bare"][1]))
    ours, plain = (statistics.median(column) for column in zip(*rates, strict=True))
    micros, bare_micros = (statistics.median(column) for column in zip(*spent, strict=True))
    figures.report(f"GET /blocks for a day of {BLOCKS}", ours, "req/s", beside=("bare view", plain),
                   ratio=statistics.median(ratios), at_least=0.28)  # fmt: skip
    figures.report("GET /blocks, CPU of the web", micros, "µs", beside=("bare view", bare_micros),
                   ratio=statistics.median(costs), at_most=4)  # fmt: skip
    for blocks, statements in count_statements(tokens[0]).items():
        figures.report(f"SQL statements of a day of {blocks}", statements, at_most=2)


if __name__ == "__main__":
    main()
