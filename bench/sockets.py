"""Live events at size: `python -m bench.sockets [--sockets 2000] [--rounds 3] [--seconds 5] [--rest 100]`.

One web process with 2,000 sockets beside a bare `websockets` server with as many, in turns, both fed by the same Redis
with events that are committed to PostgreSQL: memory for each socket, and the time from commit to frame for events of
one user at 200 a second and for events of a user with 2,000 sockets; first alone, then next to REST traffic that the
same web process answers. The bar: at most twice the bare server's memory and p99.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import figures, load, stage
from bench.listeners import Listeners
from bench.pace import Pace
from bench.stats import USERS

BAR_RATIO = 2.0
RATE = 200
DATA = {"task_id": 1, "title": "Review the pull requests", "started_at": "2026-01-20T10:00:00Z", "session_id": 1,
        "duration_minutes": 25}  # fmt: skip


@dataclass
class Side:
    """One of the two servers: how to reach it, and who listens there."""

    name: str
    port: int
    path: str
    pid: int
    users: list[int]
    """The first has all sockets in a broadcast; each has one otherwise."""
    tokens: list[str]


def main() -> None:
    parser = figures.parser(__doc__)
    parser.add_argument("--sockets", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rest", type=int, default=100)
    given = parser.parse_args()
    stage.prepare()
    os.environ.update(RATE_LIMITS="false", LOG_LEVEL="ERROR", WEB_WORKERS="1", LIVE_SOCKETS=str(given.sockets + 100))
    tokens = furnish(given.sockets)
    users = range(1, 2 * given.sockets + 1)
    with stage.server() as web, bare() as (bare_port, bare_pid):
        pid = int(subprocess.run(["pgrep", "-P", str(web.pid)], stdout=subprocess.PIPE, check=True).stdout.split()[0])
        rest = [load.get("/tymblok/v1/blocks?date=2026-01-31", token) for token in tymblok_tokens(given.sockets, 50)]
        load.run(web.port, rest, connections=4, seconds=2)
        ours = Side("daybook", web.port, "/focusflow/ws/pomodoro/", pid, list(users[: given.sockets]), tokens)
        theirs = Side("websockets", bare_port, "/", bare_pid, list(users[given.sockets :]),
                      [str(user) for user in users[given.sockets :]])  # fmt: skip
        sides = (theirs, ours)
        committed = publisher()
        each = {side.name: measure_memory(side) for side in sides}
        beside = ("websockets", each["websockets"][0])
        figures.report("memory of a socket", each["daybook"][0], "kB", beside=beside, at_most=BAR_RATIO)
        clients = {name: listeners for name, (_, listeners) in each.items()}
        compare("one user's events", sides, clients, given, rest, committed, single)
        for listeners in clients.values():
            listeners.leave()
        clients = {
            side.name: Listeners(side.port, side.path, [side.tokens[0]] * given.sockets) for side in sides
        }
        compare("an event for all", sides, clients, given, rest, committed, everybody)
        for listeners in clients.values():
            listeners.leave()


def furnish(count: int) -> list[str]:
    """Twice as many users, and tokens for the first half."""
    from sqlalchemy import text

    import models.tables  # noqa: F401
    from models import db
    from models.logins import Login
    from models.users import User

    with db.transaction():
        db.session.execute(text(USERS.format(users=2 * count)))
        db.session.execute(text("SELECT setval('users_id_seq', (SELECT max(id) FROM users))"))
    with db.transaction():
        return [Login.start(db.session.get_one(User, id), "focusflow", 3600).access for id in range(1, count + 1)]


def tymblok_tokens(first: int, count: int) -> list[str]:
    """Tokens of those who ask over REST."""
    from models import db
    from models.logins import Login
    from models.users import User

    with db.transaction():
        users = [db.session.get_one(User, first + number) for number in range(1, count + 1)]
        return [Login.start(user, "tymblok", 3600).access for user in users]


@contextlib.contextmanager
def bare() -> Iterator[tuple[int, int]]:
    """The yardstick's port and process."""
    from workers.live import channel

    port = stage.free_port()
    command = [sys.executable, "-m", "bench.bare_sockets", str(port), channel(), stage.REDIS]
    process = subprocess.Popen(command, cwd=stage.ROOT)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(10)


