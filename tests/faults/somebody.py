"""A person who speaks to a running product over HTTP, while something in it breaks."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

from tests.cast import PASSWORD
from tests.product import Product

_numbers = itertools.count(1)


class Somebody:
    """A person with an account at Tymblok, over real HTTP."""

    def __init__(self, product: Product) -> None:
        number = next(_numbers)
        # From an address of one's own, since auth is limited by address.
        line = httpx2.HTTPTransport(local_address=f"127.0.1.{number}")
        self.http = httpx2.Client(base_url=f"{product.url}/tymblok/v1", timeout=20, transport=line)
        self.email = f"somebody-{number}-{time.time_ns()}@example.com"
        answer = self.post("/auth/register", {"email": self.email, "password": PASSWORD, "name": "Some Body"})
        assert answer.status_code == 201, answer.text
        self.http.headers["Authorization"] = f"Bearer {answer.json()['data']['accessToken']}"

    def post(self, path: str, body: Any = None) -> httpx2.Response:
        return self.http.post(path, json=body)

    def get(self, path: str, **query: Any) -> httpx2.Response:
        return self.http.get(path, params=query)

    def connect(self, provider: str, account: str = "mara") -> str:
        """Give consent as a browser does; the page in the end."""
        address = self.post(f"/integrations/{provider}/connect", {}).json()["data"]["authUrl"]
        with httpx2.Client(trust_env=False, timeout=30, follow_redirects=True) as browser:
            return browser.post(address, data={"decision": "allow", "account": account}).text

    def inbox(self) -> list[dict[str, Any]]:
        """All items, page by page."""
        items: list[dict[str, Any]] = []
        for page in itertools.count(1):
            body = self.get("/inbox", page=page, pageSize=1000).json()
            items += body["data"]
            if page >= body["meta"]["pagination"]["totalPages"]:
                return items
        raise AssertionError("a list ends")

    def count(self) -> int:
        return int(self.get("/inbox", pageSize=1).json()["meta"]["pagination"]["totalItems"])


def wait_for(condition: Callable[[], object], seconds: float = 30, pause: float = 0.2) -> float:
    """Seconds until something is so. Errors: AssertionError, where it does not come to be."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"not so after {seconds} s"
        time.sleep(pause)
    return time.monotonic() - began


def children(product: Product, mark: str) -> list[int]:
    """The processes that do the work of a role: those whose parent has the same mark in its command line."""
    found = {process: line for process, line in product.processes().items() if mark in line}
    parents = {}
    for process in found:
        try:
            parents[process] = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    return [process for process, parent in parents.items() if parent in found]
