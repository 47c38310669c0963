"""Connected accounts: whose they are, their sealed credentials, and how their syncs went.

The row is the truth about what is due: `next_sync_at` says when, `lease_until` that somebody is at it. A message on
the broker only makes it sooner.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.channels import PushChannel, channels_of
from models.clock import now
from models.db import Base, session
from models.errors import Conflict, NotFound
from models.events import record
from models.plans import check_limit
from models.queues import claim
from models.revocations import Revocation
from models.seal import Unreadable, seal, unseal
from models.users import User, email_key
from settings import settings

PROVIDERS = ("github", "jira", "google-calendar", "slack", "notion", "linear")
LEASE = timedelta(seconds=20)
"""A run that died is found out after this; one that lives renews it all the while (see workers/leases.py)."""
LONGEST_BACKOFF = timedelta(hours=1)
CLAIM = timedelta(seconds=30)
"""Shorter than other work's: what is announced twice is synced once, and a lost message costs half a minute."""
PARKED = timedelta(seconds=60)
"""What is parked is announced again after this, should whoever was to take it up have died."""


@dataclass(frozen=True, slots=True)
class SyncDue:
    """An integration should be synced now."""

    integration_id: int


class Integration(Base):
    """One provider's account, connected by a user."""

    __tablename__ = "integrations"
    __table_args__ = (
        UniqueConstraint("owner_id", "provider"),
        Index("ix_integrations_due", "announce_at"),
        Index("ix_integrations_account", "provider", "external_account"),
        Index("ix_integrations_username", "provider", "username_key"),
        Index("ix_integrations_lease", "lease_until"),
        Index("ix_integrations_parked", "provider", "parked_at"),
    )

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    provider: Mapped[str] = mapped_column(String(20))
    external_account: Mapped[str] = mapped_column(String(200))
    external_username: Mapped[str | None]
    username_key: Mapped[str | None]
    """The username without regard to case: some pushes name people by it."""
    external_avatar_url: Mapped[str | None] = mapped_column(String(2000))
    sealed_credentials: Mapped[str] = mapped_column(Text)
    credentials_expire_at: Mapped[datetime | None]
    cursor: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    chosen: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """The calendars that the owner wants, by the provider's ids; None: those that the provider shows."""
    state: Mapped[str] = mapped_column(String(20), default="ok")
    """`ok`, `retrying` or `needs_reconnect`."""
    failures: Mapped[int] = mapped_column(default=0)
    next_sync_at: Mapped[datetime | None] = mapped_column(default=now)
    announce_at: Mapped[datetime | None] = mapped_column(default=now)
    """When the worker is told next; moves on with each announcement, so a lost message costs a minute."""
    woken_at: Mapped[datetime | None]
    """When a push asked for a sync that has not begun yet."""
    lease_until: Mapped[datetime | None]
    lease_token: Mapped[str | None] = mapped_column(String(32))
    parked_at: Mapped[datetime | None]
    """When a worker found that its provider has enough runs already; whoever ends one of these takes it up."""
    last_sync_at: Mapped[datetime | None]
    last_sync_error: Mapped[str | None] = mapped_column(String(500))
    last_run: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(default=now)

    @classmethod
    def of(cls, user_id: int, provider: str) -> Self:
        """A user's integration with a provider. Errors: NotFound."""
        integration = session.scalar(select(cls).where(cls.owner_id == user_id, cls.provider == provider))
        if integration is None:
            raise NotFound(f"{provider} is not connected")
        return integration

    @classmethod
    def connect(
        cls,
        owner: User,
        provider: str,
        *,
        account: str,
        username: str | None,
        avatar_url: str | None,
        credentials: dict[str, Any],
        expires_at: datetime | None,
    ) -> Self:
        """Store an account that its owner gave consent for; again, it is reconnected. Errors: LimitReached."""
        owner.lock()
        integration = session.scalar(select(cls).where(cls.owner_id == owner.id, cls.provider == provider))
        if integration is None:
            check_room(owner, provider)
            integration = cls(owner_id=owner.id, provider=provider, cursor={}, external_account=account)
            session.add(integration)
        elif integration.external_account != account:
            integration._let_go()
            integration.cursor = {}  # another account's place in its lists means nothing here
            integration.chosen = None
        integration.external_account = account
        integration.external_username = username
        integration.username_key = username.casefold() if username else None
        integration.external_avatar_url = avatar_url
        integration.sealed_credentials = seal(credentials, _purpose(owner.id, provider))
        integration.credentials_expire_at = expires_at
        integration.state, integration.failures = "ok", 0
        integration.last_sync_error = None
        # A run that is under way reads with what this consent replaces; it ends at its next page.
        integration.lease_until = integration.lease_token = None
        session.flush()
        integration.wake()
        return integration

    @property
    def credentials(self) -> dict[str, Any]:
        """What the provider gave. Errors: Unreadable."""
        value: dict[str, Any] = unseal(self.sealed_credentials, _purpose(self.owner_id, self.provider))
        return value

    def keep_credentials(self, credentials: dict[str, Any], expires_at: datetime | None) -> None:
        """Store renewed credentials, before they are used."""
        self.sealed_credentials = seal(credentials, _purpose(self.owner_id, self.provider))
        self.credentials_expire_at = expires_at

    def wake(self) -> None:
        """Sync it as soon as a worker is free."""
        if self.state != "needs_reconnect":
            self._plan(now())
            record(SyncDue(self.id))

    def choose(self, calendars: list[str]) -> None:
        """Have these calendars read from now on, also where a run is under way; none: those the provider shows."""
        self.chosen = calendars or None
        self.woken_at = now()
        self.wake()

    def _plan(self, moment: datetime | None) -> None:
        self.next_sync_at = self.announce_at = moment

    def disconnect(self, *, removes_items: bool = False) -> None:
        """Forget the account and give its tokens back. Its items stay unless the caller wants them gone."""
        from models.inbox import InboxItem  # the inbox knows integrations, so they learn of it late

        if removes_items:
            session.execute(delete(InboxItem).where(InboxItem.integration_id == self.id))
        self._let_go()
        session.delete(self)
        session.flush()

    def _let_go(self) -> None:
        """Give the account's tokens back; what it brought stays, and belongs to it again when it comes back."""
        from models.inbox import InboxItem

        session.execute(
            update(InboxItem)
            .where(InboxItem.integration_id == self.id)
            .values(integration_id=None, kept_from=self.external_account)
        )
        channels = [
            {"id": each.channel, "resource": each.resource, "resource_id": each.resource_id}
            for each in channels_of(self.id)
        ]
        with suppress(Unreadable):  # sealed with a key that is gone: there is nothing to give back
            Revocation.queue(self.provider, self.credentials, channels)
        session.execute(delete(PushChannel).where(PushChannel.integration_id == self.id))

    # -- one run at a time

    def lease(self, holder: str | None = None) -> str:
        """Take the right to sync, for a short time that is renewed; returns the lease. Errors: Conflict.

        `holder` names the task that runs: given out again after its process was killed, it takes its own lease over
        at once, and nobody waits for it to end.
        """
        token = holder or secrets.token_hex(16)
        ends_at = now() + LEASE
        taken = session.execute(
            update(Integration)
            .where(
                Integration.id == self.id,
                or_(
                    Integration.lease_until.is_(None),
                    Integration.lease_until < now(),
                    Integration.lease_token == token,
                ),
            )
            .values(lease_until=ends_at, announce_at=ends_at, lease_token=token, woken_at=None, parked_at=None)
        )
        if taken.rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
            raise Conflict("A sync of this account is running already")
        session.refresh(self)
        return token

    def keep_lease(self, token: str) -> None:
        """Still at it. Errors: Conflict, when the lease ran out and somebody else has it."""
        keep_lease(self.id, token)

    def has_room(self, most: int) -> bool:
        """Whether its provider has fewer than so many runs; if not, it is parked until one of them ends.

        Asked in the transaction that takes the lease, so that two cannot take the last place.
        """
        _one_by_one(self.provider)
        running = select(func.count()).where(
            Integration.provider == self.provider, Integration.lease_until > now(), Integration.id != self.id
        )
        if (session.scalar(running) or 0) < most:
            return True
        self.parked_at = now()
        self.announce_at = now() + PARKED
        return False

    @property
    def is_due(self) -> bool:
        """Whether its time has come; what was announced twice is done once."""
        return self.state != "needs_reconnect" and self.next_sync_at is not None and self.next_sync_at <= now()

    def succeed(self, counts: dict[str, int], *, is_complete: bool) -> None:
        """A run ended well; `is_complete` is False when pages are left for the worker.

        A push that came meanwhile may speak of what this run had read already, so another one follows.
        """
        self.last_run = counts
        self.lease_until = self.lease_token = None
        self.last_sync_at = now()
        self.state, self.failures, self.last_sync_error = "ok", 0, None
        jitter = timedelta(seconds=secrets.randbelow(60))
        is_done = is_complete and self.woken_at is None
        self._plan(now() + timedelta(minutes=settings.sync_minutes) + jitter if is_done else now())
        if not is_done:
            record(SyncDue(self.id))

    def fail(self, message: str, *, needs_reconnect: bool = False, retry_after: float | None = None) -> bool:
        """A run ended badly; whether this is news that the owner must hear of."""
        was_broken = self.state == "needs_reconnect"
        self.lease_until = self.lease_token = None
        self.last_sync_error = message[:500]
        self.failures += 1
        if needs_reconnect:
            self.state = "needs_reconnect"
            self._plan(None)
            return not was_broken
        self.state = "retrying"
        wait = min(timedelta(minutes=2) * 2 ** min(self.failures - 1, 10), LONGEST_BACKOFF)
        wait *= 1 + secrets.randbelow(250) / 1000
        if retry_after is not None:
            wait = max(wait, timedelta(seconds=retry_after))
        self._plan(now() + wait)
        return False


