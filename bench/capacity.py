"""What a million users need: processes, database, Redis, providers' quotas: `python -m bench.capacity [--users N]`.

Costs are those of the newest run in var/bench/ where there is one, else the documented ones below; how people behave is
assumed and printed. Sync scheduling is simulated (bench/simulation.py) for several SYNC_MINUTES; the plan is for the
shortest of them at which no provider refuses us, or for `PLANNED` where the pushes alone are more than a quota bears.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

from bench import figures
from bench.simulation import Outcome, Provider, Simulation

KEPT = Path(__file__).resolve().parent.parent / "var" / "bench"
PROVIDERS = [
    # Quotas for the whole app: Google Calendar 10,000 requests a minute a project; Jira 65,000 points an hour an app.
    # GitHub (5,000 an hour), Linear (5,000 an hour) and Notion (3 a second) count for each user or workspace, Slack for
    # each method and workspace (20 a minute and more); a poll every minute would stay below these.
    Provider("github", 0.60, 3, 0.15, pushed=0.3, pushes_a_day=10, quota=None, per_sync=3),
    Provider("google-calendar", 0.50, 3, 0.12, pushed=0.95, pushes_a_day=6, quota=10_000, per_sync=2),
    Provider("slack", 0.25, 5, 0.15, pushed=0.9, pushes_a_day=12, quota=None, per_sync=5),
    Provider("jira", 0.15, 1, 0.25, pushed=0.5, pushes_a_day=8, quota=65_000 / 60, per_sync=2),
    Provider("notion", 0.10, 1, 0.30, pushed=0.8, pushes_a_day=4, quota=None, per_sync=1),
    Provider("linear", 0.05, 1, 0.20, pushed=0.9, pushes_a_day=8, quota=None, per_sync=1),
]
INTERVALS = (10, 30, 60, 120, 240, 360)
SCALE = 100
BUDGET = 0.5
"""Of the processes, what one provider may hold (SYNC_CONCURRENCY)."""
PLANNED = 60
LATE = 60.0
LOAD = 0.7
"""How busy a process may be at the peak."""
COSTS = {
    ("queue", "a sync with nothing new, as a task, CPU"): 15.0,  # ms
    ("reads", "GET /blocks, CPU of the web"): 850.0,  # µs
    ("login", "one login, CPU of the web"): 25.0,  # ms
    ("growth", "a block with its indexes"): 300.0,  # bytes
    ("growth", "an inbox item with its indexes"): 220.0,  # bytes
}
ACTIVE, REQUESTS, PEAK = 0.3, 60, 0.15
"""Of the users, who comes on a day; what each asks for; what share of it in the busiest hour."""
A_YEAR = {"blocks": 1_000, "items": 1_500, "stretches": 1_200, "totals": 600}
SMALL_ROW = 180
"""Bytes of a focus stretch or a day's total, with indexes."""
TEXT = 500
"""Bytes of an item's description, which the measured rows do not have."""
COMMITS = 6
"""Of a sync with nothing new: claim, lease, page, end, and the queue's marks."""
CONNECTIONS = {"web": 20, "worker": 2, "webhooks": 20}
HEADROOM = 1.5
ANNOUNCED = 200
"""Accounts that one tick of `wake_syncs` announces at most."""


def measured() -> Iterator[tuple[tuple[str, str], float]]:
    """The newest value of each figure that the plan needs, PostgreSQL's."""
    for file in sorted(KEPT.glob("*.json")):
        for kept in json.loads(file.read_text())["figures"]:
            if (kept["measurement"], kept["name"]) in COSTS and kept["database"] != "sqlite":
                yield (kept["measurement"], kept["name"]), kept["value"]


def processes_for(users: int, minutes: int, cpu: float) -> tuple[int, Outcome]:
    """The fewest worker processes with which 95 of 100 syncs begin within a minute, and how that goes."""
    trial = Simulation(PROVIDERS, users, SCALE, minutes * 60, 10**6, cpu, 1).run(hours=0.5)
    count = max(2, math.ceil(trial.busy / trial.seconds / LOAD))
    while True:
        seen = Simulation(PROVIDERS, users, SCALE, minutes * 60, count, cpu, BUDGET).run(hours=1.5)
        if seen.p95() <= LATE:
            return count, seen
        count = math.ceil(count * 1.15)


