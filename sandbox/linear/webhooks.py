"""Signed webhook deliveries, as Linear sends them."""

from __future__ import annotations

import hashlib
import hmac
import time
import uuid
from typing import Any

import orjson

from sandbox.linear.issues import Issue, Writer, uuid_of
from sandbox.sender import Delivery


def delivery(stand: Any, spec: dict[str, Any]) -> Delivery:
    """One delivery: url, item, action (create, update, remove), account, delivery, secret, timestamp, payload."""
    body = orjson.dumps(spec.get("payload") or payload(stand, spec))
    secret = spec.get("secret", stand.webhook_secret).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Linear-Webhook",
        "Linear-Delivery": spec.get("delivery") or str(uuid.uuid4()),
        "Linear-Event": spec.get("event") or "Issue",
        "Linear-Signature": hmac.new(secret, body, hashlib.sha256).hexdigest(),
    }
    return Delivery(body, headers, spec.get("url"), "/webhooks/linear")


def payload(stand: Any, spec: dict[str, Any]) -> dict[str, Any]:
    given = spec.get("item")
    if isinstance(given, Issue):
        issue = given
    elif given:
        issue = stand.find_item(str(given))
    else:
        person = stand.who(spec.get("account"))
        issue = next(each for each in stand.issues.values() if each.assignee == person)
    writer = Writer(stand.base, stand.origin, issue.assignee or issue.creator)
    data = writer.issue(issue)
    data |= {
        "teamId": data["team"]["id"], "stateId": data["state"]["id"], "creatorId": data["creator"]["id"],
        "assigneeId": data["assignee"]["id"] if data["assignee"] else None, "labelIds": [], "previousIdentifiers": [],
        "subscriberIds": [], "team": {name: data["team"][name] for name in ("id", "key", "name")},
        "state": {name: data["state"][name] for name in ("id", "color", "name", "type")}, "labels": [],
    }  # fmt: skip
    if data["assignee"]:
        data["assignee"] = {name: data["assignee"][name] for name in ("id", "name", "email", "avatarUrl", "url")}
    del data["creator"]
    at = int(spec.get("timestamp") or time.time() * 1000)
    action = spec.get("action") or "update"
    made: dict[str, Any] = {
        "action": action,
        "actor": {"id": uuid_of("user", issue.creator.key), "name": issue.creator.name, "type": "user"},
        "createdAt": data["updatedAt"], "data": data, "url": data["url"], "type": spec.get("event") or "Issue",
        "organizationId": uuid_of("organization"), "webhookTimestamp": at, "webhookId": uuid_of("webhook"),
    }  # fmt: skip
    return made | ({"updatedFrom": {"updatedAt": data["createdAt"]}} if action == "update" else {})
