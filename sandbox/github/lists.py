"""`/issues`, the repositories and their issues and pull requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, g, render_template, request

from sandbox.github import shapes
from sandbox.github.api import api, array, error, github, instant, not_found, page_of
from sandbox.github.issues import Issue
from sandbox.github.shapes import REPOSITORIES
from sandbox.people import Person
from sandbox.reply import reply

routes = Blueprint("github_lists", __name__)


def sees(issue: Issue, scopes: tuple[str, ...]) -> bool:
    """Private repositories are for tokens with `repo`."""
    return "repo" in scopes or not REPOSITORIES.get(issue.repository, (None, None, False))[2]


def has(people: list[Person], person: Person) -> bool:
    return any(each.key == person.key for each in people)


FILTERS: dict[str, Callable[[Issue, Person], bool]] = {
    "assigned": lambda issue, person: has(issue.assignees, person),
    "created": lambda issue, person: issue.author.key == person.key,
    "mentioned": lambda issue, person: has(issue.mentioned, person),
    "subscribed": lambda issue, person: True,
    "repos": lambda issue, person: True,
    "all": lambda issue, person: True,
}


@routes.get("/issues")
@routes.get("/user/issues", endpoint="user_issues")
@api()
def issues() -> Any:
    """Issues and pull requests that are the person's: `filter`, `state`, `labels`, `since`, `sort`, `direction`."""
    kind, state = request.args.get("filter", "assigned"), request.args.get("state", "open")
    sort, direction = request.args.get("sort", "created"), request.args.get("direction", "desc")
    if kind not in FILTERS or state not in ("open", "closed", "all") or sort not in ("created", "updated", "comments"):
        return error(422, "Validation Failed", errors=[{"resource": "Issue", "code": "invalid"}])
    person, scopes = github.person(), g.token.grant.scopes

    def keep(issue: Issue) -> bool:
        return FILTERS[kind](issue, person) and state in ("all", issue.state) and sees(issue, scopes)

    name = f"{kind} {state} {'repo' in scopes}"
    found = github.tracker.listed(person, name, keep, sort, direction != "asc")
    try:
        since = instant("since")
    except ValueError:
        return error(422, "Validation Failed", errors=[{"resource": "Issue", "field": "since", "code": "invalid"}])
    if since is not None:
        found = [issue for issue in found if issue.updated_at >= since]
    labels = {label for label in request.args.get("labels", "").split(",") if label}
    if labels:
        found = [issue for issue in found if labels <= set(issue.labels)]
    shown, headers = page_of(found)
    return array([github.writer.listed(issue) for issue in shown]), headers


@routes.get("/user/repos")
@api()
def repositories() -> Any:
    visible = [name for name, (_, _, private) in REPOSITORIES.items() if not private or "repo" in g.token.grant.scopes]
    shown, headers = page_of(visible)
    return array([github.writer.repository(name) for name in shown]), headers


@routes.get("/repos/<owner>/<name>")
@api()
def repository(owner: str, name: str) -> Any:
    full = f"{owner}/{name}"
    known = full in REPOSITORIES or any(place[0] == full for place in github.tracker.numbered)
    if not known or (REPOSITORIES.get(full, (None, None, False))[2] and "repo" not in g.token.grant.scopes):
        return not_found()
    return github.writer.repository(full), {}


@routes.get("/repos/<owner>/<name>/issues")
@routes.get("/repos/<owner>/<name>/pulls", endpoint="pulls")
@api()
def of_repository(owner: str, name: str) -> Any:
    """A repository's issues (with its pull requests, as GitHub has it), or its pull requests alone."""
    only_pulls, state = request.path.endswith("/pulls"), request.args.get("state", "open")
    found = [
        issue
        for issue in github.tracker.issues.values()
        if issue.repository == f"{owner}/{name}"
        and (issue.is_pull or not only_pulls)
        and state in ("all", issue.state)
        and sees(issue, g.token.grant.scopes)
    ]
    found.sort(key=lambda issue: issue.created_at, reverse=True)
    shown, headers = page_of(found)
    if only_pulls:
        return array([shapes.dump(github.writer.pull(issue)) for issue in shown]), headers
    return array([github.writer.plain(issue) for issue in shown]), headers


@routes.get("/repos/<owner>/<name>/issues/<int:number>")
@routes.get("/repos/<owner>/<name>/pulls/<int:number>", endpoint="pull")
@api()
def one(owner: str, name: str, number: int) -> Any:
    issue = github.tracker.numbered.get((f"{owner}/{name}", number))
    as_pull = "/pulls/" in request.path
    if issue is None or (as_pull and not issue.is_pull) or not sees(issue, g.token.grant.scopes):
        return not_found()
    return (shapes.dump(github.writer.pull(issue)) if as_pull else github.writer.plain(issue)), {}


@routes.get("/repos/<owner>/<name>/issues/<int:number>/comments")
@api()
def comments(owner: str, name: str, number: int) -> Any:
    known = (f"{owner}/{name}", number) in github.tracker.numbered
    return (b"[]", {}) if known else not_found()


@routes.get("/<owner>/<name>/<any(issues, pull):kind>/<int:number>")
def page(owner: str, name: str, kind: str, number: int) -> Any:
    """What a person sees who follows an item's link."""
    issue = github.tracker.numbered.get((f"{owner}/{name}", number))
    if issue is None:
        return reply({"message": "Not Found"}, 404)
    return render_template("item.html", provider="GitHub", title=issue.title, state=issue.state, body=issue.body,
                           place=f"{issue.repository}#{issue.number}", labels=issue.labels)  # fmt: skip
