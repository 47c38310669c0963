"""Push channels of Google: opened after a sync for what it watches, renewed a day ahead, stopped on disconnect.

Without them nothing is missed: polling goes on underneath. So whatever goes wrong here is noted and tried again with
a later sync.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete

from celery_app import celery
from connectors.base import ConnectorError, Credentials
from models import db
from models.channels import PushChannel, channels_of, covered
from models.clock import now
from models.integrations import Integration
from models.seal import Unreadable
from settings import settings
from workers.credentials import credentials_from

if TYPE_CHECKING:  # Google's client costs a second of every start, so it is imported where it is needed
    from connectors.google.channels import Channel

log = logging.getLogger(__name__)


@celery.task(name="renew_channels")
def renew_channels(integration_id: int) -> None:
    """Open what is not open yet and what ends within a day."""
    renew(integration_id)


def renew(integration_id: int) -> int:
    """Open the channels that an account lacks; returns how many were opened."""
    from connectors.google.channels import open_channel, watched

    with db.transaction(reading=True):
        integration = db.session.get(Integration, integration_id)
        if integration is None or integration.provider != "google-calendar" or integration.state != "ok":
            return 0
        cursor, present = integration.cursor, channels_of(integration_id)
        missing = [resource for resource in watched(cursor) if resource not in covered(present)]
        try:
            credentials = credentials_from(integration.credentials)
        except Unreadable:
            return 0
    opened = 0
    for resource in missing:
        try:
            channel = open_channel(credentials, cursor, resource, f"{settings.public_url}/webhooks/google")
        except ConnectorError as error:
            log.warning("no push channel", extra={"integration": integration_id, "reason": error.message})
            break
        _keep(integration_id, channel)
        opened += 1
        replaced = [old for old in present if old.resource == resource]
        stop_channels(credentials, [_plain(old) for old in replaced])
        with db.transaction():
            db.session.execute(delete(PushChannel).where(PushChannel.id.in_([old.id for old in replaced])))
    return opened


def needs_channels(integration: Integration) -> bool:
    """Whether a sync that just ended should be followed by `renew_channels`."""
    if integration.provider != "google-calendar":
        return False
    from connectors.google.channels import watched

    return bool(set(watched(integration.cursor)) - covered(channels_of(integration.id)))


def stop_channels(credentials: Credentials, channels: list[dict[str, str]]) -> None:
    """Stop what may still be open; a channel that cannot be stopped ends by itself within a week."""
    if not channels:
        return
    from connectors.google.channels import Channel, stop_channel

    for channel in channels:
        ends = now() + timedelta(days=7)
        try:
            stop_channel(credentials, Channel(channel["id"], channel["resource"], channel["resource_id"], ends))
        except ConnectorError as error:
            log.warning("channel not stopped", extra={"reason": error.message})


def _keep(integration_id: int, channel: Channel) -> None:
    with db.transaction():
        if db.session.get(Integration, integration_id) is None:
            return  # disconnected meanwhile
        db.session.add(
            PushChannel(
                integration_id=integration_id,
                channel=channel.id,
                resource=channel.resource,
                resource_id=channel.resource_id,
                expires_at=channel.expires_at,
            )
        )


def _plain(channel: PushChannel) -> dict[str, str]:
    return {"id": channel.channel, "resource": channel.resource, "resource_id": channel.resource_id}
