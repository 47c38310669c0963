"""Logins as fast as they go beside the bare argon2 hash, and what they do to reads: `python -m bench.login`.

The hash is the production one on purpose. Yardstick: as many processes as the web has, each verifying without pause.
Then 20 logins a second from 200 addresses beside 100 reads a second, each request timed from the moment it was due.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import statistics
import threading
import time
from collections.abc import Callable, Sequence

from bench import figures, load, stage

RUNS = ([], ["--sqlite"])
PASSWORD = "SecurePass123!"
PEOPLE = 100
LOGINS, READS = 20, 100
"""A second, side by side."""


def furnish() -> list[str]:
    """People with a password; access tokens of theirs."""
    import models.tables  # noqa: F401
    from models import db
    from models.logins import Login
    from models.passwords import hash_password
    from models.users import User

    with db.transaction():
        people = [User.register(f"bench{number}@example.com", None) for number in range(PEOPLE)]
        stored = hash_password(PASSWORD)
        for person in people:
            person.password_hash = stored
        return [Login.start(person, "tymblok", 3600).access for person in people]


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


def paced(seconds: float, per_second: float, hands: int, ask: Callable[[int, http.client.HTTPConnection], int],
          port: int) -> tuple[list[float], list[int]]:  # fmt: skip
    """Milliseconds from the moment each request was due, and the statuses."""
    began, taken, statuses, lock = time.perf_counter() + 0.2, [], [], threading.Lock()
    following = iter(range(int(seconds * per_second)))

    def hand() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while True:
            with lock:
                number = next(following, None)
            if number is None:
                return
            due = began + number / per_second
            time.sleep(max(0.0, due - time.perf_counter()))
            status = ask(number, connection)
            with lock:
                taken.append((time.perf_counter() - due) * 1000)
                statuses.append(status)

    threads = [threading.Thread(target=hand) for _ in range(hands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken, statuses


def side_by_side(port: int, tokens: Sequence[str], seconds: float) -> dict[str, tuple[list[float], list[int]]]:
    """Logins and reads at their pace, at the same time."""

    def enter(number: int, connection: http.client.HTTPConnection) -> int:
        body = json.dumps({"email": f"bench{number % PEOPLE}@example.com", "password": PASSWORD})
        headers = {"Content-Type": "application/json", "X-Forwarded-For": f"198.51.100.{number % 200 + 1}"}
        connection.request("POST", "/tymblok/v1/auth/login", body, headers)
        return finished(connection)

    def read(number: int, connection: http.client.HTTPConnection) -> int:
        headers = {"Authorization": f"Bearer {tokens[number % len(tokens)]}"}
        connection.request("GET", "/tymblok/v1/blocks?date=2026-01-31", headers=headers)
        return finished(connection)

    came: dict[str, tuple[list[float], list[int]]] = {}
    both = [
        threading.Thread(target=lambda: came.update(logins=paced(seconds, LOGINS, 16, enter, port))),
        threading.Thread(target=lambda: came.update(reads=paced(seconds, READS, 32, read, port))),
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    return came


def finished(connection: http.client.HTTPConnection) -> int:
    answer = connection.getresponse()
    answer.read()
    return answer.status


def main() -> None:
    parser = figures.parser(__doc__, sqlite=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--beside", type=float, default=30.0, help="seconds of logins beside reads")
    options = parser.parse_args()
    stage.prepare("sqlite" if options.sqlite else "postgresql")
    os.environ.update(ARGON2_PROFILE="standard", LOG_LEVEL="ERROR")
    tokens = furnish()
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
    # Under the limits of production: each address has its ten a minute, and 200 addresses take turns.
    with stage.server(TRUSTED_PROXIES="1") as web:
        came = side_by_side(web.port, tokens, options.beside)
    bars = {"logins": 1000, "reads": 300}
    for kind, (taken, statuses) in came.items():
        p95 = statistics.quantiles(taken, n=20)[-1]
        pace = {"logins": LOGINS, "reads": READS}[kind]
        figures.report(f"{LOGINS} logins/s beside {READS} reads/s: p95 of {kind}", p95, "ms", at_most=bars[kind])
        refused = sum(status != 200 for status in statuses)
        figures.report(f"… {kind} not answered with 200", refused, f"of {len(statuses)}", at_most=0)
        print(f"{kind}: {len(taken)} at {pace}/s, p50 {statistics.median(taken):.1f} ms")


if __name__ == "__main__":
    main()
