"""What breaks under a running product costs time at most: nothing acknowledged is lost, and nothing comes twice."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import NullPool, create_engine, make_url, text

from tests.connect import Provider
from tests.databases import empty_database
from tests.faults.somebody import Somebody, children, wait_for
from tests.parallel import at_once
from tests.product import Product

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
    pytest.mark.slow,
]
ITEMS = 5_000


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Everything that `make run` starts, on a database of its own of the kind that the suite runs on."""
    folder = tmp_path_factory.mktemp("product")
    with empty_database(folder) as database:
        made = Product(folder, DATABASE_URL=database, ARGON2_PROFILE="test", WEB_WORKERS="2")
        try:
            with made:
                made.wait_until_it_serves()
                yield made
        finally:
            for process in made.processes():
                os.kill(process, signal.SIGKILL)


@pytest.fixture
def upstream(product: Product) -> Iterator[Provider]:
    """The product's own stand-in of GitHub."""
    with Provider(product.settings["SANDBOX_URL"], "github") as provider:
        yield provider


def on_postgresql(product: Product) -> bool:
    return product.settings["DATABASE_URL"].startswith("postgresql")


def begin_of_a_minute() -> None:
    """Limits are counted by the minute; a count may not begin at its end."""
    if time.time() % 60 > 45:
        time.sleep(60.5 - time.time() % 60)


