"""GitHub. https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.push.base import Delivery, at, check, header, identity, ids, parsed

_NAMED = re.compile(r"(?<![\w/@.-])@([A-Za-z0-9](?:[A-Za-z0-9-]{0,38}))")


def read(headers: Mapping[str, str], body: bytes, secret: str) -> Delivery:
    check(header(headers, "X-Hub-Signature-256"), secret, body, "sha256=")
    payload = parsed(body)
    people: list[Any] = [at(payload, "assignee"), at(payload, "requested_reviewer")]
    for subject in ("issue", "pull_request"):
        people.append(at(payload, subject, "assignee"))
        for key in ("assignees", "requested_reviewers"):
            people += at(payload, subject, key) or []
    if header(headers, "X-GitHub-Event") in ("github_app_authorization", "installation"):
        people.append(at(payload, "sender"))
    texts = [at(payload, key, "body") for key in ("comment", "review", "issue", "pull_request")]
    return Delivery(
        id=identity(header(headers, "X-GitHub-Delivery"), body),
        accounts=ids(at(person, "id") for person in people),
        usernames=frozenset(name.lower() for each in texts if isinstance(each, str) for name in _NAMED.findall(each)),
    )
