"""Issues and pull requests, kept ready as JSON so that long lists cost nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from sandbox import words
from sandbox.github import shapes
from sandbox.people import Person

LEAN_REPOSITORY = ("id", "full_name", "private", "html_url", "url")
LEAN_USER = ("login", "id", "url")
LEAN_LABEL = ("id", "name", "color")


@dataclass
class Issue:
    """One issue or pull request."""

    id: int
    number: int
    repository: str
    title: str
    author: Person
    created_at: int
    updated_at: int
    body: str | None = None
    is_pull: bool = False
    is_draft: bool = False
    assignees: list[Person] = field(default_factory=list)
    reviewers: list[Person] = field(default_factory=list)
    mentioned: list[Person] = field(default_factory=list)
    labels: tuple[str, ...] = ()
    state: str = "open"
    closed_at: int | None = None
    comments: int = 0
    size: int | None = None
    """Bytes that the item shall take in a list; None shows it in full."""
    core: bytes | None = None
    """The JSON without its closing brace, until the item changes."""

    @property
    def involved(self) -> list[Person]:
        return [self.author, *self.assignees, *self.reviewers, *self.mentioned]

    @property
    def page(self) -> str:
        return f"{self.repository}/{'pull' if self.is_pull else 'issues'}/{self.number}"

    def summary(self, base: str) -> dict[str, Any]:
        """What control shows of it."""
        return {
            "id": self.id,
            "number": self.number,
            "repository": self.repository,
            "kind": "pull" if self.is_pull else "issue",
            "title": self.title,
            "state": self.state,
            "assignees": [person.key for person in self.assignees],
            "reviewers": [person.key for person in self.reviewers],
            "labels": list(self.labels),
            "html_url": f"{base}/{self.page}",
            "updated_at": shapes.stamp(self.updated_at),
        }


class Writer:
    """Writes issues as JSON for one base address."""

    def __init__(self, base: str, origin: str) -> None:
        self.base, self.origin = base, origin
        self._users: dict[tuple[str, bool], dict[str, Any]] = {}
        self._repositories: dict[tuple[str, bool], bytes] = {}

    def user(self, person: Person, lean: bool = False) -> dict[str, Any]:
        key = person.key, lean
        if key not in self._users:
            shown = shapes.user(self.base, self.origin, person)
            self._users[key] = {name: shown[name] for name in LEAN_USER} if lean else shown
        return self._users[key]

    def repository(self, full_name: str, lean: bool = False) -> bytes:
        key = full_name, lean
        if key not in self._repositories:
            shown = shapes.repository(self.base, self.origin, full_name)
            if lean:
                shown = {name: shown[name] for name in LEAN_REPOSITORY} | {"owner": {"login": full_name.split("/")[0]}}
            self._repositories[key] = orjson.dumps(shown)
        return self._repositories[key]

    def listed(self, issue: Issue) -> bytes:
        """As in `/issues`: with its repository."""
        return self._core(issue) + b',"repository":' + self.repository(issue.repository, issue.size is not None) + b"}"

    def plain(self, issue: Issue) -> bytes:
        """As in the lists of a repository."""
        return self._core(issue) + b"}"

    def found(self, issue: Issue) -> bytes:
        """As in search."""
        return self._core(issue) + b',"score":1.0}'

    def pull(self, issue: Issue) -> dict[str, Any]:
        """A pull request in full, as its own address shows it."""
        shown = orjson.loads(self.plain(issue))
        api = f"{self.base}/repos/{issue.repository}"
        url, page = f"{api}/pulls/{issue.number}", f"{self.base}/{issue.page}"
        sha = f"{issue.id:040x}"
        home = orjson.loads(self.repository(issue.repository))
        side = {"user": home["owner"], "repo": home}
        for name in ("pull_request", "reactions", "sub_issues_summary", "issue_dependencies_summary", "timeline_url",
                     "performed_via_github_app", "repository_url", "labels_url", "events_url", "closed_by",
                     "state_reason", "pinned_comment", "type"):  # fmt: skip
            shown.pop(name, None)
        owner = issue.repository.partition("/")[0]
        return shown | {
            "url": url, "diff_url": f"{page}.diff", "patch_url": f"{page}.patch",
            "issue_url": f"{api}/issues/{issue.number}", "commits_url": f"{url}/commits",
            "review_comments_url": f"{url}/comments", "review_comment_url": f"{api}/pulls/comments{{/number}}",
            "statuses_url": f"{api}/statuses/{sha}", "comments_url": f"{api}/issues/{issue.number}/comments",
            "requested_reviewers": [self.user(person) for person in issue.reviewers], "requested_teams": [],
            "head": {"label": f"{owner}:work-{issue.number}", "ref": f"work-{issue.number}", "sha": sha, **side},
            "base": {"label": f"{owner}:main", "ref": "main", "sha": f"{issue.id + 1:040x}", **side},
            "_links": {
                "self": {"href": url}, "html": {"href": page}, "issue": {"href": f"{api}/issues/{issue.number}"},
            },
            "auto_merge": None, "merged": issue.state == "closed", "merged_at": shapes.stamp(issue.closed_at),
            "merge_commit_sha": None, "mergeable": None, "rebaseable": None, "mergeable_state": "unknown",
            "merged_by": None, "review_comments": 0, "maintainer_can_modify": False, "commits": 3,
            "additions": 120 + issue.number, "deletions": issue.number % 40, "changed_files": 1 + issue.number % 12,
        }  # fmt: skip

    def _label(self, api: str, name: str, lean: bool) -> dict[str, Any]:
        shown = shapes.label(api, name)
        return {key: shown[key] for key in LEAN_LABEL} if lean else shown

    def _core(self, issue: Issue) -> bytes:
        if issue.core is None:
            shown = self._shown(issue)
            if issue.size is not None and issue.body is None:
                bare = len(orjson.dumps(shown)) + len(self.repository(issue.repository, lean=True)) + 20
                shown["body"] = words.body(issue.number, max(0, issue.size - bare))
            issue.core = orjson.dumps(shown)[:-1]
        return issue.core

    def _shown(self, issue: Issue) -> dict[str, Any]:
        lean = issue.size is not None
        api = f"{self.base}/repos/{issue.repository}"
        url = f"{api}/issues/{issue.number}"
        assignees = [self.user(person, lean) for person in issue.assignees]
        prefix = "PR" if issue.is_pull else "I"
        shown: dict[str, Any] = {
            "url": url,
            "repository_url": api,
            "html_url": f"{self.base}/{issue.page}",
            "id": issue.id,
            "node_id": shapes.node_id(prefix, issue.id, issue.number),
            "number": issue.number,
            "title": issue.title,
            "user": self.user(issue.author, lean),
            "labels": [self._label(api, name, lean) for name in issue.labels],
            "state": issue.state,
            "locked": False,
            "assignee": assignees[0] if assignees else None,
            "assignees": assignees,
            "milestone": None,
            "comments": issue.comments,
            "created_at": shapes.stamp(issue.created_at),
            "updated_at": shapes.stamp(issue.updated_at),
            "closed_at": shapes.stamp(issue.closed_at),
            "author_association": "MEMBER",
            "body": issue.body,
            "state_reason": "completed" if issue.state == "closed" and not issue.is_pull else None,
        }
        if issue.is_pull:
            web, merged = f"{self.base}/{issue.page}", shapes.stamp(issue.closed_at)
            shown["draft"] = issue.is_draft
            shown["pull_request"] = {
                "url": f"{api}/pulls/{issue.number}",
                "html_url": web,
                "diff_url": f"{web}.diff",
                "patch_url": f"{web}.patch",
                "merged_at": merged,
            }
        if lean:
            return shown
        return shown | {
            "labels_url": f"{url}/labels{{/name}}",
            "comments_url": f"{url}/comments",
            "events_url": f"{url}/events",
            "type": None,
            "active_lock_reason": None,
            "sub_issues_summary": {"total": 0, "completed": 0, "percent_completed": 0},
            "issue_dependencies_summary": dict.fromkeys(
                ("blocked_by", "total_blocked_by", "blocking", "total_blocking"), 0
            ),
            "closed_by": self.user(issue.author) if issue.state == "closed" else None,
            "reactions": shapes.reactions(url),
            "timeline_url": f"{url}/timeline",
            "performed_via_github_app": None,
            "pinned_comment": None,
        }
