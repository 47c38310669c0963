"""Connectors are tested over real HTTP, against a small stub of one's own, and on recorded payloads where they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

import connectors.oauth
from connectors.base import Credentials, Page
from connectors.oauth import authorize_address, exchange
from connectors.registry import CONNECTORS
from sandbox.app import serve
from settings import PROVIDERS, settings
from tests.connectors.stub import Stub

PAYLOADS = Path(__file__).resolve().parents[3] / "shared" / "payloads"


@pytest.fixture
def payload() -> Callable[[str], Any]:
    """A recorded payload by its path, as `github/issues_assigned`."""
    if not PAYLOADS.is_dir():
        pytest.skip("the recorded payloads are not here")
    return lambda name: json.loads((PAYLOADS / f"{name}.json").read_text())


def played_by(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = {"daybook_env": "development", "sandbox_url": address, **{f"{name}_client_id": "" for name in PROVIDERS}}
    monkeypatch.setattr(connectors.oauth, "settings", settings.model_copy(update=ours))


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """All six providers are played by this one server."""
    made = Stub()
    played_by(made.url, monkeypatch)
    yield made
    made.close()


@pytest.fixture(scope="session")
def sandbox_address() -> Iterator[str]:
    with serve() as address:
        yield address


@pytest.fixture
def sandbox(sandbox_address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The sandbox of the house, over real HTTP."""
    played_by(sandbox_address, monkeypatch)
    return sandbox_address


@pytest.fixture
def connect(sandbox: str) -> Callable[..., Credentials]:
    """Credentials as a browser and our callback would get them."""

    def connected(provider: str, account: str = "mara", scopes: tuple[str, ...] | None = None) -> Credentials:
        name = "google" if provider == "google-calendar" else provider
        callback, verifier = f"http://127.0.0.1:8000/oauth/{name}/callback", "v" * 64
        wanted = CONNECTORS[provider].scopes if scopes is None else scopes
        page = authorize_address(name, callback, "state-1", verifier, wanted)
        sent = httpx2.post(page, data={"decision": "allow", "account": account}, verify=False)
        assert sent.status_code == 302, sent.text
        back = dict(parse_qsl(urlsplit(sent.headers["Location"]).query))
        assert back["state"] == "state-1", back
        return exchange(name, back["code"], callback, verifier)

    return connected


@pytest.fixture
def control_of(sandbox: str) -> Callable[[str], httpx2.Client]:
    """What a test can make a provider do."""

    def control(provider: str) -> httpx2.Client:
        name = "google" if provider == "google-calendar" else provider
        return httpx2.Client(base_url=f"{sandbox}/{name}/_control", timeout=10, verify=False, trust_env=False)

    return control


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
