"""Sends signed webhooks, as the providers do: from outside, over real HTTP, without waiting for anybody."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx2


@dataclass(frozen=True)
class Delivery:
    """One push; `path` is used where no whole address is given."""

    body: bytes
    headers: dict[str, str]
    url: str | None = None
    path: str = ""


@dataclass
class Sender:
    """Delivers for all providers; what was sent can be read again by a test."""

    base: str | None = None
    sent: list[dict[str, Any]] = field(default_factory=list)
    waiting: queue.SimpleQueue[Delivery] = field(default_factory=queue.SimpleQueue)
    _thread: threading.Thread | None = None

    @cached_property
    def client(self) -> httpx2.Client:
        # A receiver that closes its end between two pushes must not cost one: no connection is kept.
        return httpx2.Client(timeout=10, trust_env=False, limits=httpx2.Limits(max_keepalive_connections=0))

    def address(self, delivery: Delivery) -> str:
        if delivery.url:
            return delivery.url
        if not self.base:
            raise ValueError("no url given, and the sandbox was started without --webhook-base")
        return self.base.rstrip("/") + delivery.path

    def post(self, delivery: Delivery) -> dict[str, Any]:
        """Send now; what the receiver answered, and how long it took."""
        began = time.perf_counter()
        outcome: dict[str, Any] = {"url": self.address(delivery), "headers": delivery.headers}
        try:
            answer = self.client.post(outcome["url"], content=delivery.body, headers=delivery.headers)
            outcome |= {"status": answer.status_code, "answer": answer.text[:2000]}
        except httpx2.HTTPError as error:
            outcome |= {"status": None, "error": f"{type(error).__name__}: {error}"}
        outcome["seconds"] = round(time.perf_counter() - began, 4)
        self.sent.append(outcome)
        del self.sent[:-1000]
        return outcome

    def post_later(self, delivery: Delivery) -> None:
        """Send soon, in order, while the caller goes on."""
        self.waiting.put(delivery)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            self.post(self.waiting.get())
