"""How far the fuzzing goes, and a product that counts nobody's requests while it is fuzzed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from sandbox.app import Address
from settings import settings


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--examples", type=int, default=15, help="fuzzed requests for each operation, and chains of them")


def pytest_configure(config: pytest.Config) -> None:
    os.environ["FUZZ_EXAMPLES"] = str(config.getoption("examples"))  # the documents are read at collection


@pytest.fixture(autouse=True, scope="session")
def _with_providers(sandbox: Address) -> Iterator[None]:
    """The sandbox plays the providers and the payment, nobody's requests are counted, and every host is found."""
    assert not settings.rate_limits, "fuzz with RATE_LIMITS=false, as `make fuzz` does"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("connectors.outgoing.resolve", lambda _: ["203.0.113.7"])  # no worker runs: nothing is sent there
        yield