def quotas(users: int, minutes: int) -> dict[str, float]:
    """What would be asked of each quota that the whole app shares, were nothing refused: 1 is all of it."""
    wanted = {}
    for each in PROVIDERS:
        if each.quota:
            polls = users * each.share / (minutes + 0.5)
            pushes = users * each.share * each.pushed * each.pushes_a_day * 2 / 1440
            wanted[each.name] = (polls + pushes) * each.per_sync / each.quota
    return wanted


def main() -> None:
    parser = figures.parser(__doc__)
    parser.add_argument("--users", type=int, default=1_000_000)
    users = parser.parse_args().users
    costs = COSTS | dict(measured())
    sync, read, login, block, item = costs.values()
    source = ", ".join(f"{name}: {figures.plain(value)}" for (_, name), value in costs.items())
    print(f"costs: {source}")
    for each in PROVIDERS:
        print(f"  {each.name:16} {each.share:4.0%} of users, {each.requests} requests of {each.latency * 1000:.0f} ms "
              f"a sync, {each.pushed:.0%} pushed {each.pushes_a_day:.0f} times a day")  # fmt: skip
    print(f"\n{'SYNC_MINUTES':>12} {'syncs/s':>8} {'processes':>9} {'cores':>6} {'commits/s':>9} {'late':>6}  quotas")
    plans = {}
    for minutes in INTERVALS:
        count, seen = processes_for(users, minutes, sync / 1000)
        used = quotas(users, minutes)
        rate = seen.syncs / seen.seconds * SCALE
        plans[minutes] = (count * SCALE, rate, used, seen)
        told = "  ".join(f"{name} {share:.1f}×" for name, share in used.items())
        print(f"{minutes:12} {rate:8.0f} {count * SCALE:9} {rate * sync / 1000:6.0f} {rate * COMMITS:9.0f}"
              f" {seen.p95():5.1f}s  {told}")  # fmt: skip
    held = [minutes for minutes, (_, _, used, _) in plans.items() if max(used.values()) <= 1]
    minutes = min(held, default=PLANNED)
    workers, rate, used, seen = plans[minutes]
    print(f"\nthe plan, for SYNC_MINUTES={minutes}")
    say = figures.report
    say("SYNC_MINUTES", minutes, "minutes")
    say("syncs", rate, "a second")
    say("worker processes", workers, "processes")
    say("TICK_SECONDS", min(2.0, ANNOUNCED / rate), "s")
    say("SYNC_CONCURRENCY", workers * BUDGET, "runs of one provider")
    say("syncs begin late, p95", seen.p95(), "s", at_most=LATE)
    for name, share in used.items():
        say(f"{name}: the app's default quota, to be raised to", share, "times")
    begin = 3600.0
    outage = Simulation(PROVIDERS, users, SCALE, minutes * 60, workers // SCALE, sync / 1000, BUDGET,
                        down=("github", begin, begin + 1800)).run(hours=2)  # fmt: skip
    others = [each for name, late in outage.late.items() if name != "github" for each in late]
    say("GitHub down for half an hour: others begin late, p95", _p95(others), "s", at_most=LATE)
    peak = users * ACTIVE * REQUESTS * PEAK / 3600
    logins = users * ACTIVE * PEAK / 3600 / 4
    cores = (peak * read / 1e6 + logins * login / 1000) * HEADROOM
    web = max(4, math.ceil(cores / LOAD))
    say("requests at the peak", peak, "a second")
    say("web processes", web, "processes")
    say("cores for the web and the workers", cores + rate * sync / 1000 * HEADROOM, "cores")
    small = (A_YEAR["stretches"] + A_YEAR["totals"]) * SMALL_ROW
    rows = A_YEAR["blocks"] * block + A_YEAR["items"] * (item + TEXT) + small
    say("database, a year of active users", users * ACTIVE * rows / 1e9, "GB")
    say("commits of syncs", rate * COMMITS, "a second")
    hooks = 4
    connections = web * CONNECTIONS["web"] + workers * CONNECTIONS["worker"] + hooks * CONNECTIONS["webhooks"] + 10
    say("database connections, at most", connections, "connections")
    minute = users * ACTIVE * PEAK / 60 * 10
    waiting = rate * LATE
    say("Redis, memory", (minute * 120 + waiting * 1_500) / 1e6 + 20, "MB", at_most=512)


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)] if times else 0.0


if __name__ == "__main__":
    main()
