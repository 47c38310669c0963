"""Events of a connected calendar as time blocks in the category Meeting, for users who want that.

A block follows its event while nobody has completed or deleted it. A day that is full by the user's plan gets no more
blocks; the event stays in the inbox then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import func, select

from models.blocks import TimeBlock, days_changed
from models.categories import Category
from models.clock import local, now
from models.db import session
from models.errors import LimitReached
from models.inbox import InboxItem
from models.plans import PLANS, UNLIMITED
from models.users import User

LONGEST_MINUTES = 1440
_PART = 500


def follow_events(owner: User, integration_id: int, external_ids: Sequence[str]) -> None:
    """Plan what is new, move what was moved, take out what was cancelled."""
    if not owner.events_as_blocks or not external_ids:
        return
    owner.lock()
    fresh: list[InboxItem] = []
    for start in range(0, len(external_ids), _PART):
        found = session.execute(
            select(InboxItem, TimeBlock)
            .outerjoin(TimeBlock, TimeBlock.inbox_item_id == InboxItem.id)
            .where(
                InboxItem.integration_id == integration_id,
                InboxItem.external_id.in_(external_ids[start : start + _PART]),
                InboxItem.type == "event",
                InboxItem.is_all_day.is_(False),
                InboxItem.starts_at.is_not(None),
                InboxItem.ends_at.is_not(None),
            )
        )
        for item, block in found:
            if block is not None:
                _follow(owner, item, block)
            elif item.closed_at is None and item.dismissed_at is None:
                fresh.append(item)
    _plan(owner, fresh)


def follow_all_events(owner: User) -> None:
    """After the wish was turned on: plan what waits already."""
    waiting = session.execute(
        select(InboxItem.integration_id, InboxItem.external_id).where(
            InboxItem.owner_id == owner.id,
            InboxItem.type == "event",
            InboxItem.closed_at.is_(None),
            InboxItem.ends_at > now(),
        )
    )
    by_integration: dict[int, list[str]] = defaultdict(list)
    for integration_id, external_id in waiting:
        if integration_id is not None and external_id is not None:
            by_integration[integration_id].append(external_id)
    for integration_id, external_ids in by_integration.items():
        follow_events(owner, integration_id, external_ids)


def _follow(owner: User, item: InboxItem, block: TimeBlock) -> None:
    if block.completed_at is not None or block.deleted_at is not None:
        return
    if item.closed_at is not None:
        if block.starts_at > now():  # what is over was held, and stays in the day
            block.delete()
        return
    wanted = _place(owner, item)
    if wanted is not None:
        with suppress(LimitReached):  # the new day is full: the block stays where it was
            block.change(owner, **wanted)


def _plan(owner: User, items: Sequence[InboxItem]) -> None:
    wanted = [(item, place) for item in items if (place := _place(owner, item)) is not None]
    if not wanted:
        return
    meeting = Category.system("Meeting")
    days = {place["date"] for _, place in wanted}
    present: dict[date, tuple[int, int]] = {
        day: (count, last)
        for day, count, last in session.execute(
            select(TimeBlock.date, func.count(), func.max(TimeBlock.sort_order))
            .where(TimeBlock.owner_id == owner.id, TimeBlock.date.in_(days), TimeBlock.deleted_at.is_(None))
            .group_by(TimeBlock.date)
        )
    }
    most = PLANS[owner.plan].features.blocks_per_day
    planned: set[date] = set()
    for item, place in sorted(wanted, key=lambda pair: pair[1]["starts_at"]):
        count, last = present.get(place["date"], (0, 0))
        if most != UNLIMITED and count >= most:
            continue
        present[place["date"]] = (count + 1, last + 1)
        planned.add(place["date"])
        session.add(
            TimeBlock(
                owner_id=owner.id,
                category_id=meeting.id,
                inbox_item_id=item.id,
                sort_order=last + 1,
                external_id=item.provider_id,
                external_url=item.external_url,
                external_source=item.source,
                **place,
            )
        )
    session.flush()
    if planned:
        days_changed(owner.id, *sorted(planned))


def _place(owner: User, item: InboxItem) -> dict[str, Any] | None:
    """Where an event stands on the user's wall clock; None for one that fits no day."""
    starts_at, ends_at = item.starts_at, item.ends_at
    if starts_at is None or ends_at is None:
        return None
    minutes = round((ends_at - starts_at).total_seconds() / 60)
    if not 1 <= minutes <= LONGEST_MINUTES:
        return None
    shown: datetime = local(starts_at, owner.timezone)
    return {
        "title": item.title,
        "date": shown.date(),
        "start_time": time(shown.hour, shown.minute),
        "duration_minutes": minutes,
        "starts_at": starts_at,
    }
