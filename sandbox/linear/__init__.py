"""The sandbox's Linear."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from flask import Blueprint, Response

from sandbox import words
from sandbox.faults import Fault
from sandbox.linear import graphql, webhooks
from sandbox.linear.consent import LinearConsent
from sandbox.linear.control import Control
from sandbox.linear.issues import Issue, uuid_of
from sandbox.people import COLLEAGUES, Person
from sandbox.sender import Delivery
from sandbox.stand import Stand

TITLES = Path(__file__).parent / "titles.txt"


class Linear(Control, Stand):
    """Linear's GraphQL API and OAuth: one organization, two teams."""

    name = "linear"
    title = "Linear"
    consent_type = LinearConsent
    routes: ClassVar[Blueprint] = Blueprint("linear", __name__, url_prefix="/linear")

    def reset(self) -> None:
        self.issues: dict[str, Issue] = {}
        self.numbers: dict[str, int] = {}
        choice = random.Random(3)
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        mara = self.accounts.people["mara"]
        for place, line in enumerate(TITLES.read_text("utf-8").splitlines()):
            if not line.strip() or line.startswith("#"):
                continue
            team, state, priority, title = (part.strip() for part in line.split("|", 3))
            at, is_other = now - timedelta(hours=7 * place + choice.randrange(5)), team.startswith("@")
            issue = self.add(
                uuid_of("issue", place), team.lstrip("@"), title, COLLEAGUES[place % 8], at - timedelta(days=place % 6),
                assignee=COLLEAGUES[place % 8] if is_other else mara, priority=int(priority),
                description=choice.choice(words.bodies()) if place % 5 else None,
                labels=["Bug"] if place % 3 == 0 else [],
                due=(now + timedelta(days=place)).date().isoformat() if place % 4 == 0 else None,
            )  # fmt: skip
            issue.enter(state, at)
            issue.updated = at

    # -- issues

    def people(self) -> list[Person]:
        return [*self.accounts.people.values(), *COLLEAGUES]

    def add(self, id: str, team: str, title: str, creator: Person, at: datetime, **more: Any) -> Issue:
        self.numbers[team] = self.numbers.get(team, 0) + 1
        issue = self.issues[id] = Issue(id, team, self.numbers[team], title, creator, at, at, **more)
        return issue

    def find(self, id: str) -> Issue | None:
        """By id, or by identifier as `ENG-12`."""
        return self.issues.get(id) or next((each for each in self.issues.values() if each.identifier == id), None)

    def touch(self, issue: Issue, **changes: Any) -> None:
        now = datetime.now(UTC)
        state = changes.pop("state", None)
        for name, value in changes.items():
            setattr(issue, name, value)
        if state:
            issue.enter(state, now)
        issue.updated = now

    # -- what goes wrong, and what is pushed

    def quota(self, used: int = 1) -> dict[str, str]:
        """The rate-limit headers; the resets are in milliseconds."""
        reset = str(int((time.time() + 3600) * 1000))
        return {
            "X-RateLimit-Requests-Limit": "5000", "X-RateLimit-Requests-Remaining": str(5000 - used),
            "X-RateLimit-Requests-Reset": reset, "X-RateLimit-Complexity-Limit": "3000000",
            "X-RateLimit-Complexity-Remaining": "2999000", "X-RateLimit-Complexity-Reset": reset,
        }  # fmt: skip

    def failed(self, status: int) -> Response:
        return graphql.refusal(status, "INTERNAL_SERVER_ERROR", "Internal server error", "internal error")

    def unauthorized(self) -> Response:
        message = "Authentication required, not authenticated"
        return graphql.refusal(401, "AUTHENTICATION_ERROR", message, "authentication error")

    def limited(self, fault: Fault) -> Response:
        """400, not 429; and no Retry-After, unless a test wants one."""
        answer = graphql.refusal(fault.status or 400, "RATELIMITED", "Rate limit exceeded", "ratelimited", says=429)
        wait = 60 if fault.retry_after is None else fault.retry_after
        reset = {"X-RateLimit-Requests-Reset": str(int((time.time() + wait) * 1000))}
        answer.headers.extend(self.quota(used=5000) | reset)
        if fault.status == 429:
            answer.headers["Retry-After"] = str(wait)
        return answer

    def deliveries(self, spec: dict[str, Any]) -> Iterator[Delivery]:
        yield webhooks.delivery(self, spec)


Linear.routes.register_blueprint(graphql.routes)
