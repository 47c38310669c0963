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


@pytest.fixture(autouse=True, scope="module")
def _without_limits(sandbox: Address) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("web.app.settings", settings.model_copy(update={"rate_limits": False}))
        yield