def check_room(owner: User, provider: str) -> None:
    """Whether the owner's plan allows this integration beside the others. Errors: LimitReached."""
    others = select(func.count()).where(Integration.owner_id == owner.id, Integration.provider != provider)
    used = session.scalar(others) or 0
    check_limit(owner.plan, "integrations", used, "connected integrations")


def list_integrations(user_id: int) -> list[Integration]:
    """A user's connected accounts, the oldest first."""
    return list(session.scalars(select(Integration).where(Integration.owner_id == user_id).order_by(Integration.id)))


def find_integrations(provider: str | None, email: str | None) -> list[tuple[int, str, str]]:
    """Id, provider and owner's e-mail of all that fit, for an operator."""
    found = select(Integration.id, Integration.provider, User.email).join(User, User.id == Integration.owner_id)
    if provider is not None:
        found = found.where(Integration.provider == provider)
    if email is not None:
        found = found.where(User.email_key == email_key(email))
    return [(row.id, row.provider, row.email) for row in session.execute(found.order_by(Integration.id))]


def claim_due(limit: int) -> list[int]:
    """Ids of integrations whose time has come and that nobody is at, the longest waiting first."""
    living = select(User.id).where(User.id == Integration.owner_id, User.deleted_at.is_(None)).exists()
    return claim(
        Integration,
        Integration.announce_at,
        Integration.state != "needs_reconnect",
        or_(Integration.lease_until.is_(None), Integration.lease_until < now()),
        living,
        limit=limit,
        lasts=CLAIM,
    )


