"""Events on their way out: one row for each endpoint and event, written with its cause.

The row is the truth: what is to be posted, how often it was tried and when it is tried next. Its uid is the message's
id, the same at every attempt.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

import orjson
from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    and_,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now, timestamp
from models.db import Base, Record, session
from models.errors import NotFound
from models.events import record
from settings import settings

SCHEDULE = (0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
"""Seconds to wait before each attempt, as Standard Webhooks 1.0 recommends."""
AWAY = (502, 503, 504)
"""What a proxy says for a server that is not there."""
LARGEST = 20_000
ATTEMPT = timedelta(seconds=60)
"""An attempt that is heard nothing of for so long has died with its worker."""
_WAITS = text("state IN ('pending', 'posting')")


@dataclass(frozen=True, slots=True)
class DeliveryQueued:
    """Something is ready to be posted to an endpoint."""

    webhook_id: int


class Delivery(Base):
    """One event for one endpoint. `payload` is the very text that is signed."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'posting', 'delivered', 'failed')", name="state"),
        Index("ix_webhook_deliveries_due", "webhook_id", "run_at", sqlite_where=_WAITS, postgresql_where=_WAITS),
        Index("ix_webhook_deliveries_webhook_id", "webhook_id", "id"),
        Index("ix_webhook_deliveries_created_at", "created_at"),
    )

    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    event: Mapped[str] = mapped_column(String(40))
    payload: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    run_at: Mapped[datetime] = mapped_column(default=now)
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    last_attempt_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)

    @classmethod
    def queue(
        cls,
        webhook_ids: Sequence[int],
        event: str,
        organization: Mapping[str, Any],
        data: Mapping[str, Any],
        moment: datetime,
    ) -> None:
        """Write an event for some endpoints; it goes out once this transaction is committed."""
        if not webhook_ids:
            return
        payload = orjson.dumps(
            {"event": event, "organization": organization, "data": data, "timestamp": timestamp(moment)}
        ).decode()
        if len(payload.encode()) > LARGEST - 200:  # the signature is still to come
            raise ValueError(f"the payload of {event} is too large")
        session.add_all([cls(webhook_id=id, event=event, payload=payload) for id in webhook_ids])
        session.flush()
        for id in webhook_ids:
            record(DeliveryQueued(id))

    @classmethod
    def of(cls, webhook_id: int, id: int) -> Self:
        """One of an endpoint's deliveries. Errors: NotFound."""
        delivery = session.scalar(select(cls).where(cls.id == id, cls.webhook_id == webhook_id))
        if delivery is None:
            raise NotFound("Delivery not found")
        return delivery

    @classmethod
    def take(cls, webhook_id: int, most: int) -> list[Self]:
        """What is due for an endpoint, the oldest first; each attempt is counted before it is made."""
        due = session.scalars(
            select(cls).where(cls.webhook_id == webhook_id, cls.is_due()).order_by(cls.run_at, cls.id).limit(most)
        )
        taken = list(due)
        for delivery in taken:
            delivery.state = "posting"
            delivery.attempts += 1
            delivery.last_attempt_at = now()
            delivery.run_at = now() + ATTEMPT
        return taken

    @classmethod
    def is_due(cls) -> ColumnElement[bool]:
        """Its time has come, or the worker that was posting it has died."""
        return and_(cls.state.in_(("pending", "posting")), cls.run_at <= now())

    @classmethod
    def hurry(cls, webhook_id: int) -> None:
        """Let what waits only because the endpoint was away be due now.

        An event that the receiver itself could not digest keeps to its schedule, and what is being posted is not
        touched.
        """
        session.execute(
            update(cls)
            .where(
                cls.webhook_id == webhook_id,
                cls.state == "pending",
                cls.run_at > now(),
                or_(cls.last_status.is_(None), cls.last_status.in_(AWAY)),
            )
            .values(run_at=now())
            .execution_options(synchronize_session=False)
        )

    @property
    def message_id(self) -> str:
        return f"msg_{self.uid.hex}"

    def arrived(self, status: int) -> None:
        """The receiver took it."""
        self.state, self.delivered_at = "delivered", now()
        self.last_status, self.last_error = status, None

    def missed(self, status: int | None, error: str, *, is_final: bool = False, retry_after: float = 0) -> None:
        """The receiver did not take it: it is tried again as the schedule says, or has failed for good."""
        self.last_status, self.last_error = status, error[:200]
        if is_final or self.attempts >= len(SCHEDULE):
            self.state = "failed"
            return
        self.state = "pending"
        wait = SCHEDULE[self.attempts] * settings.webhook_retry_scale * random.uniform(0.9, 1.1)
        self.run_at = now() + timedelta(seconds=max(wait, retry_after))

    def redeliver(self) -> None:
        """Post it once more now, with the same id."""
        self.state, self.attempts, self.run_at = "pending", 0, now()
        self.delivered_at = None
        session.flush()
        record(DeliveryQueued(self.webhook_id))


def list_deliveries(webhook_id: int, *, limit: int, offset: int = 0, state: str | None = None) -> list[Record]:
    """What was sent to an endpoint or is on its way, the newest first."""
    wanted = select(
        Delivery.id,
        Delivery.uid,
        Delivery.event,
        Delivery.payload,
        Delivery.state,
        Delivery.attempts,
        Delivery.run_at,
        Delivery.last_status,
        Delivery.last_error,
        Delivery.last_attempt_at,
        Delivery.delivered_at,
        Delivery.created_at,
    ).where(_chosen(webhook_id, state))
    return list(session.execute(wanted.order_by(Delivery.id.desc()).limit(limit).offset(offset)))


def count_deliveries(webhook_id: int, state: str | None = None) -> int:
    """How many deliveries `list_deliveries` has in all."""
    return session.scalar(select(func.count()).select_from(Delivery).where(_chosen(webhook_id, state))) or 0


def _chosen(webhook_id: int, state: str | None) -> ColumnElement[bool]:
    wanted = Delivery.webhook_id == webhook_id
    if state is None:
        return wanted
    return and_(wanted, Delivery.state.in_(("pending", "posting") if state == "pending" else (state,)))
