"""An organisation's time in sums: one row for each member and day, with his seconds and the hours that he worked in.

Written with the stretches that it sums, in the same transaction, so it is never behind them. A million stretches of a
team are some ten thousand such rows, and any span of days is read from them at once. A day and its hours are those of
the organisation's clock when the work was done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, Integer, Table, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from models.clock import day_bounds, day_start, local
from models.db import Base, Id, Record, session
from models.organizations import Organization
from models.stretches import stretches
from models.users import User
from settings import settings

team_days = Table(
    "team_days",
    Base.metadata,
    Column("organization_id", Id, ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("seconds", Integer, nullable=False),
    Column("hours", Integer, nullable=False),
    CheckConstraint("seconds >= 0", name="seconds"),
    CheckConstraint("hours BETWEEN 0 AND 16777215", name="hours"),
    Index("ix_team_days_user_id", "user_id"),
)
"""`hours` has a bit for each of the 24."""
_DAY = timedelta(days=1)
Stretch = tuple[datetime, datetime, int]


def count(organization_id: int, user_id: int, worked: Iterable[Stretch]) -> None:
    """Add what was worked to its days."""
    zone = session.get_one(Organization, organization_id).timezone
    rows = _rows(organization_id, user_id, worked, zone)
    if not rows:
        return
    insert = sqlite.insert if settings.on_sqlite else postgresql.insert
    new: Any = insert(team_days)
    session.execute(
        new.on_conflict_do_update(
            index_elements=["organization_id", "day", "user_id"],
            set_={
                "seconds": team_days.c.seconds + new.excluded.seconds,
                "hours": team_days.c.hours.bitwise_or(new.excluded.hours),
            },
        ),
        rows,
    )


def recount(organization_id: int, user_id: int, since: datetime, until: datetime) -> None:
    """Count a member's days anew, from the stretches that there are; the days of these two moments and between."""
    zone = session.get_one(Organization, organization_id).timezone
    first, last = local(since, zone).date(), local(until, zone).date()
    start, end = day_bounds(first, last, zone)
    theirs = (team_days.c.organization_id == organization_id, team_days.c.user_id == user_id)
    session.execute(delete(team_days).where(*theirs, team_days.c.day.between(first, last)))
    found = session.execute(
        select(stretches.c.started_at, stretches.c.ended_at, stretches.c.seconds).where(
            stretches.c.organization_id == organization_id,
            stretches.c.owner_id == user_id,
            stretches.c.started_at > start - _DAY,
            stretches.c.started_at < end,
        )
    )
    inside = [part for row in found for part in _split(*row, zone) if first <= part[0] <= last]
    rows = _sum(organization_id, user_id, inside)
    if rows:
        session.execute(team_days.insert(), rows)


def moved() -> list[int]:
    """Ids of the organisations that have moved to another zone since their days were counted."""
    return list(session.scalars(select(Organization.id).where(Organization.counted_in.is_not(None))))


def people_of(organization_id: int) -> list[Record]:
    """Who ever worked for an organisation: user_id, and when first and last."""
    chosen = (
        select(
            stretches.c.owner_id.label("user_id"),
            func.min(stretches.c.started_at).label("first"),
            func.max(stretches.c.ended_at).label("last"),
        )
        .where(stretches.c.organization_id == organization_id)
        .group_by(stretches.c.owner_id)
    )
    return list(session.execute(chosen))


def recount_person(organization_id: int, person: Record) -> None:
    """Count all of one person's days anew, while nobody moves his timer."""
    session.execute(select(User.id).where(User.id == person.user_id).with_for_update())
    # A day on either side: in the zone before, the first and the last may have been others.
    recount(organization_id, person.user_id, person.first - _DAY, person.last + _DAY)


def settle(organization_id: int, zone: str) -> None:
    """The days are counted in this zone now; where it has moved on meanwhile, they are counted again."""
    session.execute(
        update(Organization)
        .where(Organization.id == organization_id, Organization.timezone == zone)
        .values(counted_in=None)
    )


def _rows(organization_id: int, user_id: int, worked: Iterable[Stretch], zone: str) -> list[dict[str, Any]]:
    return _sum(organization_id, user_id, [part for stretch in worked for part in _split(*stretch, zone)])


def _sum(organization_id: int, user_id: int, parts: Iterable[tuple[date, int, int]]) -> list[dict[str, Any]]:
    days: dict[date, tuple[int, int]] = {}
    for day, seconds, hours in parts:
        before = days.get(day, (0, 0))
        days[day] = (before[0] + seconds, before[1] | hours)
    return [
        {"organization_id": organization_id, "user_id": user_id, "day": day, "seconds": seconds, "hours": hours}
        for day, (seconds, hours) in days.items()
    ]


def _split(start: datetime, end: datetime, seconds: int, zone: str) -> Iterator[tuple[date, int, int]]:
    """The parts of a stretch in each local day: its whole seconds, as `Days.split` shares them, and its hours."""
    given = 0
    moment = start
    while True:
        day = local(moment, zone).date()
        until = min(end, day_start(day + _DAY, zone))
        passed = seconds if until >= end else min(seconds, max(0, (until - start) // timedelta(seconds=1)))
        if passed > given:
            yield day, passed - given, _hours(moment, until, zone)
        given = passed
        if until >= end:
            return
        moment = until


def _hours(start: datetime, end: datetime, zone: str) -> int:
    """A bit for each hour of the wall clock that a span touches."""
    found = 0
    moment = start
    while moment < end:
        here = local(moment, zone)
        found |= 1 << here.hour
        moment += timedelta(hours=1) - timedelta(
            minutes=here.minute, seconds=here.second, microseconds=here.microsecond
        )
    return found