def keep_lease(integration_id: int, token: str, cursor: dict[str, Any] | None = None) -> None:
    """Renew a lease, and move the run's cursor where one is given.

    Errors: Conflict, when the lease ran out and somebody else has it, or the account is gone.
    """
    ends_at = now() + LEASE
    moved = {} if cursor is None else {"cursor": cursor}
    kept = session.execute(
        update(Integration)
        .where(Integration.id == integration_id, Integration.lease_token == token)
        .values(lease_until=ends_at, announce_at=ends_at, **moved)
        .execution_options(synchronize_session=False)
    )
    if kept.rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
        raise lost_lease(integration_id)


def lost_lease(integration_id: int) -> Conflict:
    """What it means that a lease could not be renewed."""
    there = session.scalar(select(Integration.id).where(Integration.id == integration_id))
    return Conflict("Another sync of this account took over" if there else "This account is no longer connected")


def take_parked(provider: str) -> int | None:
    """The account that has been parked the longest, to be synced in the place that became free."""
    _one_by_one(provider)
    longest = (
        select(Integration.id)
        .where(Integration.provider == provider, Integration.parked_at.is_not(None))
        .order_by(Integration.parked_at)
        .limit(1)
    )
    taken: int | None = session.scalar(
        update(Integration)
        .where(Integration.id == longest.scalar_subquery())
        .values(parked_at=None)
        .returning(Integration.id)
        .execution_options(synchronize_session=False)
    )
    return taken


def _one_by_one(provider: str) -> None:
    """Until this transaction ends nobody else counts this provider's runs. SQLite lets one write at a time anyway."""
    if not settings.on_sqlite:
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"syncs of {provider}"))))


def _purpose(owner_id: int, provider: str) -> str:
    return f"integration:{owner_id}:{provider}"
