"""All issues, pull requests and notifications of the sandbox's GitHub."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox import words
from sandbox.github.issues import Issue
from sandbox.github.lines import Line, lines
from sandbox.people import COLLEAGUES, Accounts, Person

DAY = 86_400
FIRST_ID = 2_871_000_000
SHARED_TIME = 3
"""So many items of a heap carry the same time stamp: real ones do, and a cursor must bear it."""
ORDERS: dict[str, Callable[[Issue], Any]] = {
    "created": lambda issue: (issue.created_at, issue.id),
    "updated": lambda issue: (issue.updated_at, issue.id),
    "comments": lambda issue: (issue.comments, issue.id),
}


@dataclass
class Notification:
    """One thread in a person's notifications."""

    id: int
    person: Person
    issue: Issue
    reason: str
    updated_at: int
    is_unread: bool = True
    last_read_at: int | None = None


class Tracker:
    """What there is, and the ready-sorted lists of it."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts
        self.issues: dict[int, Issue] = {}
        self.numbered: dict[tuple[str, int], Issue] = {}
        self.mine: dict[str, dict[int, Issue]] = defaultdict(dict)
        self.notifications: dict[int, Notification] = {}
        self.notified: dict[str, int] = {}
        """When a person's notifications last changed."""
        self._versions: dict[str, int] = defaultdict(int)
        self._lists: dict[Any, tuple[int, list[Issue]]] = {}
        self._numbers: dict[str, int] = defaultdict(lambda: 100)

    # -- lists

    def listed(
        self, person: Person, name: str, keep: Callable[[Issue], bool], sort: str, descending: bool
    ) -> list[Issue]:
        """The person's issues that `keep` keeps, in order; `name` is what the ready list is kept under."""
        key = person.key, name, sort, descending
        version = self._versions[person.key]
        ready = self._lists.get(key)
        if ready is None or ready[0] != version:
            found = [issue for issue in list(self.mine[person.key].values()) if keep(issue)]
            found.sort(key=ORDERS[sort], reverse=descending)
            ready = self._lists[key] = version, found
        return ready[1]

    def threads(self, person: Person) -> list[Notification]:
        """The person's notifications, the newest first."""
        mine = [thread for thread in list(self.notifications.values()) if thread.person.key == person.key]
        return sorted(mine, key=lambda thread: (thread.updated_at, thread.id), reverse=True)

    # -- changes

    def add(self, repository: str, title: str, author: Person, *, is_made: bool = False, **more: Any) -> Issue:
        """Add an item; one that was made by hand must not take the id of one that was made before a restart."""
        self._numbers[repository] += 1
        now = int(time.time())
        id = FIRST_ID + (now if is_made else len(self.issues) + 1)
        more.setdefault("created_at", more.get("updated_at", now))
        more.setdefault("updated_at", now)
        issue = Issue(id, self._numbers[repository], repository, title, author, **more)
        while issue.id in self.issues:
            issue.id += 1
        self.issues[issue.id] = self.numbered[repository, issue.number] = issue
        self._reindex(issue)
        return issue

    def touch(self, issue: Issue, **changes: Any) -> None:
        """Change an issue; without any, it was merely commented upon."""
        before = issue.involved
        for name, value in changes.items():
            setattr(issue, name, value)
        issue.updated_at = max(int(time.time()), issue.updated_at)
        if not changes:
            issue.comments += 1
        self._reindex(issue, before)

    def delete(self, issue: Issue) -> None:
        self.issues.pop(issue.id, None)
        self.numbered.pop((issue.repository, issue.number), None)
        for person in issue.involved:
            self.mine[person.key].pop(issue.id, None)
            self._versions[person.key] += 1
        for thread in [thread for thread in self.notifications.values() if thread.issue is issue]:
            del self.notifications[thread.id]

    def notify(
        self, person: Person, issue: Issue, reason: str, at: int | None = None, unread: bool = True
    ) -> Notification:
        at = at or int(time.time())
        thread = Notification(14_200_000_000 + len(self.notifications) + 1, person, issue, reason, at, unread)
        while thread.id in self.notifications:
            thread.id += 1
        thread.last_read_at = None if unread else at + 60
        self.notifications[thread.id] = thread
        self.stir(person)
        return thread

    def stir(self, person: Person) -> None:
        """Say that a person's notifications changed; never twice in one second, which is all that HTTP dates tell."""
        self.notified[person.key] = max(int(time.time()), self.notified.get(person.key, 0) + 1)

    def clear(self, person: Person) -> None:
        for issue in list(self.mine[person.key].values()):
            self.delete(issue)
        for thread in self.threads(person):
            del self.notifications[thread.id]
        self.stir(person)

    def _reindex(self, issue: Issue, before: list[Person] | None = None) -> None:
        issue.core = None
        for person in {person.key: person for person in issue.involved + (before or [])}.values():
            self.mine[person.key][issue.id] = issue
            self._versions[person.key] += 1

    # -- the first day, and heaps

    def fill(self) -> None:
        """The items that everybody finds: the same on every start, their dates relative to the day."""
        choice = random.Random(42)
        today = int(datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0).timestamp())
        mara, jun = self.accounts.people["mara"], self.accounts.people["jun"]
        written = list(lines())
        repositories = sorted({line.repository for line in written})
        for number in range(1, 61):
            labels = (choice.choice(("bug", "enhancement", "chore")),)
            kind = "pull" if number % 5 == 0 else "issue"
            written.append(Line(choice.choice(repositories), kind, labels, words.title(number), False))
        for place, line in enumerate(written):
            person = jun if place % 12 == 7 else mara
            age = min(int(choice.expovariate(1 / (40 * DAY))) + choice.randrange(3600, DAY), 400 * DAY)
            closed = not line.is_asked and choice.random() < 0.22
            is_pull = line.kind == "pull"
            issue = self.add(
                line.repository,
                line.title.replace("@mara", f"@{person.login}"),
                choice.choice(COLLEAGUES),
                body=None if choice.random() < 0.08 else choice.choice(words.bodies()),
                is_pull=is_pull,
                is_draft=is_pull and choice.random() < 0.1,
                assignees=[] if line.is_asked else [person],
                reviewers=[person] if line.is_asked and is_pull else [],
                mentioned=[person] if line.is_asked and not is_pull else [],
                labels=line.labels,
                state="closed" if closed else "open",
                created_at=today - age - choice.randrange(0, 20 * DAY),
                updated_at=today - age,
                closed_at=today - age if closed else None,
                comments=choice.choice((0, 0, 1, 2, 3, 7, 24)),
            )
            self._tell(issue, person, line, choice)

    def _tell(self, issue: Issue, person: Person, line: Line, choice: random.Random) -> None:
        unread = choice.random() < 0.7
        if line.is_asked:
            self.notify(person, issue, "review_requested" if issue.is_pull else "mention", issue.updated_at, unread)
        elif choice.random() < 0.25:
            reason = choice.choice(("assign", "assign", "comment", "subscribed", "state_change", "mention"))
            self.notify(person, issue, reason, issue.updated_at, unread)

    def heap(
        self, person: Person, count: int, page_kb: float | None, is_pull: bool = False, repository: str | None = None
    ) -> list[Issue]:
        """`count` open items for a person, a page of 100 of them about `page_kb` kilobytes long (None: in full)."""
        size = None if page_kb is None else int(page_kb * 10)
        now = int(time.time())
        return [
            self.add(
                repository or f"harborline/heap-{number % 7}",
                words.title(number),
                COLLEAGUES[number % len(COLLEAGUES)],
                body=words.body(number, 400) if size is None else None,
                is_pull=is_pull,
                assignees=[person],
                labels=(("bug", "enhancement", "chore", "question")[number % 4],),
                updated_at=now - 60 * (number // SHARED_TIME + 1),
                size=size,
            )
            for number in range(1, count + 1)
        ]
