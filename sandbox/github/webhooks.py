"""Signed webhook deliveries, as GitHub sends them."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from typing import Any

import orjson

from sandbox.github.issues import Issue
from sandbox.sender import Delivery


def delivery(stand: Any, spec: dict[str, Any]) -> Delivery:
    """One delivery: url, item, event, action, account, delivery, secret, payload (instead of the made one)."""
    issue = _issue(stand, spec)
    event = spec.get("event") or ("pull_request" if issue and issue.is_pull else "issues")
    payload = spec.get("payload") or _payload(stand, spec, issue, event)
    body = orjson.dumps(payload)
    secret = spec.get("secret", stand.webhook_secret).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/044aadd",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": spec.get("delivery") or str(uuid.uuid4()),
        "X-GitHub-Hook-ID": "292430182",
        "X-GitHub-Hook-Installation-Target-ID": "79929171",
        "X-GitHub-Hook-Installation-Target-Type": "repository",
        "X-Hub-Signature": "sha1=" + hmac.new(secret, body, hashlib.sha1).hexdigest(),
        "X-Hub-Signature-256": "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest(),
    }
    return Delivery(body, headers, spec.get("url"), "/webhooks/github")


def _issue(stand: Any, spec: dict[str, Any]) -> Issue | None:
    if isinstance(spec.get("item"), Issue):  # already gone from the lists
        return spec["item"]
    if "item" in spec:
        return stand.find_item(str(spec["item"]))
    person = stand.who(spec.get("account"))
    mine = stand.tracker.listed(person, "hook", lambda issue: issue.state == "open", "updated", True)
    return mine[0] if mine else None


def _payload(stand: Any, spec: dict[str, Any], issue: Issue | None, event: str) -> dict[str, Any]:
    person = (
        stand.who(spec.get("account")) if issue is None else (issue.assignees or issue.reviewers or [issue.author])[0]
    )
    sender = stand.writer.user(issue.author if issue else person)
    if event == "ping" or issue is None:
        return {"zen": "Anything added dilutes everything else.", "hook_id": 292430182, "sender": sender}
    action = spec.get("action") or "edited"
    payload: dict[str, Any] = {"action": action}
    if issue.is_pull:
        payload["number"] = issue.number
        payload["pull_request"] = stand.writer.pull(issue)
    else:
        payload["issue"] = orjson.loads(stand.writer.plain(issue))
    if action in ("assigned", "unassigned"):
        payload["assignee"] = stand.writer.user(stand.who(spec["account"]) if spec.get("account") else person)
    if action == "review_requested":
        payload["requested_reviewer"] = stand.writer.user(issue.reviewers[0] if issue.reviewers else person)
    return payload | {"repository": orjson.loads(stand.writer.repository(issue.repository)), "sender": sender}
