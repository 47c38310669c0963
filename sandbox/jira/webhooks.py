"""Signed webhook deliveries, as Jira Cloud sends those that an administrator registered with a secret."""

from __future__ import annotations

import hashlib
import hmac
import time
import uuid
from typing import Any

import orjson

from sandbox.jira.issues import Issue
from sandbox.jira.shapes import Writer
from sandbox.sender import Delivery


def delivery(stand: Any, spec: dict[str, Any]) -> Delivery:
    """One delivery: url, item, event, account, delivery, secret, payload (instead of the made one)."""
    payload = spec.get("payload") or _payload(stand, spec)
    body = orjson.dumps(payload)
    secret = spec.get("secret", stand.webhook_secret).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Atlassian Webhook HTTP Client",
        "X-Atlassian-Webhook-Identifier": spec.get("delivery") or str(uuid.uuid4()),
        "X-Atlassian-Webhook-Flow": "Primary",
        "X-Hub-Signature": "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest(),
    }
    return Delivery(body, headers, spec.get("url"), "/webhooks/jira")


def _payload(stand: Any, spec: dict[str, Any]) -> dict[str, Any]:
    given = spec.get("item")
    if isinstance(given, Issue):
        issue = given
    elif given:
        issue = stand.find_item(str(given))
    else:
        person = stand.who(spec.get("account"))
        issue = next(each for each in stand.issues.values() if each.assignee == person)
    writer = Writer(stand.base, stand.origin, issue.reporter.time_zone, "2")
    event = spec.get("event") or "jira:issue_updated"
    payload: dict[str, Any] = {"timestamp": int(time.time() * 1000), "webhookEvent": event}
    if event.startswith("comment"):
        payload["comment"] = writer.comment(issue, issue.comments[-1])
    else:
        payload["issue_event_type_name"] = spec.get("action") or "issue_updated"
        payload["user"] = writer.user(issue.reporter)
    names = (
        ["*all"]
        if not event.startswith("comment")
        else ["summary", "issuetype", "project", "assignee", "priority", "status"]
    )
    payload["issue"] = writer.issue(issue, names)
    return payload
