"""A team at FocusFlow whose events are posted to a receiver of ours, over real HTTP."""

from __future__ import annotations

import itertools
import time
from typing import Any

from tests.faults.journal import Journal, Writer
from tests.faults.stage import Stage
from tests.receiver import Receiver

_numbers = itertools.count(1)


class Team:
    """An organisation with one webhook; the receiver's host must be among WEBHOOK_ALLOWED_HOSTS."""

    def __init__(self, stage: Stage, receiver: Receiver) -> None:
        self.slug = f"team-{next(_numbers)}-{time.time_ns()}"
        self.boss = Writer(stage.url, "focusflow", Journal())
        with stage.postgres.connect() as connection:
            connection.execute("UPDATE users SET plan = 'pro_monthly'")
        self._ask("/v2/organizations/", {"name": "Acme", "slug": self.slug})
        self._ask(f"/v2/organizations/{self.slug}/webhooks/", {"url": receiver.url, "events": ["task_assigned"]})
        self.user = self.boss.answers[-1]["user"]["id"]

    def happen(self, times: int) -> None:
        """So many events of which the receiver is to hear, each once."""
        for _ in range(times):
            task = self._ask("/v1/tasks/", {"title": "Write blog post"})
            given = {"task_id": task["id"], "assigned_to": self.user}
            self._ask(f"/v2/organizations/{self.slug}/tasks/assign/", given)

    def _ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.boss.http.post(f"/focusflow/api{path}", json=body)
        assert answer.status_code in (200, 201), answer.text
        found: dict[str, Any] = answer.json()
        return found
