"""Users, issues and comments as Jira's REST API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.jira.issues import PRIORITIES, PROJECTS, SITE_ID, STATUSES, TYPES, Comment, Issue, account_id
from sandbox.people import Person


def stamp(at: datetime | None, zone: str) -> str | None:
    """As Jira writes times: with milliseconds, in the user's zone, without a colon in the offset."""
    if at is None:
        return None
    local = at.astimezone(ZoneInfo(zone))
    return local.strftime("%Y-%m-%dT%H:%M:%S.") + f"{local.microsecond // 1000:03d}" + local.strftime("%z")


def document(text: str | None, mentioned: Person | None = None) -> dict[str, Any] | None:
    """Text in the Atlassian document format."""
    if text is None:
        return None
    paragraphs: list[dict[str, Any]] = [
        {"type": "paragraph", "content": [{"type": "text", "text": part}]} for part in text.split("\n\n") if part
    ]
    if mentioned:
        mention = {"id": account_id(mentioned), "text": f"@{mentioned.name}", "accessLevel": ""}
        first: dict[str, Any] = paragraphs[0] if paragraphs else {"type": "paragraph", "content": []}
        first["content"] = [{"type": "mention", "attrs": mention}, {"type": "text", "text": " "}, *first["content"]]
        paragraphs = paragraphs or [first]
    return {"type": "doc", "version": 1, "content": paragraphs}


class Writer:
    """Shows issues to one person, whose zone the times are written in."""

    def __init__(self, base: str, origin: str, zone: str, version: str) -> None:
        self.site = f"{base}/site"
        self.origin, self.zone, self.version = origin, zone, version
        self.rest = f"{base}/ex/jira/{SITE_ID}/rest/api/{version}"

    def user(self, person: Person | None) -> dict[str, Any] | None:
        if person is None:
            return None
        picture, id = f"{self.origin}/avatars/{person.key}.svg", account_id(person)
        return {
            "self": f"{self.rest}/user?accountId={id}", "accountId": id, "emailAddress": person.email,
            "avatarUrls": dict.fromkeys(("48x48", "24x24", "16x16", "32x32"), picture),
            "displayName": person.name, "active": True, "timeZone": person.time_zone, "accountType": "atlassian",
        }  # fmt: skip

    def text(self, text: str | None, mentioned: Person | None = None) -> Any:
        if self.version == "3":
            return document(text, mentioned)
        return f"[~accountid:{account_id(mentioned)}] {text}" if mentioned else text

    def status(self, name: str) -> dict[str, Any]:
        id, category, key, colour, title = STATUSES[name]
        return {
            "self": f"{self.rest}/status/{id}", "description": "", "name": name, "id": id,
            "iconUrl": f"{self.site}/images/icons/statuses/generic.png",
            "statusCategory": {
                "self": f"{self.rest}/statuscategory/{category}", "id": category, "key": key, "colorName": colour,
                "name": title,
            },
        }  # fmt: skip

    def priority(self, name: str) -> dict[str, Any]:
        icon = f"{self.site}/images/icons/priorities/{name.lower()}_new.svg"
        return {
            "self": f"{self.rest}/priority/{PRIORITIES[name]}",
            "iconUrl": icon,
            "name": name,
            "id": PRIORITIES[name],
        }

    def project(self, key: str) -> dict[str, Any]:
        id, name = PROJECTS.get(key, ("10099", key))
        avatar = f"{self.rest}/universal_avatar/view/type/project/avatar/10419"
        return {
            "self": f"{self.rest}/project/{id}", "id": id, "key": key, "name": name, "projectTypeKey": "software",
            "simplified": True, "avatarUrls": dict.fromkeys(("48x48", "24x24", "16x16", "32x32"), avatar),
        }  # fmt: skip

    def kind(self, name: str) -> dict[str, Any]:
        return {
            "self": f"{self.rest}/issuetype/{TYPES[name]}", "id": TYPES[name], "description": "", "name": name,
            "iconUrl": f"{self.site}/images/icons/issuetypes/{TYPES[name]}.svg", "subtask": name == "Sub-task",
            "avatarId": 10318, "hierarchyLevel": {"Epic": 1, "Sub-task": -1}.get(name, 0),
        }  # fmt: skip

    def comment(self, issue: Issue, comment: Comment) -> dict[str, Any]:
        at = stamp(comment.created, self.zone)
        return {
            "self": f"{self.rest}/issue/{issue.id}/comment/{comment.id}", "id": comment.id,
            "author": self.user(comment.author), "body": self.text(comment.text, comment.mentioned),
            "updateAuthor": self.user(comment.author), "created": at, "updated": at, "jsdPublic": True,
        }  # fmt: skip

    def comments(self, issue: Issue) -> dict[str, Any]:
        return {
            "comments": [self.comment(issue, comment) for comment in issue.comments],
            "self": f"{self.rest}/issue/{issue.id}/comment", "maxResults": len(issue.comments),
            "total": len(issue.comments), "startAt": 0,
        }  # fmt: skip

    def fields(self, issue: Issue) -> dict[str, Any]:
        resolution = {"self": f"{self.rest}/resolution/10000", "id": "10000", "name": "Done"}
        return {
            "summary": issue.summary, "issuetype": self.kind(issue.kind), "creator": self.user(issue.reporter),
            "created": stamp(issue.created, self.zone), "project": self.project(issue.project),
            "description": self.text(issue.description), "reporter": self.user(issue.reporter),
            "assignee": self.user(issue.assignee), "labels": issue.labels, "duedate": issue.due,
            "priority": self.priority(issue.priority) if issue.priority else None,
            "updated": stamp(issue.updated, self.zone), "status": self.status(issue.status),
            "resolution": resolution if issue.is_done else None,
            "resolutiondate": stamp(issue.resolved, self.zone), "comment": self.comments(issue), "environment": None,
            "statuscategorychangedate": stamp(issue.created, self.zone), "components": [], "fixVersions": [],
            "versions": [], "issuelinks": [], "subtasks": [], "attachment": [], "timeestimate": None, "workratio": -1,
            "watches": {"self": f"{self.rest}/issue/{issue.key}/watchers", "watchCount": 1, "isWatching": True},
            "customfield_10019": "0|i0000r:", "customfield_10020": None, "customfield_10021": None,
        }  # fmt: skip

    def issue(self, issue: Issue, names: list[str]) -> dict[str, Any]:
        """An issue with the fields asked for, which are none but the id where nothing is asked for."""
        if not names:
            return {"id": issue.id}
        every = self.fields(issue)
        if "*all" in names:
            shown = every
        elif "*navigable" in names:
            shown = {name: value for name, value in every.items() if name not in ("comment", "attachment")}
        else:
            shown = {name: every[name] for name in names if name in every}
        minus = {name[1:] for name in names if name.startswith("-")}
        return {
            "expand": "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations",
            "id": issue.id,
            "self": f"{self.rest}/issue/{issue.id}",
            "key": issue.key,
            "fields": {name: value for name, value in shown.items() if name not in minus},
        }
