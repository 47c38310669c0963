"""Roll-ups: copies that must never disagree with the blocks once they were counted."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from sqlalchemy import func, select

from models.blocks import TimeBlock
from models.db import session
from models.dirty_days import users_with_dirty_days
from models.rollups import active_months, daily_totals, rebuild, refresh, slices
from models.users import User
from tests.cast import Person, transaction
from tests.web.tymblok.test_stats import plan_done
from workers.stats import refresh_batch

DAY = date(2026, 3, 20)
Totals = dict[tuple[date, int], tuple[int, int, int]]


def counted(user_id: int) -> Totals:
    """What is stored."""
    with transaction(reading=True):
        rows = session.execute(select(daily_totals).where(daily_totals.c.user_id == user_id))
        return {(row.date, row.category_id): (row.planned, row.completed, row.minutes) for row in rows}


def true(user_id: int) -> Totals:
    """What the blocks say, block by block."""
    found: Totals = {}
    with transaction(reading=True):
        for block in session.scalars(select(TimeBlock).where(TimeBlock.owner_id == user_id)):
            if block.deleted_at is None:
                key = (block.date, block.category_id)
                done = int(block.completed_at is not None)
                old = found.get(key, (0, 0, 0))
                found[key] = (old[0] + 1, old[1] + done, old[2] + done * block.duration_minutes)
    return found


def test_the_worker_counts_what_changed_and_nothing_else(alice: Person, bob: Person) -> None:
    plan_done(alice, str(DAY), 30)
    with transaction():
        refresh_batch()
    assert counted(alice.id) == true(alice.id) != {}
    with transaction():
        session.execute(daily_totals.update().values(minutes=999).where(daily_totals.c.user_id == alice.id))
    plan_done(bob, str(DAY), 30)
    plan_done(alice, str(DAY + timedelta(days=1)), 10)
    with transaction():
        assert refresh_batch() >= 2
    assert [each[2] for (day, _), each in counted(alice.id).items() if day == DAY] == [999]
    with transaction(reading=True):
        assert not set(users_with_dirty_days(1000)) & {alice.id, bob.id}


def test_a_rebuild_repairs_what_is_wrong_and_removes_what_is_nobodys(alice: Person) -> None:
    plan_done(alice, str(DAY), 30)
    with transaction():
        refresh(alice.id)
        session.execute(daily_totals.update().values(minutes=999).where(daily_totals.c.user_id == alice.id))
        stray = {"user_id": alice.id, "date": date(2020, 1, 1), "category_id": 1}
        session.execute(daily_totals.insert().values(**stray, planned=1, completed=1, minutes=1))
        session.execute(active_months.insert().values(user_id=alice.id, month=24240, days=1))
    with transaction():
        for first, last in slices():
            rebuild(first, last)
    assert counted(alice.id) == true(alice.id)
    with transaction(reading=True):
        months = session.execute(select(active_months).where(active_months.c.user_id == alice.id)).all()
    assert [(row.month, row.days) for row in months] == [(2026 * 12 + 2, 1 << 19)]


def test_slices_cover_every_user_once(alice: Person, bob: Person) -> None:
    with transaction(reading=True):
        ranges = slices()
        people = list(session.scalars(select(User.id)))
    assert all(sum(first <= id <= last for first, last in ranges) == 1 for id in people)


def test_changes_while_others_count_are_never_lost(meet: Callable[..., Person]) -> None:
    alice = meet("alice", plan="pro_monthly")
    user_id = alice.id
    blocks = [plan_done(alice, str(DAY + timedelta(days=n % 4)), 30) for n in range(8)]
    everybody = (0, 2**40)

    def change(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(25):
            uid = chance.choice(blocks)
            day = DAY + timedelta(days=chance.randint(0, 3))
            with transaction():
                owner = session.get_one(User, user_id)
                block = session.scalars(select(TimeBlock).where(TimeBlock.uid == uuid.UUID(uid))).one()
                block.change(owner, date=day, duration_minutes=chance.randint(1, 90))

    def count(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(25):
            with transaction():
                rebuild(*everybody) if chance.random() < 0.3 else refresh(user_id)

    with ThreadPoolExecutor(6) as threads:
        for done in [threads.submit(work, n) for n, work in enumerate([change, change, change, count, count, count])]:
            done.result()
    with transaction():
        refresh(user_id)
    assert counted(user_id) == true(user_id)
    with transaction(reading=True):
        assert session.scalar(select(func.sum(daily_totals.c.planned)).where(daily_totals.c.user_id == user_id)) == 8
