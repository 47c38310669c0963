"""Google's push channels: opened for one resource of one account, renewed before their end, and stopped.

https://developers.google.com/workspace/calendar/api/guides/push
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from connectors.base import Credentials, Cursor
from connectors.faults import NotConfigured, spoken
from connectors.google.api import NAME, Api, Gone
from connectors.oauth import client_of
from connectors.push.google import channel_token

DRIVE = "drive"
LENGTH = timedelta(days=7)
"""Google's longest; renewed a day ahead by who keeps them."""


@dataclass(frozen=True, slots=True)
class Channel:
    """An open channel; `id` and `resource_id` are what stopping it takes."""

    id: str
    resource: str
    """A calendar's id, or `drive`."""
    resource_id: str
    expires_at: datetime


def watched(cursor: Cursor) -> list[str]:
    """The resources of an account that a channel should be open for, as its last run left them."""
    calendars = list(cursor.get("calendar", {}).get("calendars", {}))
    return calendars + ([DRIVE] if cursor.get("drive", {}).get("token") else [])


def open_channel(credentials: Credentials, cursor: Cursor, resource: str, address: str) -> Channel:
    """Ask Google to push changes of one resource to `address`. Errors: ConnectorError."""
    secret = client_of("google").webhook_secret
    if not secret:
        raise NotConfigured("google")
    id = str(uuid4())
    wanted = datetime.now(UTC) + LENGTH
    body = {
        "id": id, "type": "web_hook", "address": address, "token": channel_token(id, secret),
        "expiration": str(int(wanted.timestamp() * 1000)),
    }
    with closing(Api(credentials.access_token)) as api:
        if resource == DRIVE:
            request = api.service("drive").changes().watch(pageToken=cursor["drive"]["token"], body=body)
        else:
            request = api.service("calendar").events().watch(calendarId=resource, body=body)
        made = api.ask(request)
        with spoken(NAME):
            ends = datetime.fromtimestamp(int(made.get("expiration") or wanted.timestamp() * 1000) / 1000, UTC)
            return Channel(id, resource, str(made["resourceId"]), ends)


def stop_channel(credentials: Credentials, channel: Channel) -> None:
    """No more messages; a channel that has ended already is stopped. Errors: ConnectorError."""
    with closing(Api(credentials.access_token)) as api:
        service = api.service("drive" if channel.resource == DRIVE else "calendar")
        try:
            api.ask(service.channels().stop(body={"id": channel.id, "resourceId": channel.resource_id}), nothing=True)
        except Gone:
            return
