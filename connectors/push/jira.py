"""Jira Cloud. https://developer.atlassian.com/cloud/jira/platform/webhooks/"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.jira.document import mentions
from connectors.push.base import Delivery, at, check, header, identity, ids, parsed


def read(headers: Mapping[str, str], body: bytes, secret: str) -> Delivery:
    check(header(headers, "X-Hub-Signature"), secret, body, "sha256=")
    payload = parsed(body)
    people: list[Any] = [at(payload, "issue", "fields", "assignee", "accountId")]
    for change in at(payload, "changelog", "items") or []:
        if at(change, "field") == "assignee":  # who had it must let it go
            people += [at(change, key) for key in ("from", "to", "tmpFromAccountId", "tmpToAccountId")]
    people += mentions(at(payload, "comment", "body"))
    if str(at(payload, "webhookEvent")).startswith("comment"):
        people.append(at(payload, "comment", "author", "accountId"))
    return Delivery(id=identity(header(headers, "X-Atlassian-Webhook-Identifier"), body), accounts=ids(people))
