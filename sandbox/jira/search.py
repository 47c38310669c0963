"""Search by JQL: the new one with its page tokens, and what is left of the old one."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, g, request

from sandbox.jira.issues import PRIORITIES, Issue, account_id
from sandbox.jira.jql import Asker, Parser, Wrong
from sandbox.jira.site import REST, api, jira, problem
from sandbox.reply import reply

MOST = 100

routes = Blueprint("jira_search", __name__)

GONE = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline "
    "is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)


@routes.route(f"{REST}/search", methods=["GET", "POST"])
@api("read:jira-work")
def removed() -> Response:
    """Jira Cloud took this away in 2025."""
    return problem(410, GONE)


def order(issue: Issue, field: str) -> Any:
    match field:
        case "priority":
            return -int(PRIORITIES.get(issue.priority or "", "9"))
        case "key" | "issuekey" | "id":
            return int(issue.id)
        case "status":
            return issue.status
        case "due":
            return issue.due or ""
        case "duedate":
            return issue.due or ""
    return issue.moment(field)


def found(jql: str) -> list[Issue]:
    """All that a query finds, in its order. Errors: Wrong."""
    person = jira.person()
    query = Parser(jql, Asker(account_id(person), person.time_zone, datetime.now(UTC))).query()
    issues = [issue for issue in jira.indexed() if query.test(issue)]
    for field, descending in [*reversed(query.orders), *([] if query.orders else [("created", True)])]:
        issues.sort(key=lambda issue: order(issue, field), reverse=descending)
    return issues


def page_token(jql: str, offset: int) -> str:
    claims = [hashlib.sha256(jql.encode()).hexdigest()[:16], offset]
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()


def offset_of(token: str, jql: str) -> int:
    """Errors: Wrong."""
    try:
        digest, offset = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        digest, offset = "", 0
    if digest != hashlib.sha256(jql.encode()).hexdigest()[:16]:
        raise Wrong("The provided next page token is invalid or has expired. Start the search from its first page.")
    return int(offset)


@routes.route(f"{REST}/search/jql", methods=["GET", "POST"])
@api("read:jira-work")
def search() -> Response:
    """A page of issues; without `fields` they have nothing but an id."""
    if request.method == "POST":
        asked = request.get_json(silent=True) or {}
        names = list(asked.get("fields") or [])
    else:
        asked = request.args.to_dict()
        names = [name for given in request.args.getlist("fields") for name in given.split(",") if name]
    jql, size = str(asked.get("jql") or ""), int(asked.get("maxResults") or 50)
    try:
        issues = found(jql)
        if asked.get("nextPageToken") and jira.faults.take("stale_cursor", account=g.account):
            raise Wrong("The provided next page token is invalid or has expired. Start the search from its first page.")
        offset = offset_of(asked["nextPageToken"], jql) if asked.get("nextPageToken") else 0
    except Wrong as error:
        return problem(400, str(error))
    end = offset + max(1, min(size, MOST))
    shown = issues[offset:end]
    if offset and shown and jira.faults.take("duplicates", account=g.account):
        shown = [issues[offset - 1], *shown]
    body: dict[str, Any] = {"issues": [g.writer.issue(issue, names) for issue in shown], "isLast": end >= len(issues)}
    if end < len(issues):
        body["nextPageToken"] = page_token(jql, end)
        if jira.faults.take("empty_page", account=g.account):
            body |= {"issues": [], "nextPageToken": page_token(jql, offset)}
        if jira.faults.take("update_while_paging", account=g.account):
            jira.touch(jira.find(issues[min(end + len(shown) // 2, len(issues) - 1)].id))
        if jira.faults.take("close_while_paging", account=g.account):
            jira.touch(jira.find(shown[0].id), status="Done")
    return reply(body)
