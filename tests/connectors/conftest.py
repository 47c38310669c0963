"""Connectors are tested over real HTTP, against a small stub of one's own, and on recorded payloads where they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import connectors.oauth
from connectors.base import Credentials, Page
from settings import PROVIDERS, settings
from tests.connectors.stub import Stub

PAYLOADS = Path(__file__).resolve().parents[3] / "shared" / "payloads"


@pytest.fixture
def payload() -> Callable[[str], Any]:
    """A recorded payload by its path, as `github/issues_assigned`."""
    if not PAYLOADS.is_dir():
        pytest.skip("the recorded payloads are not here")
    return lambda name: json.loads((PAYLOADS / f"{name}.json").read_text())


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """All six providers are played by this one server."""
    made = Stub()
    ours = {"daybook_env": "development", "sandbox_url": made.url, **{f"{name}_client_id": "" for name in PROVIDERS}}
    monkeypatch.setattr(connectors.oauth, "settings", settings.model_copy(update=ours))
    yield made
    made.close()


@pytest.fixture
def credentials() -> Credentials:
    return Credentials("token-1")


class Inbox:
    """What a worker keeps of a run: open items by id, after upserts and sweeps."""

    def __init__(self) -> None:
        self.items: dict[str, Any] = {}
        self.cursor: dict[str, Any] = {}
        self.skipped = 0

    def take(self, page: Page) -> None:
        for item in page.items:
            if item.is_open:
                self.items[item.external_id] = item
            else:
                self.items.pop(item.external_id, None)
        for sweep in page.sweeps:
            for key in [key for key in self.items if key.startswith(sweep.scope) and key not in sweep.external_ids]:
                del self.items[key]
        self.skipped += page.skipped
        self.cursor = json.loads(json.dumps(page.cursor))

    def run(self, connector: Any, credentials: Credentials) -> Inbox:
        for page in connector.pull(credentials, self.cursor):
            self.take(page)
        return self

    @property
    def ids(self) -> set[str]:
        return set(self.items)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()
