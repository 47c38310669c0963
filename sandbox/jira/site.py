"""The Jira site: who one is, what there is, one issue at a time."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, g, render_template, request
from werkzeug.local import LocalProxy

from sandbox.jira.issues import PRIORITIES, PROJECTS, SITE_ID, STATUSES, account_id
from sandbox.jira.shapes import Writer
from sandbox.reply import reply

FIELDS = (
    ("summary", "Summary", "string"), ("status", "Status", "status"), ("issuetype", "Issue Type", "issuetype"),
    ("priority", "Priority", "priority"), ("assignee", "Assignee", "user"), ("reporter", "Reporter", "user"),
    ("created", "Created", "datetime"), ("updated", "Updated", "datetime"), ("duedate", "Due date", "date"),
    ("description", "Description", "string"), ("project", "Project", "project"), ("labels", "Labels", "array"),
    ("comment", "Comment", "comments-page"), ("resolution", "Resolution", "resolution"),
)  # fmt: skip

routes = Blueprint("jira_site", __name__)
jira: Any = LocalProxy(lambda: current_app.extensions["sandbox"].stands["jira"])


def problem(status: int, *messages: str) -> Response:
    return reply({"errorMessages": list(messages), "errors": {}}, status)


def api(*scopes: str) -> Callable[[Any], Any]:
    """A view of the REST API: a token with one of `scopes`, the site's own cloud id, version 2 or 3."""

    def wrap(view: Callable[..., Response]) -> Callable[..., Response]:
        @functools.wraps(view)
        def answer(**arguments: Any) -> Response:
            if g.token is None:
                return jira.unauthorized()
            if scopes and not set(scopes) & set(g.token.grant.scopes):
                return reply({"code": 401, "message": "Unauthorized; scope does not match"}, 401)
            if arguments.pop("site", SITE_ID) != SITE_ID:
                return reply({"code": 404, "message": "No message available"}, 404)
            version = arguments.pop("version", "3")
            g.writer = Writer(jira.base, jira.origin, jira.person().time_zone, "3" if version == "latest" else version)
            with jira.lock:
                return view(**arguments)

        return answer

    return wrap


REST = "/ex/jira/<site>/rest/api/<any('2', '3', 'latest'):version>"


@routes.get("/oauth/token/accessible-resources")
@api()
def resources() -> Response:
    """The sites that the token opens."""
    granted = [scope for scope in g.token.grant.scopes if scope.endswith(("jira-work", "jira-user", "jira-webhook"))]
    site = {
        "id": SITE_ID,
        "url": f"{jira.base}/site",
        "name": "harborline",
        "scopes": granted,
        "avatarUrl": f"{jira.origin}/avatars/harborline.svg",
    }
    return reply([site] if granted else [])


@routes.get("/me")
@api("read:me")
def me() -> Response:
    person = jira.person()
    return reply(
        {
            "account_type": "atlassian", "account_id": account_id(person), "email": person.email, "name": person.name,
            "picture": jira.avatar(person), "account_status": "active", "nickname": person.login,
            "zoneinfo": person.time_zone, "locale": "en-GB", "email_verified": person.is_email_verified,
        }
    )  # fmt: skip


@routes.get(f"{REST}/serverInfo")
@api("read:jira-work", "read:jira-user")
def server_info() -> Response:
    return reply(
        {
            "baseUrl": f"{jira.base}/site", "displayUrl": f"{jira.base}/site", "version": "1001.0.0-SNAPSHOT",
            "versionNumbers": [1001, 0, 0], "deploymentType": "Cloud", "buildNumber": 100299,
            "buildDate": "2026-11-12T09:22:31.000+0100", "serverTime": "2026-11-20T10:00:00.000+0100",
            "scmInfo": "5f1d2a7c", "serverTitle": "Jira", "defaultLocale": {"locale": "en_US"},
            "serverTimeZone": "Europe/Stockholm",
        }
    )  # fmt: skip


@routes.get(f"{REST}/myself")
@api("read:jira-user")
def myself() -> Response:
    person = jira.person()
    more = {"locale": "en_US", "groups": {"size": 2, "items": []}, "applicationRoles": {"size": 1, "items": []}}
    return reply(g.writer.user(person) | more | {"expand": "groups,applicationRoles"})


@routes.get(f"{REST}/field")
@api("read:jira-work")
def fields() -> Response:
    return reply(
        [
            {
                "id": id, "key": id, "name": name, "custom": False, "orderable": True, "navigable": id != "comment",
                "searchable": True, "clauseNames": [id], "schema": {"type": kind, "system": id},
            }
            for id, name, kind in FIELDS
        ]
    )  # fmt: skip


@routes.get(f"{REST}/priority")
@api("read:jira-work")
def priorities() -> Response:
    return reply([g.writer.priority(name) for name in PRIORITIES])


@routes.get(f"{REST}/status")
@api("read:jira-work")
def statuses() -> Response:
    return reply([g.writer.status(name) for name in STATUSES])


@routes.get(f"{REST}/project/search")
@api("read:jira-work")
def projects() -> Response:
    found = [g.writer.project(key) for key in PROJECTS]
    return reply({"maxResults": 50, "startAt": 0, "total": len(found), "isLast": True, "values": found})


@routes.get(f"{REST}/issue/<id>")
@api("read:jira-work")
def issue(id: str) -> Response:
    found = jira.find(id)
    if found is None:
        return problem(404, "Issue does not exist or you do not have permission to see it.")
    return reply(g.writer.issue(found, request.args.get("fields", "*all").split(",")))


@routes.get(f"{REST}/issue/<id>/comment")
@api("read:jira-work")
def comments(id: str) -> Response:
    found = jira.find(id)
    if found is None:
        return problem(404, "Issue does not exist or you do not have permission to see it.")
    return reply(g.writer.comments(found))


@routes.get("/site/browse/<key>")
def page(key: str) -> Any:
    """What a person sees who follows an issue's link."""
    found = jira.find(key)
    if found is None:
        return problem(404, "Issue does not exist or you do not have permission to see it.")
    text = "\n\n".join([found.description or "", *(f"{each.author.name}: {each.text}" for each in found.comments)])
    return render_template(
        "item.html", provider="Jira", title=found.summary, state=found.status, body=text, place=found.key,
        labels=found.labels,
    )  # fmt: skip
