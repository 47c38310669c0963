"""`/search/issues`, with the qualifiers that a person's work list needs."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, g, request

from sandbox.github.api import api, array, error, github, page_of
from sandbox.github.issues import Issue
from sandbox.github.lists import has, sees
from sandbox.people import Person

MOST = 1000
SORTS = {"updated": "updated_at", "created": "created_at", "comments": "comments"}
DATES = re.compile(r"(>=|<=|>|<)?(.+)")

routes = Blueprint("github_search", __name__)


class Unclear(ValueError):
    """The query cannot be understood."""


def fits(issue: Issue, qualifier: str, value: str, person: Person) -> bool:
    """Whether an issue fits one `qualifier:value`. Errors: Unclear."""
    me = value in ("@me", person.login)
    match qualifier:
        case "is" | "type" | "state":
            if value in ("pr", "pull-request", "issue"):
                return issue.is_pull == (value != "issue")
            if value in ("open", "closed"):
                return issue.state == value
            if value == "draft":
                return issue.is_draft
            return value in ("public", "private", "unlocked")
        case "archived" | "sort" | "in":
            return True
        case "draft":
            return issue.is_draft == (value == "true")
        case "assignee":
            return me and has(issue.assignees, person)
        case "author":
            return me and issue.author.key == person.key
        case "mentions":
            return me and has(issue.mentioned, person)
        case "review-requested" | "user-review-requested":
            return me and has(issue.reviewers, person)
        case "involves":
            return me and has(issue.involved, person)
        case "repo":
            return issue.repository == value
        case "org" | "user":
            return issue.repository.startswith(f"{value}/")
        case "label":
            return value in issue.labels
        case "updated" | "created" | "closed":
            return _dated(getattr(issue, f"{qualifier}_at"), value)
    raise Unclear(qualifier)


def _dated(at: int | None, value: str) -> bool:
    sign, text = DATES.fullmatch(value).groups()  # type: ignore[union-attr]  # it matches every text but the empty one
    try:
        limit = datetime.fromisoformat(text)
    except ValueError:
        raise Unclear(value) from None
    seconds = (limit if limit.tzinfo else limit.replace(tzinfo=UTC)).timestamp()
    if at is None:
        return False
    length = 86_400 if len(text) == 10 else 1
    return {">=": at >= seconds, ">": at > seconds, "<": at < seconds, "<=": at <= seconds}.get(
        sign, seconds <= at < seconds + length
    )


@routes.get("/search/issues")
@api("search")
def issues() -> Any:
    """What a query finds: at most 1,000, the best match first, or as `sort` and `order` say."""
    try:
        words = shlex.split(request.args.get("q", ""))
    except ValueError:
        words = []
    if not words:
        return error(422, "Validation Failed", errors=[{"resource": "Search", "field": "q", "code": "missing"}])
    person, scopes = github.person(), g.token.grant.scopes
    found = [issue for issue in github.tracker.mine[person.key].values() if sees(issue, scopes)]
    try:
        for word in words:
            wanted = not word.startswith("-")
            qualifier, colon, value = word.lstrip("-").partition(":")
            if colon and value:
                found = [issue for issue in found if fits(issue, qualifier, value, person) == wanted]
            else:
                text = qualifier.lower()
                found = [issue for issue in found if (text in f"{issue.title} {issue.body}".lower()) == wanted]
    except Unclear:
        message = "The listed users and repositories cannot be searched, or a qualifier is not known."
        return error(
            422,
            "Validation Failed",
            errors=[{"message": message, "resource": "Search", "field": "q", "code": "invalid"}],
        )
    sort = {"updated": "updated_at", "created": "created_at", "comments": "comments"}.get(
        request.args.get("sort", ""), "id"
    )
    found.sort(key=lambda issue: (getattr(issue, sort), issue.id), reverse=request.args.get("order", "desc") != "asc")
    shown, headers = page_of(found[:MOST])
    if request.args.get("page", "1").isdigit() and not shown and int(request.args.get("page", "1")) > 10:
        return error(422, "Only the first 1000 search results are available")
    head = b'{"total_count":%d,"incomplete_results":false,"items":' % len(found)
    return head + array([github.writer.found(issue) for issue in shown]) + b"}", headers
