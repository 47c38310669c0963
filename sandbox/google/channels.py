"""Push channels: opened for one resource, with an end, a greeting, and a message for every change."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from flask import Blueprint, Response, g, request

from sandbox.google.api import Wrong, api, google, missing
from sandbox.google.calendar import EVENTS, own
from sandbox.google.drive import SCOPES
from sandbox.sender import Delivery

WEEK = 7 * 86_400

routes = Blueprint("google_channels", __name__)


@dataclass
class Channel:
    id: str
    account: str
    resource: str
    """`changes`, or the id of a calendar."""
    resource_id: str
    uri: str
    address: str
    token: str | None
    expires_at: float
    messages: int = 0

    @property
    def is_open(self) -> bool:
        return self.expires_at > time.time()

    def message(self, state: str) -> Delivery:
        """The next push: all that it says is in its headers."""
        self.messages += 1
        headers = {
            "User-Agent": "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)",
            "X-Goog-Channel-ID": self.id,
            "X-Goog-Channel-Expiration": formatdate(self.expires_at, usegmt=True),
            "X-Goog-Message-Number": str(self.messages),
            "X-Goog-Resource-ID": self.resource_id,
            "X-Goog-Resource-State": state if state == "sync" or self.resource != "changes" else "change",
            "X-Goog-Resource-URI": self.uri,
        }
        if self.token:
            headers["X-Goog-Channel-Token"] = self.token
        return Delivery(b"", headers, self.address)


def opened(resource: str, uri: str, default: int) -> dict[str, Any]:
    """Open a channel. Errors: Wrong."""
    asked = request.get_json(silent=True) or {}
    id, address = str(asked.get("id") or ""), str(asked.get("address") or "")
    if not id or len(id) > 64 or asked.get("type") not in ("web_hook", "webhook"):
        raise Wrong(400, "required", "Required: id, and type web_hook")
    if not address.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise Wrong(400, "push.webhookUrlNotHttps", f"WebHook callback must be HTTPS: {address}")
    if id in google.channels and google.channels[id].is_open:
        raise Wrong(400, "channelIdNotUnique", f"Channel id {id} not unique")
    now, ttl = time.time(), (asked.get("params") or {}).get("ttl")
    wanted = float(asked["expiration"]) / 1000 if asked.get("expiration") else now + float(ttl or default)
    expires_at = max(now, min(wanted, now + WEEK))
    resource_id = hashlib.sha256(f"{g.account} {resource}".encode()).hexdigest()[:27]
    channel = Channel(id, g.account, resource, resource_id, uri, address, asked.get("token"), expires_at)
    google.channels[id] = channel
    google.sender.post_later(channel.message("sync"))
    shown = {"kind": "api#channel", "id": id, "resourceId": resource_id, "resourceUri": uri}
    return shown | ({"token": channel.token} if channel.token else {}) | {"expiration": str(int(expires_at * 1000))}


@routes.post("/calendar/v3/calendars/<id>/events/watch")
@api(*EVENTS)
def watch_events(id: str) -> Any:
    calendar = own(id)
    return opened(calendar.id, f"{google.base}/calendar/v3/calendars/{calendar.id}/events?alt=json", WEEK)


@routes.post("/drive/v3/changes/watch")
@api(*SCOPES)
def watch_changes() -> Any:
    token = request.args.get("pageToken", "")
    if not token.isdigit():
        raise Wrong(400, "invalid", "Invalid Value", location="pageToken", locationType="parameter")
    return opened("changes", f"{google.base}/drive/v3/changes?alt=json&pageToken={token}", 3600)


@routes.post("/calendar/v3/channels/stop")
@routes.post("/drive/v3/channels/stop", endpoint="stop_drive")
@api(*EVENTS, *SCOPES)
def stop() -> Any:
    asked = request.get_json(silent=True) or {}
    channel = google.channels.get(asked.get("id"))
    if channel is None or channel.account != g.account or channel.resource_id != asked.get("resourceId"):
        raise missing(f"Channel '{asked.get('id')}' not found for project 'sandbox'")
    del google.channels[channel.id]
    return Response(status=204)
