"""The agenda: what is planned on some days, in order, as it is read and put in another order."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from functools import cache

from sqlalchemy import ColumnElement, Date, Integer, bindparam, func, select, update

from models.blocks import TimeBlock
from models.categories import Category
from models.clock import now
from models.db import Record, session
from models.errors import Invalid, NotFound
from models.statements import Statement
from models.users import User


def list_blocks(
    user_id: int, first: date, last: date, *, is_completed: bool | None = None, limit: int, offset: int = 0
) -> Sequence[Record]:
    """A span of days in order, each block with its category, in one statement."""
    span = {"first": first} if first == last else {"first": first, "last": last}
    return _listing(first == last, is_completed).rows(owner=user_id, limit=limit, offset=offset, **span)


def count_blocks(user_id: int, first: date, last: date, *, is_completed: bool | None = None) -> int:
    """How many blocks `list_blocks` has in all."""
    return int(_counting(is_completed).rows(owner=user_id, first=first, last=last)[0][0])


def show_block(user_id: int, uid: uuid.UUID) -> Record:
    """One block with its category. Errors: NotFound."""
    found = _ONE_BLOCK.rows(owner=user_id, uid=uid)
    if not found:
        raise NotFound("Block not found")
    return found[0]


def reorder(owner: User, day: date, uids: Sequence[uuid.UUID], field: str) -> None:
    """Put a day's blocks in the order given; those left out keep their order behind.

    Errors: NotFound, Invalid (of the field that names them).
    """
    if len(set(uids)) != len(uids):
        raise Invalid({field: ["A block may be named once only"]})
    owner.lock()
    present = session.execute(
        select(TimeBlock.id, TimeBlock.uid, TimeBlock.sort_order)
        .where(TimeBlock.owner_id == owner.id, TimeBlock.date == day, TimeBlock.deleted_at.is_(None))
        .order_by(TimeBlock.sort_order, TimeBlock.id)
    ).all()
    by_uid = {row.uid: row for row in present}
    strangers = [uid for uid in uids if uid not in by_uid]
    if strangers:
        _refuse_strangers(owner, strangers, field)
    first = [by_uid[uid] for uid in uids]
    rest = [row for row in present if row.uid not in set(uids)]
    moved = [
        {"id": row.id, "sort_order": place, "updated_at": now()}
        for place, row in enumerate([*first, *rest], 1)
        if row.sort_order != place
    ]
    if moved:
        session.execute(update(TimeBlock), moved)


def _refuse_strangers(owner: User, uids: Sequence[uuid.UUID], field: str) -> None:
    found = 0
    for start in range(0, len(uids), 500):
        found += (
            session.scalar(
                select(func.count())
                .select_from(TimeBlock)
                .where(
                    TimeBlock.uid.in_(uids[start : start + 500]),
                    TimeBlock.owner_id == owner.id,
                    TimeBlock.deleted_at.is_(None),
                )
            )
            or 0
        )
    if found == len(uids):
        raise Invalid({field: ["A block belongs to another day"]})
    raise NotFound("Block not found")


def _span(is_one_day: bool, is_completed: bool | None) -> list[ColumnElement[bool]]:
    first, last = bindparam("first", type_=Date()), bindparam("last", type_=Date())
    wanted = [
        TimeBlock.owner_id == bindparam("owner"),
        TimeBlock.deleted_at.is_(None),
        TimeBlock.date == first if is_one_day else TimeBlock.date.between(first, last),
    ]
    if is_completed is not None:
        done = TimeBlock.completed_at
        wanted.append(done.is_not(None) if is_completed else done.is_(None))
    return wanted


@cache
def _listing(is_one_day: bool, is_completed: bool | None) -> Statement:
    return Statement(
        _BLOCKS.where(*_span(is_one_day, is_completed))
        .order_by(TimeBlock.date, TimeBlock.sort_order, TimeBlock.id)
        .limit(bindparam("limit", type_=Integer()))
        .offset(bindparam("offset", type_=Integer()))
    )


@cache
def _counting(is_completed: bool | None) -> Statement:
    return Statement(select(func.count().label("count")).select_from(TimeBlock).where(*_span(False, is_completed)))


_BLOCKS = select(
    TimeBlock.uid,
    TimeBlock.title,
    TimeBlock.subtitle,
    TimeBlock.date,
    TimeBlock.start_time,
    TimeBlock.duration_minutes,
    TimeBlock.is_urgent,
    TimeBlock.completed_at,
    TimeBlock.progress,
    TimeBlock.elapsed_seconds,
    TimeBlock.sort_order,
    TimeBlock.external_id,
    TimeBlock.external_url,
    TimeBlock.external_source,
    TimeBlock.created_at,
    TimeBlock.updated_at,
    Category.uid.label("category_uid"),
    Category.name.label("category_name"),
    Category.color.label("category_color"),
    Category.icon.label("category_icon"),
    Category.owner_id.label("category_owner_id"),
).join(Category, Category.id == TimeBlock.category_id)
_ONE_BLOCK = Statement(
    _BLOCKS.where(
        TimeBlock.owner_id == bindparam("owner"), TimeBlock.uid == bindparam("uid"), TimeBlock.deleted_at.is_(None)
    )
)
