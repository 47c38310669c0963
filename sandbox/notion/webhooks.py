"""Webhook deliveries as Notion sends them: first a token to be typed in by hand, which then signs all others."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from datetime import UTC, datetime
from typing import Any

import orjson

from sandbox.notion.pages import WORKSPACE_ID, WORKSPACE_NAME, Page, bot_id, person_id, uuid_of
from sandbox.notion.shapes import property_id
from sandbox.sender import Delivery


def delivery(stand: Any, spec: dict[str, Any]) -> Delivery:
    """One delivery: url, item, event (`verification`: the handshake), account, delivery, secret, attempt, payload."""
    secret = spec.get("secret", stand.webhook_secret)
    headers = {"Content-Type": "application/json", "User-Agent": "notion-webhooks/1.0"}
    if spec.get("event") == "verification":
        return Delivery(orjson.dumps({"verification_token": secret}), headers, spec.get("url"), "/webhooks/notion")
    body = orjson.dumps(spec.get("payload") or payload(stand, spec))
    headers["X-Notion-Signature"] = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Delivery(body, headers, spec.get("url"), "/webhooks/notion")


def payload(stand: Any, spec: dict[str, Any]) -> dict[str, Any]:
    """What happened, without what it now looks like: that must be asked for."""
    given = spec.get("item")
    if isinstance(given, Page):
        page = given
    elif given:
        page = stand.find_item(str(given))
    else:
        person = stand.who(spec.get("account"))
        page = next(each for each in stand.pages.values() if person in each.people)
    everybody = stand.accounts.people.values()
    data: dict[str, Any] = {
        "parent": {"id": page.source.database_id, "type": "database", "data_source_id": page.source.id}
    }
    event = spec.get("event") or "page.properties_updated"
    if event == "page.properties_updated":
        data["updated_properties"] = [property_id(name) for name in page.source.types()]
    return {
        "id": spec.get("delivery") or str(uuid.uuid4()),
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "workspace_id": WORKSPACE_ID, "workspace_name": WORKSPACE_NAME, "subscription_id": uuid_of("subscription"),
        "integration_id": uuid_of("integration"), "type": event,
        "authors": [{"id": uuid_of("person", "tomasz-w"), "type": "person"}],
        "accessible_by": [{"id": person_id(each), "type": "person"} for each in everybody]
        + [{"id": bot_id(each), "type": "bot"} for each in everybody],
        "attempt_number": spec.get("attempt", 1), "entity": {"id": page.id, "type": "page"}, "data": data,
    }  # fmt: skip
