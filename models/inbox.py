"""The inbox: work that waits to be planned, written by hand or brought by a provider."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time
from functools import cache
from typing import Any, Self

from sqlalchemy import (
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
)  # fmt: skip
from sqlalchemy.orm import Mapped, mapped_column

from models.blocks import RESTORABLE, TimeBlock
from models.categories import Category
from models.clock import now
from models.db import Base, Record, session
from models.errors import Conflict, NotFound
from models.planning import plan_from
from models.statements import Statement
from models.users import User


class InboxItem(Base):
    """Something to do, to read or to attend.

    It is in the inbox while nobody dismissed it or completed the task made from it, no block plans it, and its provider
    says that it is open. Each is remembered apart, so a reopened issue returns and a dismissed one stays away.
    """

    __tablename__ = "inbox_items"
    __table_args__ = (
        UniqueConstraint("integration_id", "external_id"),
        Index("ix_inbox_items_owner", "owner_id", "created_at"),
    )

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    integration_id: Mapped[int | None] = mapped_column(ForeignKey("integrations.id", ondelete="SET NULL"))
    source: Mapped[str] = mapped_column(String(20), default="manual")
    type: Mapped[str] = mapped_column(String(10), default="task")
    priority: Mapped[str] = mapped_column(String(10), default="normal")
    title: Mapped[str] = mapped_column(String(500))
    description: Mapped[str | None] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(String(500))
    external_url: Mapped[str | None] = mapped_column(String(2000))
    kept_from: Mapped[str | None] = mapped_column(String(200))
    """The provider's account that brought it, where that is no longer connected."""
    content_hash: Mapped[str | None] = mapped_column(String(32))
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    is_all_day: Mapped[bool] = mapped_column(default=False)
    closed_at: Mapped[datetime | None]
    dismissed_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    @property
    def provider_id(self) -> str | None:
        """The provider's own id."""
        return own_id(self.external_id)

    @classmethod
    def of(cls, user_id: int, uid: uuid.UUID) -> Self:
        """One of this user's items, wherever it is. Errors: NotFound."""
        item = session.scalar(select(cls).where(cls.uid == uid, cls.owner_id == user_id))
        if item is None:
            raise NotFound("Inbox item not found")
        return item

    @classmethod
    def write(cls, owner_id: int, title: str, **values: Any) -> Self:
        """Put something in by hand."""
        item = cls(owner_id=owner_id, title=title, **values)
        session.add(item)
        session.flush()
        return item

    def dismiss(self) -> None:
        """Out of the inbox for good, whatever its provider says later."""
        self.dismissed_at = self.dismissed_at or now()

    def restore(self) -> None:
        """Back into the inbox, within 30 days of the dismissal; what was not dismissed stays. Errors: NotFound."""
        if self.dismissed_at is not None and self.dismissed_at <= now() - RESTORABLE:
            raise NotFound("Inbox item not found")
        self.dismissed_at = None

    def schedule(self, owner: User, category: Category, date: date, start_time: time, minutes: int) -> TimeBlock:
        """Plan it as a time block; it leaves the inbox. Errors: Conflict, LimitReached."""
        owner.lock()
        if session.scalar(select(exists().where(*_PLANNED_BY, InboxItem.id == self.id))):
            raise Conflict("This item is planned already")
        return plan_from(
            owner,
            category,
            title=self.title,
            date=date,
            start_time=start_time,
            duration_minutes=minutes,
            is_urgent=self.priority == "high",
            inbox_item_id=self.id,
            external_id=self.provider_id,
            external_url=self.external_url,
            external_source=None if self.source == "manual" else self.source,
        )


def own_id(external_id: str | None) -> str | None:
    """`issue:123` as the provider knows it, `123`: the part before the colon says in which listing it was."""
    return external_id.partition(":")[2] if external_id else None


_PLANNED_BY = (TimeBlock.inbox_item_id == InboxItem.id, TimeBlock.deleted_at.is_(None))


_ITEMS = (
    InboxItem.uid, InboxItem.title, InboxItem.description, InboxItem.source, InboxItem.type, InboxItem.priority,
    InboxItem.external_id, InboxItem.external_url, InboxItem.starts_at, InboxItem.ends_at, InboxItem.dismissed_at,
    InboxItem.completed_at, InboxItem.created_at,
)  # fmt: skip


def list_inbox(
    user_id: int,
    *,
    source: str | None = None,
    type: str | None = None,
    includes_dismissed: bool = False,
    search: str | None = None,
    limit: int,
    offset: int = 0,
) -> list[Record]:
    """What waits to be planned, the newest first, in one statement."""
    given = _given(source, type, search)
    listing = _listing(frozenset(given), includes_dismissed)
    return list(listing.rows(owner=user_id, limit=limit, offset=offset, **given))


def count_inbox(
    user_id: int,
    *,
    source: str | None = None,
    type: str | None = None,
    includes_dismissed: bool = False,
    search: str | None = None,
) -> int:
    """How many items `list_inbox` has in all."""
    given = _given(source, type, search)
    return int(_counting(frozenset(given), includes_dismissed).rows(owner=user_id, **given)[0][0])


def _given(source: str | None, type: str | None, search: str | None) -> dict[str, str]:
    """What is asked for beside the owner; a search text with its wildcards escaped."""
    text = search and search.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return {name: value for name, value in (("source", source), ("type", type), ("search", text)) if value}


def _waiting(asked: frozenset[str], includes_dismissed: bool) -> Any:
    wanted = [InboxItem.owner_id == bindparam("owner"), InboxItem.closed_at.is_(None), ~exists().where(*_PLANNED_BY)]
    if not includes_dismissed:
        wanted += [InboxItem.dismissed_at.is_(None), InboxItem.completed_at.is_(None)]
    if "source" in asked:
        wanted.append(InboxItem.source == bindparam("source"))
    if "type" in asked:
        wanted.append(InboxItem.type == bindparam("type"))
    if "search" in asked:
        text = bindparam("search", type_=String())
        wanted.append(or_(*(each.icontains(text, escape="/") for each in (InboxItem.title, InboxItem.description))))
    return and_(*wanted)


@cache
def _listing(asked: frozenset[str], includes_dismissed: bool) -> Statement:
    return Statement(
        select(*_ITEMS)
        .where(_waiting(asked, includes_dismissed))
        .order_by(InboxItem.created_at.desc(), InboxItem.id.desc())
        .limit(bindparam("limit", type_=Integer()))
        .offset(bindparam("offset", type_=Integer()))
    )


@cache
def _counting(asked: frozenset[str], includes_dismissed: bool) -> Statement:
    wanted = _waiting(asked, includes_dismissed)
    return Statement(select(func.count().label("count")).select_from(InboxItem).where(wanted))
