"""`make run`, for real: everything starts, serves, is started again, ends, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from processes import valkey
from settings import ROOT
from tests.databases import empty_database
from tests.product import Product, free_ports

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
    pytest.mark.timeout(300),
]


says_nothing_of_the_database = pytest.mark.skipif(
    "TEST_DATABASE_URL" in os.environ, reason="runs with the suite on SQLite; another database makes no difference"
)
ACCOUNT = {"email": "yesterday@example.com", "password": "SecurePass123!", "name": "Jo Yesterday"}


@contextmanager
def made(folder: Path) -> Iterator[Product]:
    """A Daybook that was not started yet; what is left of it in the end is killed."""
    with empty_database(folder) as address:
        daybook = Product(folder, DATABASE_URL=address)
        yield daybook
        for process in daybook.processes():
            os.kill(process, signal.SIGKILL)


@pytest.fixture
def product(tmp_path):
    with made(tmp_path) as daybook:
        yield daybook


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """One Daybook for all tests that leave it running."""
    with made(tmp_path_factory.mktemp("running")) as daybook:
        daybook.start()
        daybook.wait_until_it_serves()
        yield daybook
        daybook.stop()


def roles(product: Product) -> set[str]:
    """The kinds of processes that run, by their command lines."""
    marks = {"valkey": "valkey-server", "web": "gunicorn", "worker": "celery worker", "beat": "celery beat"}
    marks |= {"sandbox": "-m sandbox"}
    lines = [line.replace("-A celery_app:celery ", "celery ") for line in product.processes().values()]
    return {role for role, mark in marks.items() if any(mark in line for line in lines)}


def wait_for(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def supervised(product: Product, mark: str) -> int:
    """The process with this in its command line that the supervisor itself started."""
    assert product.process
    for process, line in product.processes().items():
        parent = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        if mark in line and parent == product.process.pid:
            return process
    raise AssertionError(f"no {mark} among {product.processes()}")


def test_it_serves_and_a_signal_ends_everything_in_seconds(product):
    product.start()
    product.wait_until_it_serves()
    wait_for(lambda: roles(product) == {"valkey", "web", "worker", "beat", "sandbox"})
    assert f"Start page     {product.url}/" in product.log()
    started = time.monotonic()
    assert product.stop(signal.SIGTERM) == 0
    assert time.monotonic() - started < 10
    assert not product.processes()
    assert product.log().rstrip().endswith("Stopped.")


@says_nothing_of_the_database
def test_ctrl_c_ends_everything_and_every_line_bears_the_name_of_its_process(product):
    product.start()
    product.wait_until_it_serves()
    product.status("/healthz")
    assert product.stop(signal.SIGINT) == 0
    assert not product.processes()
    for line in product.log().splitlines():
        assert line[8:9] == "|", line
    web = [line[10:] for line in product.log().splitlines() if line.startswith("web ")]
    assert any(line.startswith("{") and json.loads(line) for line in web)


def test_killing_the_supervisor_leaves_no_orphan(product):
    product.start()
    product.wait_until_it_serves()
    wait_for(lambda: "worker" in roles(product))
    product.stop(signal.SIGKILL)
    product.wait_until_all_are_gone(5)


def test_a_second_start_finds_the_data_also_after_a_kill(product):
    product.start()
    product.wait_until_it_serves()
    port = int(product.settings["VALKEY_PORT"])
    assert valkey._ask(port, "SET yesterday kept").startswith("+OK")
    assert product.status("/tymblok/v1/auth/register", ACCOUNT) == 201
    time.sleep(1.2)  # the embedded server writes through once a second
    product.stop(signal.SIGKILL)
    product.start()  # at once: it waits for the remains of the first to go
    product.wait_until_it_serves()
    assert "kept" in valkey._ask(port, "GET yesterday")
    assert product.status("/tymblok/v1/auth/login", ACCOUNT) == 200
    product.stop()


@says_nothing_of_the_database
def test_a_crashed_process_is_started_again(running):
    first = supervised(running, "gunicorn")
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: "web was ended by SIGKILL; it starts again" in running.log())
    wait_for(lambda: running.status("/healthz") == 200)
    assert supervised(running, "gunicorn") != first


@says_nothing_of_the_database
def test_a_second_daybook_in_the_same_folder_is_refused(running):
    second = subprocess.run(
        [sys.executable, "cli.py", "up"], cwd=ROOT, env=running.environment, capture_output=True, timeout=30,
        text=True,
    )  # fmt: skip
    assert second.returncode == 1
    assert "already runs in" in second.stderr
    assert "Traceback" not in second.stderr
    assert running.status("/healthz") == 200


@says_nothing_of_the_database
def test_a_taken_port_is_named_with_its_setting(product):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        product.settings["PORT"] = str(port)
        process = product.start()
        assert process.wait(30) == 1
    assert f"Port {port} is taken by another process. Free it, or choose another with PORT." in product.log()
    assert "Traceback" not in product.log()
    assert not product.processes()


@says_nothing_of_the_database
def test_it_ends_with_the_process_that_started_it_where_that_is_asked_for(product):
    product.start("sh", "-c", f"{sys.executable} cli.py up --until-parent-ends; :")
    product.wait_until_it_serves()
    product.stop(signal.SIGKILL)
    product.wait_until_all_are_gone(15)


@says_nothing_of_the_database
def test_a_redis_that_was_named_is_used_and_not_embedded(product, tmp_path):
    (port,) = free_ports(1)
    own = subprocess.Popen(valkey.command(port, tmp_path / "own"))
    try:
        wait_for(lambda: valkey.ready(port))
        product.settings["REDIS_URL"] = f"redis://127.0.0.1:{port}/0"
        product.start()
        product.wait_until_it_serves()
        assert not valkey.ready(int(product.settings["VALKEY_PORT"]))
        product.stop()
        assert valkey.ready(port)
    finally:
        own.terminate()
        own.wait()
