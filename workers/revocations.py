"""Giving tokens back to their providers after a disconnect."""

from __future__ import annotations

import logging

from celery_app import celery
from connectors.base import ConnectorError
from connectors.registry import CONNECTORS
from models import db
from models.queues import claim
from models.revocations import Revocation
from models.seal import Unreadable
from workers.announce import announce
from workers.channels import stop_channels
from workers.credentials import credentials_from

log = logging.getLogger(__name__)


@celery.task(name="revoke_tokens")
def revoke_tokens(revocation_id: int) -> None:
    """Give one account's tokens back."""
    revoke(revocation_id)


def revoke(revocation_id: int) -> bool:
    """Give one account's tokens back; whether the provider took them. Trying twice does no harm."""
    with db.transaction(reading=True):
        row = db.session.get(Revocation, revocation_id)
        if row is None:
            return False
        provider = row.provider
        try:
            credentials, channels = credentials_from(row.credentials), row.channels
        except Unreadable:
            credentials, channels = None, []
    is_done = credentials is None
    if credentials is not None:
        try:
            stop_channels(credentials, channels)
            CONNECTORS[provider].revoke(credentials)
            is_done = True
        except ConnectorError as error:
            is_done = error.kind == "reconnect"  # the provider no longer knows them
            log.warning("tokens not revoked", extra={"provider": provider, "reason": error.message})
    with db.transaction():
        row = db.session.get(Revocation, revocation_id)
        if row is not None and is_done:
            db.session.delete(row)
        elif row is not None:
            row.postpone()
    return is_done


@celery.task(name="wake_revocations")
def wake_revocations() -> None:
    """Announce revocations that are due."""
    for revocation_id in claim(Revocation, Revocation.run_at):
        announce("revoke_tokens", revocation_id)
