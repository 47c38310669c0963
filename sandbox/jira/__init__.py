"""The sandbox's Jira Cloud."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from flask import Blueprint, Response

from sandbox import words
from sandbox.faults import Fault
from sandbox.jira import search, site, webhooks
from sandbox.jira.consent import JiraConsent
from sandbox.jira.control import Control
from sandbox.jira.control import routes as control_routes
from sandbox.jira.issues import Comment, Issue, account_id
from sandbox.people import COLLEAGUES, Person
from sandbox.reply import reply
from sandbox.sender import Delivery
from sandbox.stand import Stand

TITLES = Path(__file__).parent / "titles.txt"
ASKS = (
    "could you have a look at this?",
    "kannst du das bis Donnerstag schätzen?",
    "что думаешь?",
    "これで合っていますか?",
    "your opinion, please. The agent is waiting.",
    "please take over while I am away",
)


class Jira(Control, Stand):
    """Jira Cloud behind Atlassian's OAuth gateway: one site, three projects."""

    name = "jira"
    title = "Jira"
    consent_type = JiraConsent
    routes: ClassVar[Blueprint] = Blueprint("jira", __name__, url_prefix="/jira")

    def reset(self) -> None:
        self.issues: dict[str, Issue] = {}
        self.keys: dict[str, Issue] = {}
        self.numbers: dict[str, int] = {}
        self.lag = 0.0
        """Seconds after which search shows a change."""
        choice = random.Random(7)
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        mara, jun = self.accounts.people["mara"], self.accounts.people["jun"]
        for place, line in enumerate(TITLES.read_text("utf-8").splitlines()):
            if not line.strip() or line.startswith("#"):
                continue
            project, kind, priority, summary = (part.strip() for part in line.split("|", 3))
            is_asked, person = project.startswith("@"), jun if place % 9 == 5 else mara
            updated = today - timedelta(seconds=min(choice.expovariate(1 / 1.2e6), 2.4e7) + choice.randrange(3600))
            done = not is_asked and choice.random() < 0.2
            issue = self.add(
                project.lstrip("@"), summary, COLLEAGUES[place % 8], kind=kind, priority=priority,
                assignee=None if is_asked else person,
                status="Done" if done else choice.choice(("To Do", "In Progress")),
                description=choice.choice(words.bodies()) if choice.random() < 0.8 else None, updated=updated,
                created=updated - timedelta(days=choice.randrange(1, 30)), resolved=updated if done else None,
                due=(today + timedelta(days=choice.randrange(-3, 30))).date().isoformat() if place % 4 == 0 else None,
            )  # fmt: skip
            if is_asked or choice.random() < 0.15:
                self.comment(issue, choice.choice(ASKS), person if is_asked else None, COLLEAGUES[place % 8], updated)

    # -- issues

    def add(self, project: str, summary: str, reporter: Person, *, is_made: bool = False, **more: Any) -> Issue:
        """Add an issue; one that was made by hand must not take the id and key of one made before a restart."""
        self.numbers[project] = self.numbers.get(project, 0) + 1
        if is_made:
            self.numbers[project] = max(self.numbers[project], int(time.time()) % 900_000 + 1000)
        now = datetime.now(UTC)
        more = {"created": more.get("updated", now), "updated": now} | more
        id, key = (
            str((int(time.time()) if is_made else 10_000 + len(self.issues)) + 1),
            f"{project}-{self.numbers[project]}",
        )
        while id in self.issues:
            id = str(int(id) + 1)
        issue = self.issues[id] = self.keys[key] = Issue(id, key, summary, reporter, **more)
        if issue.assignee:
            issue.past_assignees.add(account_id(issue.assignee))
        return issue

    def find(self, id: str) -> Issue | None:
        return self.issues.get(id) or self.keys.get(id)

    def touch(self, issue: Issue, **changes: Any) -> None:
        if self.lag and (issue.indexed is None or self._caught_up(issue)):
            issue.indexed = replace(issue, indexed=None, comments=list(issue.comments))
        for name, value in changes.items():
            setattr(issue, name, value)
        issue.updated = max(datetime.now(UTC), issue.updated + timedelta(milliseconds=1))
        issue.resolved = (issue.resolved or issue.updated) if issue.is_done else None
        if issue.assignee:
            issue.past_assignees.add(account_id(issue.assignee))

    def comment(
        self, issue: Issue, text: str, mentioned: Person | None, author: Person, at: datetime | None = None
    ) -> Comment:
        made = Comment(str(20_000 + sum(len(each.comments) for each in self.issues.values())), author, text,
                       at or datetime.now(UTC), mentioned)  # fmt: skip
        if at is None:
            self.touch(issue)
        issue.comments.append(made)
        return made

    def indexed(self) -> Iterator[Issue]:
        """The issues as search sees them: some time behind, where control says so."""
        for issue in list(self.issues.values()):
            if not self.lag or self._caught_up(issue):
                yield issue
            elif issue.indexed is not None:
                yield issue.indexed

    def _caught_up(self, issue: Issue) -> bool:
        return issue.updated.timestamp() + self.lag <= time.time()

    # -- what goes wrong, and what is pushed

    def failed(self, status: int) -> Response:
        return reply({"errorMessages": ["Internal server error"], "errors": {}}, status)

    def unauthorized(self) -> Response:
        return reply({"code": 401, "message": "Unauthorized"}, 401)

    def limited(self, fault: Fault) -> Response:
        wait = 30 if fault.retry_after is None else fault.retry_after
        reset = (datetime.now(UTC) + timedelta(seconds=wait)).strftime("%Y-%m-%dT%H:%MZ")
        headers = {"Retry-After": str(wait), "X-RateLimit-Reset": reset, "RateLimit-Reason": "jira-quota-based"}
        return reply({"errorMessages": ["Rate limit exceeded."], "errors": {}}, fault.status or 429, headers)

    def deliveries(self, spec: dict[str, Any]) -> Iterator[Delivery]:
        yield webhooks.delivery(self, spec)


for part in (site.routes, search.routes, control_routes):
    Jira.routes.register_blueprint(part)
