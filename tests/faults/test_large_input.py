"""C3: bodies, headers and addresses beyond all measure are refused at once, and leave no memory behind."""

from __future__ import annotations

import contextlib
import http.client
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.journal import Journal, Writer
from tests.faults.stage import Role, Stage

pytestmark = pytest.mark.timeout(300)
MEGABYTE = 1024 * 1024
LARGE = 10 * MEGABYTE
ROUNDS = 10
DEEP = b'{"title": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def pieces() -> Iterator[bytes]:
    """A large body whose length is not told."""
    for _ in range(LARGE // MEGABYTE):
        yield b"x" * MEGABYTE


def ask(stage: Stage, path: str, body: object, headers: dict[str, str]) -> tuple[int, float]:
    """Status and seconds. A server that has seen enough may answer before it has read all, and hang up."""
    connection = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=10)
    began = time.monotonic()
    try:
        with contextlib.suppress(OSError):
            connection.request("POST", path, body, headers, encode_chunked=not isinstance(body, bytes))
        return connection.getresponse().status, time.monotonic() - began
    finally:
        connection.close()


def memory(web: Role) -> int:
    """Bytes that the web's processes hold in all."""
    pages = sum(int(Path(f"/proc/{process}/statm").read_text().split()[1]) for process in web.children())
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_what_is_too_large_is_refused_at_once_and_kept_nowhere(stage: Stage, report) -> None:
    web = stage.serve()
    bearer = {"Authorization": f"Bearer {Writer(stage.url, 'tymblok', Journal()).token}"}
    as_json = bearer | {"Content-Type": "application/json"}
    path = "/tymblok/v1/inbox"
    tries = {
        "a body of 10 MB": (path, b"x" * LARGE, as_json, {413}),
        "a body of 10 MB in pieces": (path, pieces, as_json | {"Transfer-Encoding": "chunked"}, {413}),
        "a header of 64 kB": (path, b"{}", as_json | {"X-Large": "x" * 65536}, {431}),
        "an address of 16 kB": (f"{path}?{'x' * 16384}", b"{}", as_json, {414}),
        "JSON of 100,000 levels": (path, DEEP, as_json, {400}),
    }
    for _ in range(20):  # what is loaded at the first request is no growth
        ask(stage, path, b"{}", as_json)
    before = memory(web)
    seen: dict[str, list[tuple[int, float]]] = {name: [] for name in tries}
    for _ in range(ROUNDS):
        for name, (where, body, headers, _) in tries.items():
            seen[name].append(ask(stage, where, body() if callable(body) else body, headers))
    grown = (memory(web) - before) / MEGABYTE
    middle = {name: statistics.median(seconds for _, seconds in each) for name, each in seen.items()}
    shown = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in middle.items())
    report("C3", f"median of {ROUNDS}: {shown}; two processes grew by {grown:.0f} MB in all")
    for name, (_, _, _, wanted) in tries.items():
        assert {status for status, _ in seen[name]} == wanted, name
        assert middle[name] <= 1, name
    assert grown <= 50
