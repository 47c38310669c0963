"""Clients that write at several contracts and remember what they were told, to be compared with what is stored."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
import psycopg

from tests.faults.stage import Stage

PASSWORD = "SecurePass123!"
Door = Literal["tymblok", "focusflow", "produktifin", "flow-sudoku"]
DOORS: tuple[Door, ...] = ("tymblok", "focusflow", "produktifin", "flow-sudoku")
_LOGINS = {
    "focusflow": ("/focusflow/api/v1/auth/login/", lambda body: body["tokens"]["access"]),
    "produktifin": ("/produktifin/v1/auth/login", lambda body: body["token"]),
    "flow-sudoku": ("/flow-sudoku/v1/auth/signin", lambda body: body["access_token"]),
}
SLOWEST = {"flow-sudoku": 3.2}
"""Seconds between two writes of somebody who keeps to a limit that is lower than the others'."""
STORED = """
    SELECT title FROM inbox_items WHERE title LIKE 'key-%%'
    UNION ALL SELECT title FROM time_blocks WHERE title LIKE 'key-%%'
    UNION ALL SELECT title FROM tasks WHERE title LIKE 'key-%%'
    UNION ALL SELECT declutter_text FROM puzzle_sessions WHERE declutter_text LIKE 'key-%%'
"""
_numbers = itertools.count(1)


@dataclass
class Answered:
    """One request: what it would write, and what came of it. Status 0: no answer came."""

    key: str
    status: int
    seconds: float
    at: float
    body: str = ""
    kind: str = ""


@dataclass
class Journal:
    """Everything that was sent and answered."""

    entries: list[Answered] = field(default_factory=list)

    def keys(self, *statuses: int) -> set[str]:
        return {entry.key for entry in self.entries if entry.status in statuses}

    @property
    def acknowledged(self) -> set[str]:
        return self.keys(200, 201)

    @property
    def in_doubt(self) -> set[str]:
        return self.keys(0)

    @property
    def statuses(self) -> Counter[int]:
        return Counter(entry.status for entry in self.entries)

    def percentile(self, share: float) -> float:
        """Seconds within which this share of the answers came."""
        times = sorted(entry.seconds for entry in self.entries if entry.status)
        return times[min(len(times) - 1, int(len(times) * share))]

    def hold_against(self, connection: psycopg.Connection, committing: int = 0) -> None:
        """What was acknowledged is stored, each once; what was refused is not. Errors: AssertionError.

        Where the database itself breaks, so many writes may have been committed without our hearing of it: they are
        answered with 503 and are in doubt as if nothing had been answered.
        """
        stored = Counter(key for (key,) in connection.execute(STORED))
        lost = self.acknowledged - stored.keys()
        assert not lost, f"{len(lost)} acknowledged writes are missing of {len(self.acknowledged)}: {sorted(lost)[:5]}"
        doubled = {key: count for key, count in stored.items() if count > 1}
        assert not doubled, f"written twice: {doubled}"
        refused = (stored.keys() & {entry.key for entry in self.entries}) - self.acknowledged - self.in_doubt
        unheard = refused & self.keys(503)
        assert len(unheard) <= committing, f"stored although refused: {sorted(unheard)[:5]}"
        assert not refused - unheard, f"stored although refused: {sorted(refused - unheard)[:5]}"

    def __str__(self) -> str:
        return (
            f"{len(self.entries)} sent, {len(self.acknowledged)} acknowledged, {len(self.in_doubt)} unanswered, "
            f"statuses {dict(self.statuses)}, p50 {self.percentile(0.5) * 1000:.0f} ms, "
            f"p99 {self.percentile(0.99) * 1000:.0f} ms"
        )


class Writer:
    """Somebody who writes at one contract as fast as it answers, or at a pace."""

    def __init__(self, base: str, door: Door, journal: Journal, *, keep_alive: bool = True) -> None:
        self.base, self.door, self.journal = base, door, journal
        number = next(_numbers)
        headers = {"X-Forwarded-For": f"10.9.{number // 250}.{number % 250 + 1}"}
        limits = httpx.Limits(max_keepalive_connections=1 if keep_alive else 0)
        self.http = httpx.Client(base_url=base, headers=headers, timeout=20, limits=limits, trust_env=False)
        self.email = f"writer-{number}-{time.time_ns()}@example.com"
        body = {"email": self.email, "password": PASSWORD, "name": "Wanda Writer"}
        answer = self.http.post("/tymblok/v1/auth/register", json=body)
        assert answer.status_code == 201, answer.text
        self.answers = [answer.json()]
        self.token = self.answers[0]["data"]["accessToken"]
        if door != "tymblok":
            path, token_of = _LOGINS[door]
            self.answers.append(self.http.post(path, json={"email": self.email, "password": PASSWORD}).json())
            self.token = token_of(self.answers[-1])
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    def write(self) -> None:
        """One write under a key of its own."""
        number = next(_numbers)
        key = f"key-{self.door}-{number}"
        path, body = _write_of(self.door, key, number)
        began = time.monotonic()
        try:
            answer = self.http.post(path, json=body)
            status, text, kind = answer.status_code, answer.text, answer.headers.get("Content-Type", "")
        except httpx.TransportError as error:
            status, text, kind = 0, repr(error), ""
        ended = time.monotonic()
        said = "" if status in (200, 201) else text
        self.journal.entries.append(Answered(key, status, ended - began, ended, said, kind))

    def write_until(self, ended: threading.Event, pause: float = 0.0) -> None:
        if pause:
            pause = max(pause, SLOWEST.get(self.door, 0.0))
        while not ended.is_set():
            began = time.monotonic()
            self.write()
            if self.journal.entries[-1].status == 0:
                time.sleep(0.05)  # nobody listens just now
            ended.wait(max(0.0, pause - (time.monotonic() - began)))


def _write_of(door: Door, key: str, number: int) -> tuple[str, dict[str, Any]]:
    if door == "tymblok":
        return "/tymblok/v1/inbox", {"title": key}
    if door == "focusflow":
        return "/focusflow/api/v1/tasks/", {"title": key}
    if door == "produktifin":
        day = f"2027-{1 + number // 10 % 12:02}-{1 + number // 120 % 28:02}"
        return "/produktifin/v1/calendar/events", {"title": key, "date": f"{day}T{8 + number % 10:02}:00:00Z"}
    game = {
        "id": key, "timestamp": "2026-11-16T10:30:00Z", "duration": 900, "difficulty": "medium",
        "declutter_text": key, "mistake_count": 2, "is_completed": True, "puzzle_id": 42,
    }  # fmt: skip
    return "/flow-sudoku/v1/sessions", {"sessions": [game]}


class Load:
    """Writers in threads for the length of a `with`; `journal` is what they saw."""

    def __init__(self, stage: Stage, clients: int, *, pause: float = 0.0, keep_alive: bool = True) -> None:
        self.journal = Journal()
        self.writers = [
            Writer(stage.url, DOORS[number % len(DOORS)], self.journal, keep_alive=keep_alive)
            for number in range(clients)
        ]
        with stage.postgres.connect() as connection:
            connection.execute("UPDATE users SET plan = 'pro_monthly'")  # the free one bounds what may be written
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=writer.write_until, args=(self._ended, pause)) for writer in self.writers
        ]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(60)
