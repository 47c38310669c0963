"""How a block gets into its day: at the end of the day's order, where the plan allows one more.

The day is counted by the statement that takes the place in it, so nothing is read first to be written after. Who plans
holds the owner's row, so two that plan for one owner take their places one after the other.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import BigInteger, and_, bindparam, func, insert, literal, or_, select

from models.blocks import TimeBlock, days_changed
from models.categories import Category
from models.clock import instant, now
from models.db import Id, session
from models.errors import Invalid
from models.plans import PLANS, UNLIMITED, check_limit
from models.statements import Statement
from models.users import User


def plan_block(
    user_id: int,
    category: uuid.UUID,
    field: str,
    *,
    title: str,
    date: date,
    start_time: time,
    duration_minutes: int,
    subtitle: str | None = None,
    is_urgent: bool = False,
) -> Sequence[Any]:
    """Plan a stretch of time; the block as `agenda.show_block` has it. Errors: Invalid (the field), LimitReached."""
    plan, zone, *kind = _HOLD.rows(owner=user_id, category=category)[0]
    if kind[0] is None:
        raise Invalid({field: ["There is no such category"]})
    uid, place, moment = take_place(
        user_id,
        plan,
        category_id=kind[0],
        title=title,
        subtitle=subtitle,
        date=date,
        start_time=start_time,
        duration_minutes=duration_minutes,
        starts_at=instant(date, start_time, zone),
        is_urgent=is_urgent,
    )
    return (
        uid, title, subtitle, date, start_time, duration_minutes, is_urgent, None, 0, 0, place, None, None, None,
        moment, moment, *kind[1:],
    )  # fmt: skip


def plan_from(owner: User, category: Category, *, starts_at: datetime | None = None, **values: Any) -> TimeBlock:
    """Plan a stretch of time that comes from somewhere. Errors: LimitReached.

    `starts_at` says which one is meant of a time that the wall clock shows twice.
    """
    owner.lock()
    starts_at = starts_at or instant(values["date"], values["start_time"], owner.timezone)
    uid, _, _ = take_place(owner.id, owner.plan, category_id=category.id, starts_at=starts_at, **values)
    return session.scalars(select(TimeBlock).where(TimeBlock.uid == uid)).one()


def take_place(user_id: int, plan: str, **values: Any) -> tuple[uuid.UUID, int, datetime]:
    """Write a block; its uid, place and moment. The owner's row is held. Errors: LimitReached."""
    uid, moment, most = uuid.uuid4(), now(), PLANS[plan].features.blocks_per_day
    most = _ANY if most == UNLIMITED else most
    placed = _PLACE.rows(**{**_LEFT_OUT, **values}, owner_id=user_id, uid=uid, moment=moment, most=most)
    if not placed:
        check_limit(plan, "blocks_per_day", most, "blocks a day")
    days_changed(user_id, values["date"])
    return uid, placed[0][0], moment


_HOLD = Statement(
    select(
        User.plan, User.timezone, Category.id, Category.uid, Category.name, Category.color, Category.icon,
        Category.owner_id,
    )
    .select_from(User)
    .outerjoin(
        Category,
        and_(Category.uid == bindparam("category"), or_(Category.owner_id == User.id, Category.owner_id.is_(None))),
    )
    .where(User.id == bindparam("owner"))
    .with_for_update(of=User, key_share=True)
)  # fmt: skip
_columns = TimeBlock.__table__.c
_GIVEN = (
    "uid", "owner_id", "category_id", "inbox_item_id", "title", "subtitle", "date", "start_time", "duration_minutes",
    "starts_at", "is_urgent", "external_id", "external_url", "external_source",
)  # fmt: skip
_LEFT_OUT: dict[str, Any] = {
    **dict.fromkeys(("subtitle", "inbox_item_id", "external_id", "external_url", "external_source")),
    "is_urgent": False,
}
_ANY = 2**31 - 1
_day = (
    select(func.count().label("used"), func.coalesce(func.max(_columns.sort_order), 0).label("last"))
    .where(
        _columns.owner_id == bindparam("owner_id"), _columns.date == bindparam("date"), _columns.deleted_at.is_(None)
    )
    .subquery("day")
)
_moment = bindparam("moment", type_=_columns.created_at.type)
_values: list[Any] = [
    # The type of a column that points at a table of a later file is not known yet.
    *(bindparam(name, type_=Id if name.endswith("_id") and name != "external_id" else _columns[name].type)
      for name in _GIVEN),
    literal(0), literal(0), _moment, _moment, _day.c.last + 1,
]  # fmt: skip
_PLACE = Statement(
    insert(TimeBlock.__table__)  # type: ignore[arg-type]  # a Table
    .from_select(
        [*_GIVEN, "progress", "elapsed_seconds", "created_at", "updated_at", "sort_order"],
        select(*_values).where(_day.c.used < bindparam("most", type_=BigInteger())),
        include_defaults=False,
    )
    .returning(_columns.sort_order)
)
