"""Endpoints that an organisation's events are posted to.

An endpoint is a lane: at most one worker is in it at a time, so one that hangs or is gone holds up nothing but
itself. A lane that failed is closed for a while that doubles; the first success opens it for all that waits.
"""

from __future__ import annotations

import base64
import binascii
import random
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, String, Text, exists, func, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now
from models.db import Base, session
from models.deliveries import Delivery, DeliveryQueued
from models.errors import Conflict, Invalid, NotFound
from models.events import record
from models.organizations import Organization
from models.seal import seal, unseal
from settings import settings

EVENTS = (
    "task_assigned", "task_started", "task_paused", "task_resumed", "task_completed", "employee_idle",
    "member_joined", "member_left",
)  # fmt: skip
MOST = 20
ROTATION = timedelta(hours=24)
PATIENCE = timedelta(days=5)
LANE = timedelta(seconds=45)
"""Longer than any attempt may take."""
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=5)
_STANDARD = "whsec_"


class Webhook(Base):
    """An address with a secret, and the events that it wants."""

    __tablename__ = "webhooks"
    __table_args__ = (Index("ix_webhooks_organization_id", "organization_id"),)

    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    url: Mapped[str] = mapped_column(String(2000))
    events: Mapped[list[str]] = mapped_column(JSON)
    sealed_secret: Mapped[str] = mapped_column(Text)
    sealed_previous: Mapped[str | None] = mapped_column(Text)
    previous_until: Mapped[datetime | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    off_reason: Mapped[str | None]
    failing_since: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    closed_until: Mapped[datetime | None]
    lane_until: Mapped[datetime | None]
    lane_token: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(default=now)

    @classmethod
    def create(cls, organization_id: int, *, url: str, events: Sequence[str], secret: str | None) -> tuple[Self, str]:
        """A new endpoint and its secret, one of our making where none is given. Errors: Invalid, Conflict."""
        session.get_one(Organization, organization_id).lock()
        count = session.scalar(select(func.count()).where(cls.organization_id == organization_id)) or 0
        if count >= MOST:
            raise Conflict(f"An organization may have {MOST} webhooks; delete one that you no longer use")
        secret = _checked(secret)
        webhook = cls(
            organization_id=organization_id,
            url=url,
            events=_in_order(events),
            sealed_secret=seal(secret, _purpose(organization_id)),
        )
        session.add(webhook)
        session.flush()
        return webhook, secret

    @classmethod
    def of(cls, organization_id: int, id: int) -> Self:
        """One of an organisation's endpoints. Errors: NotFound."""
        webhook = session.scalar(select(cls).where(cls.id == id, cls.organization_id == organization_id))
        if webhook is None:
            raise NotFound("Webhook not found")
        return webhook

    def change(
        self, *, url: str | None = None, events: Sequence[str] | None = None, is_active: bool | None = None
    ) -> None:
        """Change what it wants and where; switched on again, what waited goes out."""
        if url is not None:
            self.url = url
        if events is not None:
            self.events = _in_order(events)
        if is_active is False:
            self.switch_off("Switched off by an admin")
        elif is_active and not self.is_active:
            self.is_active, self.off_reason = True, None
            self._recover()

    def rotate(self, secret: str | None) -> str:
        """A new secret; for a day the old one signs as well. Errors: Invalid."""
        secret = _checked(secret)
        self.sealed_previous, self.previous_until = self.sealed_secret, now() + ROTATION
        self.sealed_secret = seal(secret, _purpose(self.organization_id))
        return secret

    @property
    def secrets(self) -> list[str]:
        """What signs now, the newest first. Errors: Unreadable."""
        sealed = [self.sealed_secret]
        if self.sealed_previous and self.previous_until and self.previous_until > now():
            sealed.append(self.sealed_previous)
        return [unseal(each, _purpose(self.organization_id)) for each in sealed]

    # -- the lane

    def enter(self) -> str | None:
        """Take the lane for one round; None where somebody is in it, or it is closed."""
        token = secrets.token_hex(8)
        taken = session.execute(
            update(Webhook)
            .where(Webhook.id == self.id, *_open())
            .values(lane_until=now() + LANE, lane_token=token)
            .execution_options(synchronize_session=False)
        )
        return token if taken.rowcount else None  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult

    def leave(self, token: str) -> None:
        """Give the lane back, if it is still ours."""
        session.execute(
            update(Webhook)
            .where(Webhook.id == self.id, Webhook.lane_token == token)
            .values(lane_until=None, lane_token=None)
            .execution_options(synchronize_session=False)
        )

    def succeeded(self) -> None:
        """The receiver took an event."""
        if self.failing_since is not None:
            self._recover()

    def failed(self, *, closes: bool, retry_after: float | None = None) -> bool:
        """An attempt failed; with `closes` the lane rests. Whether patience has ended with this."""
        self.failing_since = self.failing_since or now()
        if closes:
            self.failures += 1
            pause = min(_FIRST_PAUSE * 2 ** min(self.failures - 1, 10), _LONGEST_PAUSE) * settings.webhook_retry_scale
            pause = max(pause * random.uniform(0.9, 1.1), timedelta(seconds=retry_after or 0))
            self.closed_until = now() + pause
        return self.is_active and now() - self.failing_since >= PATIENCE

    def switch_off(self, reason: str) -> None:
        """Post nothing there until somebody switches it on again. What waits is kept."""
        self.is_active, self.off_reason = False, reason

    def _recover(self) -> None:
        self.failing_since, self.closed_until, self.failures = None, None, 0
        Delivery.hurry(self.id)
        record(DeliveryQueued(self.id))


def list_webhooks(organization_id: int) -> list[Webhook]:
    """An organisation's endpoints, the oldest first."""
    return list(session.scalars(select(Webhook).where(Webhook.organization_id == organization_id).order_by(Webhook.id)))


def wanting(organization_id: int, event: str) -> list[int]:
    """Ids of the endpoints that want to hear of an event."""
    rows = session.execute(
        select(Webhook.id, Webhook.events).where(
            Webhook.organization_id == organization_id, Webhook.is_active.is_(True)
        )
    )
    return [row.id for row in rows if event in row.events]


def lanes_due(limit: int = 200) -> list[int]:
    """Ids of endpoints with something due and nobody at it."""
    due = exists().where(Delivery.webhook_id == Webhook.id, Delivery.is_due())
    return list(session.scalars(select(Webhook.id).where(*_open(), due).limit(limit)))


def signing_key(secret: str) -> bytes:
    """The bytes that a secret signs with in the manner of Standard Webhooks; for other texts the text itself."""
    if secret.startswith(_STANDARD):
        return base64.b64decode(secret.removeprefix(_STANDARD))
    return secret.encode()


def _open() -> tuple[ColumnElement[bool], ...]:
    moment = now()
    return (
        Webhook.is_active.is_(True),
        or_(Webhook.lane_until.is_(None), Webhook.lane_until <= moment),
        or_(Webhook.closed_until.is_(None), Webhook.closed_until <= moment),
    )


def _checked(secret: str | None) -> str:
    """A secret that can sign. Errors: Invalid."""
    if secret is None:
        return _STANDARD + base64.b64encode(secrets.token_bytes(32)).decode()
    try:
        long_enough = len(signing_key(secret)) >= 8
    except (binascii.Error, ValueError):
        raise Invalid({"secret": ["What follows whsec_ must be base64"]}) from None
    if not long_enough:
        raise Invalid({"secret": ["Must be at least 8 characters"]})
    return secret


def _in_order(events: Sequence[str]) -> list[str]:
    return [event for event in EVENTS if event in events]


def _purpose(organization_id: int) -> str:
    return f"webhook:{organization_id}"