def publisher() -> dict[int, float]:
    """Publish as every process does; the moment of each commit comes into the dictionary returned."""
    from models import events
    from models.live import LiveEventWritten
    from workers.listen import listen

    committed: dict[int, float] = {}

    def note(fact: LiveEventWritten) -> None:
        committed[fact.event_id] = time.monotonic()

    events.listen(LiveEventWritten, note)  # before the one that carries it away
    listen()
    return committed


def unshared_kilobytes(pid: int) -> int:
    """Memory that a process has for itself alone."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private"))


def measure_memory(side: Side) -> tuple[float, Listeners]:
    """Connect everybody; kilobytes for each socket, and the clients."""
    first = Listeners(side.port, side.path, side.tokens[:20])
    first.leave()
    time.sleep(1)
    before = unshared_kilobytes(side.pid)
    clients = Listeners(side.port, side.path, side.tokens)
    time.sleep(2)
    each = (unshared_kilobytes(side.pid) - before) / clients.connected
    print(f"{side.name:10} {clients.connected} sockets in {clients.seconds:.1f} s, {each:.1f} kB each", flush=True)
    assert clients.connected == len(side.tokens), "not everybody got a socket"
    return each, clients


def write(user_id: int) -> None:
    from models import db
    from models.live import write as tell

    with db.transaction():
        tell(user_id, "task_started", DATA)


def single(side: Side, seconds: float) -> int:
    """Events of one user after the other, 200 a second; returns how many frames there should be."""
    count = int(RATE * seconds)
    began = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, began + number / RATE - time.monotonic()))
        write(side.users[number * 7 % len(side.users)])
    return count


def everybody(side: Side, seconds: float) -> int:
    """Events of the one who has all the sockets, four a second."""
    count = int(4 * seconds)
    for _ in range(count):
        write(side.users[0])
        time.sleep(0.25)
    return count * len(side.users)


def compare(
    what: str,
    sides: tuple[Side, ...],
    clients: dict[str, Listeners],
    given: argparse.Namespace,
    rest: list[bytes],
    committed: dict[int, float],
    act: Callable[[Side, float], int],
) -> None:
    """Print both servers' times, alone and next to REST traffic."""
    web_port = sides[-1].port
    for per_second in (0, given.rest):
        taken: dict[str, list[tuple[float, float]]] = {side.name: [] for side in sides}
        for _ in range(given.rounds):
            for side in sides:
                clients[side.name].heard()
                pace = Pace(web_port, rest, per_second) if per_second else None
                expected = act(side, given.seconds)
                time.sleep(1.5)
                if pace:
                    assert set(pace.stop().statuses) == {200}
                heard = clients[side.name].heard()
                late = [(each.at - committed[each.frame["id"]]) * 1000 for each in heard]
                assert len(late) == expected, f"{side.name}: {len(late)} frames of {expected}"
                cuts = statistics.quantiles(late, n=100)
                taken[side.name].append((cuts[49], cuts[98]))
        p50 = {name: statistics.median(each[0] for each in rounds) for name, rounds in taken.items()}
        p99 = {name: statistics.median(each[1] for each in rounds) for name, rounds in taken.items()}
        beside = f"next to {per_second} requests/s" if per_second else "alone"
        for name, figure, bar in (("p50", p50, None), ("p99", p99, BAR_RATIO)):
            figures.report(f"{what}, {beside}: commit to frame {name}", figure["daybook"], "ms",
                           beside=("websockets", figure["websockets"]), at_most=bar)  # fmt: skip


if __name__ == "__main__":
    main()
