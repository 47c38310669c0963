"""Signed events, as Slack's Events API sends them, its handshake among them."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any

import orjson

from sandbox.sender import Delivery
from sandbox.slack.workspace import Conversation, Message, letters, shape


def delivery(stand: Any, spec: dict[str, Any]) -> Delivery:
    """One delivery: url, event (message, url_verification, tokens_revoked), item, account, secret, timestamp, retry."""
    at = int(spec.get("timestamp") or time.time())
    body = orjson.dumps(spec.get("payload") or payload(stand, spec, at))
    secret = spec.get("secret", stand.webhook_secret).encode()
    signature = hmac.new(secret, b"v0:%d:%s" % (at, body), hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "X-Slack-Request-Timestamp": str(at),
        "X-Slack-Signature": f"v0={signature}",
    }
    if spec.get("retry"):
        headers |= {"X-Slack-Retry-Num": str(spec["retry"]), "X-Slack-Retry-Reason": "http_timeout"}
    return Delivery(body, headers, spec.get("url"), "/webhooks/slack")


def payload(stand: Any, spec: dict[str, Any], at: int) -> dict[str, Any]:
    workspace, kind = stand.workspace, spec.get("event") or "message"
    if kind == "url_verification":
        return {"token": "deprecated", "challenge": letters("challenge", str(at)), "type": "url_verification"}
    user = workspace.user_id(stand.who(spec.get("account")))
    if kind == "tokens_revoked":
        event: dict[str, Any] = {"type": kind, "tokens": {"oauth": [user], "bot": []}}
    elif kind in ("message", "app_mention"):
        channel, message = spoken(stand, spec, user)
        event = shape(workspace, message) | {
            "type": kind, "channel": channel.id, "event_ts": message.ts,
            "channel_type": "im" if channel.is_im else "channel",
        }  # fmt: skip
        if spec.get("subtype"):
            event["subtype"] = spec["subtype"]
    else:
        event = {"type": kind, "user": user, "event_ts": f"{at}.000100", "item": {"type": "message"}}
    return {
        "token": "deprecated", "team_id": workspace.team_id, "api_app_id": workspace.app_id, "event": event,
        "type": "event_callback", "event_id": spec.get("delivery") or f"Ev{letters('event', repr(time.time_ns()))}",
        "event_time": at, "is_ext_shared_channel": False, "event_context": letters("context", str(at)),
        "authorizations": [
            {
                "enterprise_id": None, "team_id": workspace.team_id, "user_id": user, "is_bot": False,
                "is_enterprise_install": False,
            }
        ],
    }  # fmt: skip


def spoken(stand: Any, spec: dict[str, Any], user: str) -> tuple[Conversation, Message]:
    """The message to tell of: the one named, else the newest that mentions the account."""
    if spec.get("item"):
        return stand.find_message(spec["item"])
    return max(
        (
            (channel, message)
            for channel in stand.workspace.of(user)
            for message in channel.messages.values()
            if f"<@{user}>" in message.text
        ),
        key=lambda pair: pair[1].ts,
    )
