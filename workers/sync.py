"""Syncing: pull what is new and file it, page by page, one run at a time for each integration.

The lease is the lock: whoever holds it alone refreshes tokens and moves the cursor. Each page is one transaction
with its cursor, so a run that is cut short resumes where it stopped. The next page is asked for while one is stored;
no transaction waits for a provider.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from celery import Task

from celery_app import celery
from connectors import oauth
from connectors.base import Connector, ConnectorError, Credentials, Page
from connectors.registry import CONNECTORS
from models import db
from models.arrivals import Changes, Counts, Filing
from models.channels import ChannelsDue
from models.clock import now
from models.errors import Conflict
from models.events import record
from models.integrations import Integration, claim_due, take_parked
from models.letters import send_reconnect
from models.meetings import follow_events
from models.seal import Unreadable
from models.users import User
from settings import settings
from workers.ahead import ahead
from workers.announce import announce
from workers.channels import needs_channels
from workers.credentials import credentials_from, credentials_to
from workers.leases import renewed

log = logging.getLogger(__name__)
REFRESH_AHEAD = timedelta(minutes=10)
ANNOUNCED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run went. `is_complete` is False when time was up and the worker goes on."""

    counts: Counts
    is_complete: bool
    error: ConnectorError | None = None


@celery.task(name="sync_integration", bind=True)
def sync_integration(self: Task, integration_id: int) -> None:
    """Sync one integration, unless it is not due, somebody is at it, or its provider has enough to do."""
    holder = self.request.id.replace("-", "")[:32] if self.request.id else None
    try:
        with db.transaction():
            integration = db.session.get(Integration, integration_id)
            if integration is None or not integration.is_due or not integration.has_room(settings.sync_concurrency):
                return
            provider, lease = integration.provider, integration.lease(holder)
    except Conflict:
        log.info("sync is running already", extra={"integration": integration_id})
        return
    try:
        sync(integration_id, lease=lease)
    except Conflict as conflict:
        log.info("sync given up", extra={"integration": integration_id, "reason": conflict.message})
    finally:
        with db.transaction():
            following = take_parked(provider)
        if following is not None:
            announce("sync_integration", following, queue_name="sync")


@celery.task(name="wake_syncs")
def wake_syncs() -> None:
    """Announce integrations that are due."""
    for integration_id in claim_due(ANNOUNCED_AT_ONCE):
        announce("sync_integration", integration_id, queue_name="sync")


def sync(integration_id: int, seconds: float | None = None, lease: str | None = None) -> Outcome:
    """Pull what is new, for at most so many seconds; who has no lease yet gets one.

    Provider errors are noted, not raised. Errors: Conflict.
    """
    with db.transaction():
        integration = db.session.get(Integration, integration_id)
        if integration is None or db.session.get_one(User, integration.owner_id).deleted_at is not None:
            raise Conflict("This account is no longer connected")
        lease = lease or integration.lease()
        filing = Filing(integration)
        run = _Run(integration_id, integration.provider, lease, filing)
    try:
        with renewed(integration_id, lease):
            is_complete = run.pull(seconds)
    except ConnectorError as error:
        run.fail(error)
        return Outcome(filing.counts, True, error)
    except Conflict:
        raise
    except Exception as error:
        log.exception("sync failed", extra={"integration": integration_id, "provider": run.provider})
        mistake = ConnectorError(f"Reading {run.provider} failed unexpectedly ({type(error).__name__})")
        run.fail(mistake)
        return Outcome(filing.counts, True, mistake)
    run.succeed(is_complete)
    return Outcome(filing.counts, is_complete)


