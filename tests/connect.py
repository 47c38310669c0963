"""An account connected the way a person does it: ask, consent on the provider's page, come back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx2
from werkzeug.test import TestResponse

from tests.cast import Person, transaction

PLAIN_HTTP: dict[str, Any] = {"trust_env": False, "verify": False}
"""Options to speak to the sandbox, which knows no TLS: getting ready for TLS costs more than any request does."""


def consent(auth_url: str, account: str = "mara", decision: str = "allow") -> str:
    """Click on the provider's page; the address to which the browser is sent back."""
    answer = httpx2.post(auth_url, data={"decision": decision, "account": account}, timeout=10, **PLAIN_HTTP)
    assert answer.status_code == 302, answer.text
    return str(answer.headers["Location"])


def come_back(person: Person, address: str) -> TestResponse:
    """Open the address to which the provider sent the browser: a page of the house, without any token."""
    parts = urlsplit(address)
    return person.front.call("GET", f"{parts.path}?{parts.query}", headers={"Host": parts.netloc})


def connect(person: Person, provider: str, account: str = "mara", **body: Any) -> TestResponse:
    """Connect an account through the sandbox's consent page; the page that the person sees in the end.

    Needs the `sandbox` fixture. Works for every provider that the sandbox plays.
    """
    asked = person.post(f"/integrations/{provider}/connect", body)
    assert asked.status_code == 200, asked.text
    return come_back(person, consent(asked.json["data"]["authUrl"], account))


def integration_id(person: Person, provider: str) -> int:
    """The number of a connected account in the database, as a worker is given it."""
    from models.integrations import Integration

    with transaction(reading=True):
        return Integration.of(person.id, provider).id


class Provider:
    """What a test does at a provider behind Daybook's back; leaving the block clears its faults and its items."""

    def __init__(self, base: str, name: str) -> None:
        self.base, self.name = base, "google" if name == "google-calendar" else name

    def __enter__(self) -> Provider:
        self.reset()
        return self

    def __exit__(self, *_: object) -> None:
        self.reset()

    def control(self, method: str, path: str, /, **body: Any) -> Any:
        """Ask something of the sandbox's control: `control("POST", "/items", title="…")`."""
        address = f"{self.base}/{self.name}/_control{path}"
        answer = httpx2.request(method, address, json=body or None, timeout=30, **PLAIN_HTTP)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def reset(self) -> None:
        self.control("POST", "/reset")

    def add(self, title: str, account: str = "mara", **more: Any) -> str:
        """A new item; its id."""
        return str(self.control("POST", "/items", title=title, account=account, **more)["id"])

    def fill(self, count: int, account: str = "mara", **more: Any) -> None:
        """So many items in the place of all that the account has."""
        self.control("POST", "/items", count=count, account=account, **more)

    def change(self, item: str, **changes: Any) -> None:
        self.control("PATCH", f"/items/{item}", **changes)

    def close(self, item: str) -> None:
        self.control("POST", f"/items/{item}/close")

    def reopen(self, item: str) -> None:
        self.control("POST", f"/items/{item}/reopen")

    def fault(self, kind: str, **more: Any) -> None:
        self.control("POST", "/faults", kind=kind, **more)

    def mend(self) -> None:
        """No more faults."""
        self.control("DELETE", "/faults")

    def requests(self, path: str = "") -> list[dict[str, Any]]:
        """What arrived since the journal was last emptied, to one path where one is named."""
        entries: list[dict[str, Any]] = self.control("GET", "/requests")["requests"]
        return [entry for entry in entries if path in ("", entry["path"])]

    def forget_requests(self) -> None:
        self.control("DELETE", "/requests")
