"""Sync scheduling as the product does it, simulated event by event on a sample of the accounts.

What is copied from workers/sync.py and models/integrations.py: the poll interval with its jitter, a push that syncs at
once, the budget of runs for each provider with its parking, processes that take the longest waiting, and the backoff.
"""

from __future__ import annotations

import heapq
import random
import statistics
from collections import deque
from dataclasses import dataclass, field

JITTER = 60.0
FIRST_BACKOFF, LONGEST_BACKOFF = 120.0, 3600.0
TIMEOUT = 15.0
"""Seconds until a request to a provider that is down is given up."""


@dataclass(frozen=True)
class Provider:
    """How its accounts behave. `quota` is a minute's requests or points of the whole app; None: each user has one."""

    name: str
    share: float
    requests: int
    latency: float
    pushed: float
    pushes_a_day: float
    quota: float | None
    per_sync: float


@dataclass
class Account:
    provider: Provider
    is_pushed: bool
    due: float = 0.0
    failures: int = 0
    is_waiting: bool = False
    woken: bool = False


@dataclass
class Outcome:
    """What came of some hours: seconds of lateness by provider, and what the processes and quotas had to bear."""

    seconds: float
    late: dict[str, list[float]] = field(default_factory=dict)
    busy: float = 0.0
    refused: dict[str, int] = field(default_factory=dict)
    asked: dict[str, float] = field(default_factory=dict)
    syncs: int = 0

    def p95(self, name: str | None = None) -> float:
        times = self.late.get(name, []) if name else [each for times in self.late.values() for each in times]
        return statistics.quantiles(times, n=20)[-1] if len(times) > 1 else 0.0


class Simulation:
    """`scale` is how many real accounts, processes and requests one of the sample stands for."""

    def __init__(self, providers: list[Provider], users: int, scale: int, interval: float, processes: int, cpu: float,
                 budget: float, down: tuple[str, float, float] | None = None, seed: int = 1) -> None:  # fmt: skip
        self.random, self.scale, self.interval, self.cpu, self.down = random.Random(seed), scale, interval, cpu, down
        self.free = processes
        self.budget = {each.name: max(1, round(processes * budget)) for each in providers}
        self.running = dict.fromkeys(self.budget, 0)
        self.parked: dict[str, deque[Account]] = {name: deque() for name in self.budget}
        self.queue: deque[Account] = deque()
        self.quota = {each.name: (each.quota or 0) / scale for each in providers if each.quota}
        self.left = {name: (0, quota) for name, quota in self.quota.items()}
        self.events: list[tuple[float, int, str, Account]] = []
        self.number = 0
        self.accounts = [
            Account(each, self.random.random() < each.pushed)
            for each in providers for _ in range(round(users / scale * each.share))
        ]  # fmt: skip

    def run(self, hours: float, settle: float = 0.5) -> Outcome:
        """The hours after the first half hour."""
        begin, end = settle * 3600, (settle + hours) * 3600
        seen = Outcome(hours * 3600)
        for account in self.accounts:
            self._plan(account, self.random.random() * self.interval)
            if account.is_pushed:
                self._push("push", account, self._gap(account))
        while self.events:
            now, _, kind, account = heapq.heappop(self.events)
            if now > end:
                break
            if kind == "done":
                self._finish(account, now, seen)
            elif kind == "push":
                self._push("push", account, now + self._gap(account))
                if account.is_waiting:
                    account.woken = True
                else:
                    account.due = now
                    self._queue(account)
            elif not account.is_waiting and account.due <= now:
                self._queue(account)
            self._start(now, seen, now >= begin)
        return seen

    def _gap(self, account: Account) -> float:
        return self.random.expovariate(account.provider.pushes_a_day / 86_400 * 2)  # the working half of the day

    def _push(self, kind: str, account: Account, at: float) -> None:
        self.number += 1
        heapq.heappush(self.events, (at, self.number, kind, account))

    def _plan(self, account: Account, at: float) -> None:
        account.due = at
        self._push("due", account, at)

    def _queue(self, account: Account) -> None:
        account.is_waiting = True
        self.queue.append(account)

    def _start(self, now: float, seen: Outcome, is_counted: bool) -> None:
        while self.queue and self.free:
            account = self.queue.popleft()
            provider = account.provider
            if self.running[provider.name] >= self.budget[provider.name]:
                self.parked[provider.name].append(account)
                continue
            self.running[provider.name] += 1
            self.free -= 1
            if is_counted:
                seen.late.setdefault(provider.name, []).append(now - account.due)
                seen.syncs += 1
            spent = self._work(account, now, seen, is_counted)
            seen.busy += spent if is_counted else 0
            self._push("done", account, now + spent)

    def _work(self, account: Account, now: float, seen: Outcome, is_counted: bool) -> float:
        """Seconds that a run takes; a failure is noted on the account."""
        provider = account.provider
        if self.down and self.down[0] == provider.name and self.down[1] <= now < self.down[2]:
            account.failures += 1
            return TIMEOUT
        if provider.name in self.quota:
            minute, left = self.left[provider.name]
            if minute != int(now // 60):
                minute, left = int(now // 60), self.quota[provider.name]
            if left < provider.per_sync:
                seen.refused[provider.name] = seen.refused.get(provider.name, 0) + is_counted
                account.failures += 1
                return self.cpu + provider.latency
            self.left[provider.name] = minute, left - provider.per_sync
        if is_counted:
            seen.asked[provider.name] = seen.asked.get(provider.name, 0) + provider.per_sync
        account.failures = 0
        return self.cpu + provider.requests * self.random.expovariate(1 / provider.latency)

    def _finish(self, account: Account, now: float, seen: Outcome) -> None:
        name = account.provider.name
        self.running[name] -= 1
        self.free += 1
        account.is_waiting = False
        if account.failures:
            wait = min(FIRST_BACKOFF * 2 ** min(account.failures - 1, 10), LONGEST_BACKOFF)
            self._plan(account, now + wait * (1 + self.random.random() / 4))
        elif account.woken:
            account.woken, account.due = False, now
            self._queue(account)
        else:
            self._plan(account, now + self.interval + self.random.random() * JITTER)
        if self.parked[name]:
            self.queue.append(self.parked[name].popleft())