class _Run:
    """One lease on one integration."""

    def __init__(self, integration_id: int, provider: str, lease: str, filing: Filing) -> None:
        self.id = integration_id
        self.provider = provider
        self.lease = lease
        self.filing = filing
        self.chosen: dict[str, str] = {}
        self.connector: Connector = CONNECTORS[provider]

    def pull(self, seconds: float | None) -> bool:
        """File page after page; whether the end was reached."""
        deadline = None if seconds is None else time.monotonic() + seconds
        credentials, cursor = self._open()
        try:
            return self._file_pages(credentials, cursor, deadline)
        except ConnectorError as error:
            if error.kind != "reconnect" or not credentials.refresh_token:
                raise
            # Refused in the middle of a run: a token may be withdrawn before its time. One new one is asked for.
            log.info("token refused, refreshing", extra={"integration": self.id})
        credentials = self._refresh(credentials)
        with db.transaction(reading=True):
            cursor = db.session.get_one(Integration, self.id).cursor
        return self._file_pages(credentials, cursor, deadline)

    def _open(self) -> tuple[Credentials, dict[str, Any]]:
        with db.transaction(reading=True):
            integration = db.session.get_one(Integration, self.id)
            expires_at, cursor, chosen = integration.credentials_expire_at, integration.cursor, integration.chosen
            try:
                credentials = credentials_from(integration.credentials)
            except Unreadable as error:
                raise ConnectorError(f"{self.provider} must be connected again", "reconnect") from error
        if expires_at is not None and expires_at - now() < REFRESH_AHEAD and credentials.refresh_token:
            credentials = self._refresh(credentials)
        self.chosen = {"calendars": ",".join(chosen)} if chosen else {}
        return credentials, cursor

    def _refresh(self, credentials: Credentials) -> Credentials:
        renewed = oauth.refresh(self.provider, credentials)
        with db.transaction():  # saved before it is used: the old one may be worthless by now
            integration = self._held()
            integration.keep_credentials(credentials_to(renewed), renewed.expires_at)
        return renewed

    def _file_pages(self, credentials: Credentials, cursor: dict[str, Any], deadline: float | None) -> bool:
        # The choice is no secret, and a refresh must not bring an older one back: it is kept beside the credentials.
        credentials = replace(credentials, extra={**credentials.extra, **self.chosen})
        with closing(ahead(self._compared(credentials, cursor))) as pages:
            for page, changes in pages:
                self._store(page, changes)
                if deadline is not None and time.monotonic() > deadline:
                    return False
        return True

    def _compared(self, credentials: Credentials, cursor: dict[str, Any]) -> Iterator[tuple[Page, Changes]]:
        for page in self.connector.pull(credentials, cursor):
            yield page, self.filing.compare(page.items, page.sweeps, page.skipped)

    def _store(self, page: Page, changes: Changes) -> None:
        has_meetings = self.provider == "google-calendar"
        with db.transaction(single=not (changes.closed or has_meetings)):
            self.filing.store(changes, self.lease, page.cursor)
            if has_meetings:
                owner = db.session.get_one(User, self.filing.owner_id)
                follow_events(owner, self.id, [*changes.written, *changes.closed])

    def _held(self, *, with_for_update: bool = False) -> Integration:
        """The integration, while this run has its lease. Errors: Conflict, also when it was disconnected meanwhile."""
        integration = db.session.get(Integration, self.id, with_for_update=with_for_update)
        if integration is None:
            raise Conflict("This account is no longer connected")
        integration.keep_lease(self.lease)
        return integration

    def succeed(self, is_complete: bool) -> None:
        with db.transaction():
            # Locked before it is read: a push at this moment must be seen, or come after.
            integration = self._held(with_for_update=True)
            integration.succeed(asdict(self.filing.counts), is_complete=is_complete)
            if is_complete and needs_channels(integration):
                record(ChannelsDue(integration.id))

    def fail(self, error: ConnectorError) -> None:
        """Note what went wrong; the owner hears of it once when his consent is needed."""
        with db.transaction():
            integration = db.session.get(Integration, self.id)
            if integration is None or integration.lease_token != self.lease:
                return
            is_news = integration.fail(
                error.message, needs_reconnect=error.kind == "reconnect", retry_after=error.retry_after
            )
            owner = db.session.get_one(User, integration.owner_id)
            if is_news and owner.deleted_at is None:
                send_reconnect(owner, self.provider)