@contextmanager
def stopped(process: int) -> Iterator[None]:
    """A process that is there and does not answer."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


@contextmanager
def again_and_again(act: Callable[[], object], pause: float) -> Iterator[None]:
    """Something that goes on beside the block."""
    ended = threading.Event()

    def go_on() -> None:
        while not ended.wait(pause):
            act()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class Writer:
    """Somebody who writes item after item and remembers what was answered to each."""

    def __init__(self, product: Product) -> None:
        self.person = Somebody(product)
        self.answers: dict[str, int] = {}

    def write(self, count: int, seconds: float) -> None:
        ends_at = time.monotonic() + seconds
        for number in range(count):
            title = f"Item {number}"
            try:
                answer = self.person.post("/inbox", {"title": title})
            except httpx2.TransportError:
                self.answers[title] = 0  # in doubt
            else:
                self.answers[title] = answer.status_code
                if answer.status_code != 201:
                    assert answer.status_code == 503, answer.text
                    assert answer.json()["error"]["code"] == "INTERNAL_ERROR" and "meta" in answer.json()
            time.sleep(max(0.0, (ends_at - time.monotonic()) / (count - number)))

    def check(self) -> None:
        """What was acknowledged is there, once; what is there was sent."""
        stored = Counter(item["title"] for item in self.person.inbox())
        acknowledged = {title for title, status in self.answers.items() if status == 201}
        assert set(stored) >= acknowledged and set(stored) <= set(self.answers)
        assert set(stored.values()) <= {1}
        assert acknowledged


def write_while(product: Product, act: Callable[[], object], pause: float, seconds: float = 4.0) -> list[Writer]:
    writers = [Writer(product) for _ in range(4)]
    with again_and_again(act, pause):
        at_once(*[lambda writer=writer: writer.write(60, seconds) for writer in writers])
    for writer in writers:
        writer.check()
    return writers


def test_limits_hold_over_several_processes_of_the_web(product: Product) -> None:
    person = Somebody(product)
    category = person.get("/categories").json()["data"][0]["id"]
    body = {"categoryId": category, "title": "x", "date": "2026-01-31", "startTime": "09:00", "durationMinutes": 5}
    planned = at_once(*[lambda: person.post("/blocks", body).status_code] * 20)
    assert sorted(planned) == [201] * 10 + [403] * 10
    own = {"name": "Learning", "color": "#8b5cf6", "icon": "book"}
    made = at_once(*[lambda: person.post("/categories", own).status_code] * 20)
    assert sorted(made) == [201] * 3 + [403] * 17
    begin_of_a_minute()
    other = Somebody(product)
    seen = at_once(*[lambda: [other.get("/settings").status_code for _ in range(6)]] * 20)
    assert Counter(status for each in seen for status in each) == {200: 100, 429: 20}


def test_a_sync_whose_process_is_killed_goes_on_within_seconds(product: Product, upstream: Provider) -> None:
    upstream.fill(ITEMS, page_kb=100)
    upstream.fault("delay", seconds=0.3, path="/issues", times=None)
    person = Somebody(product)
    assert "the rest follows in the background" in person.connect("github")
    begun = person.count()
    wait_for(lambda: person.count() > begun + 300, pause=0.5)
    for process in children(product, "celery"):
        os.kill(process, signal.SIGKILL)
    assert person.count() < ITEMS
    upstream.mend()
    assert wait_for(lambda: person.count() == ITEMS, 30, pause=1) < 30
    items = Counter(item["externalId"] for item in person.inbox())
    assert len(items) == ITEMS and set(items.values()) == {1}
    (integration,) = person.get("/integrations").json()["data"]
    wait_for(lambda: person.get("/integrations").json()["data"][0]["state"] == "ok")
    assert integration["lastSyncError"] is None


def test_a_redis_that_hangs_stops_nobody(product: Product, upstream: Provider) -> None:
    person, victim = Somebody(product), Somebody(product)
    (valkey,) = [process for process, line in product.processes().items() if "valkey-server" in line]
    seconds = []
    with stopped(valkey):
        for number in range(40):
            began = time.monotonic()
            path = ("/inbox", "/blocks", "/users/me")[number % 3]
            answer = person.post("/inbox", {"title": "x"}) if number % 4 == 0 else person.get(path)
            assert answer.status_code in (200, 201), answer.text
            seconds.append(time.monotonic() - began)
        guesses = [
            victim.post("/auth/login", {"email": victim.email, "password": "a guess"}).status_code for _ in range(14)
        ]
        assert guesses.count(401) <= 10 and set(guesses) == {401, 429}, "guessing is limited as ever"
        assert person.post("/auth/forgot-password", {"email": person.email}).status_code == 200
        assert httpx2.get(f"{product.url}/readyz", trust_env=False).json()["status"] == "degraded"
    assert sorted(seconds)[-2] < 1 and max(seconds) < 2
    wait_for(lambda: _mailed(product, person.email, "Reset your Daybook password"), 60)


def _mailed(product: Product, email: str, subject: str) -> bool:
    mails = httpx2.get(f"{product.settings['SANDBOX_URL']}/outbox.json", trust_env=False).json()
    return any(email in mail["envelope"]["to"] and mail["subject"] == subject for mail in mails)


def test_connections_that_the_database_drops_lose_nothing_that_was_acknowledged(product: Product) -> None:
    if not on_postgresql(product):
        pytest.skip("SQLite has no connections to drop")
    url = make_url(product.settings["DATABASE_URL"])
    admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    drop = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")

    def terminate() -> None:
        with admin.connect() as connection:
            connection.execute(drop, {"name": url.database})

    writers = write_while(product, terminate, 0.4)
    statuses = Counter(status for writer in writers for status in writer.answers.values())
    assert statuses[201] > statuses[503] and statuses[0] == 0
    assert writers[0].person.post("/inbox", {"title": "after"}).status_code == 201


def test_a_database_that_is_locked_answers_503_and_reads_go_on(product: Product) -> None:
    if on_postgresql(product):
        pytest.skip("PostgreSQL locks rows, not the database")
    person = Somebody(product)
    lock = sqlite3.connect(make_url(product.settings["DATABASE_URL"]).database or "", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        began = time.monotonic()
        reads = [person.get(path).status_code for path in ("/inbox", "/blocks", "/users/me")]
        assert reads == [200] * 3 and time.monotonic() - began < 2
        answer = person.post("/inbox", {"title": "Refused"})
        assert answer.status_code == 503 and answer.json()["error"]["code"] == "INTERNAL_ERROR"
        assert time.monotonic() - began < 10
    finally:
        lock.rollback()
        lock.close()
    assert person.post("/inbox", {"title": "Kept"}).status_code == 201
    assert [item["title"] for item in person.inbox()] == ["Kept"]


def test_no_process_of_the_worker_grew_beyond_its_measure(product: Product) -> None:
    peaks = {}
    for process in children(product, "celery"):
        status = Path(f"/proc/{process}/status").read_text()
        peaks[process] = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024
    assert peaks and max(peaks.values()) < 150, peaks
