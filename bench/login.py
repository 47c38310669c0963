"""Logins as fast as they go beside the bare argon2 hash: `python -m bench.login [--rounds 3] [--sqlite]`.

The hash is the production one on purpose. Yardstick: as many processes as the web has, each verifying without pause.
What logins do to everybody else is a part of `bench.mixed`.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import time

from bench import figures, load, stage

RUNS = ([], ["--sqlite"])
PASSWORD = "SecurePass123!"
PEOPLE = 100


def furnish() -> None:
    """People with a password."""
    import models.tables  # noqa: F401
    from models import db
    from models.passwords import hash_password
    from models.users import User

    with db.transaction():
        people = [User.register(f"bench{number}@example.com", None) for number in range(PEOPLE)]
        stored = hash_password(PASSWORD)
        for person in people:
            person.password_hash = stored


def login(number: int) -> bytes:
    """A login's bytes."""
    body = json.dumps({"email": f"bench{number % PEOPLE}@example.com", "password": PASSWORD}).encode()
    head = "POST /tymblok/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def hash_on(seconds: float, verified: multiprocessing.Queue[tuple[float, float]]) -> None:
    """Verify without pause; tell how many a second, and CPU milliseconds of each."""
    from models.passwords import hash_password, verify_password

    stored = hash_password(PASSWORD)
    cpu, count, end = time.process_time(), 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        assert verify_password(stored, PASSWORD)
        count += 1
    verified.put((count / seconds, (time.process_time() - cpu) / count * 1000))


def bare_hashes(processes: int, seconds: float) -> tuple[float, float]:
    """Hashes a second over all processes, and CPU milliseconds of one."""
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    started = [context.Process(target=hash_on, args=(seconds, told)) for _ in range(processes)]
    for process in started:
        process.start()
    seen = [told.get() for _ in started]
    for process in started:
        process.join()
    return sum(rate for rate, _ in seen), statistics.median(cpu for _, cpu in seen)


def main() -> None:
    parser = figures.parser(__doc__, sqlite=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    options = parser.parse_args()
    stage.prepare("sqlite" if options.sqlite else "postgresql")
    os.environ.update(ARGON2_PROFILE="standard", LOG_LEVEL="ERROR")
    furnish()
    workers = int(os.environ.get("WEB_WORKERS", "2"))
    rates, hashes, costs, bare_costs = [], [], [], []
    with stage.server(RATE_LIMITS="false") as web:
        requests = [login(number) for number in range(PEOPLE)]
        load.run(web.port, requests, connections=4, seconds=1)
        for _ in range(options.rounds):
            rate, cost = bare_hashes(workers, options.seconds)
            hashes.append(rate)
            bare_costs.append(cost)
            before = web.cpu_seconds
            seen = load.run(web.port, requests, connections=4, seconds=options.seconds)
            costs.append((web.cpu_seconds - before) / sum(seen.statuses.values()) * 1000)
            assert set(seen.statuses) == {200}, seen.statuses
            rates.append(seen.rate)
            print(f"logins {seen}   bare hashes {rate:.0f}/s")
    ratio = statistics.median(ours / bare for ours, bare in zip(rates, hashes, strict=True))
    figures.report("logins", statistics.median(rates), "a second", beside=("bare argon2id", statistics.median(hashes)),
                   ratio=ratio, at_least=0.5)  # fmt: skip
    figures.report("one login, CPU of the web", statistics.median(costs), "ms",
                   beside=("bare argon2id", statistics.median(bare_costs)), at_most=1.5)  # fmt: skip


if __name__ == "__main__":
    main()
