"""Reminders: before a block and in the evening, once each, to those alone who want and may have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, update

from models.clock import now
from models.db import session
from models.live import LiveEvent
from models.mail import Mail
from models.reminders import block_reminders, remind_of_blocks, summarize_days
from models.users import User
from tests.cast import Person, transaction
from tests.parallel import at_once
from tests.post import Post
from tests.web.tymblok.test_blocks import category
from workers.housekeeping import tidy_up
from workers.reminders import remind, summarize

Meet = Callable[..., Person]
NOON = "2026-03-20T12:00:00Z"


@pytest.fixture(autouse=True)
def _only_these_people(unlimited: None) -> Iterator[None]:
    with transaction():  # the people of other tests must not be written to
        session.execute(update(User).values(email_verified_at=None))
    yield


def verified(meet: Meet, name: str = "alice", **more: Any) -> Person:
    person = meet(name, **more)
    with transaction():
        user = User.by_email(person.email)
        assert user is not None
        user.email_verified_at = now()
    return person


def plan(person: Person, start: str, title: str = "Review", day: str = "2026-03-20") -> str:
    body = {"categoryId": category(person), "title": title, "date": day, "startTime": start, "durationMinutes": 45}
    return str(person.post("/blocks", body).json["data"]["id"])


def tick(minute: int, hour: int = 12) -> None:
    with time_machine.travel(datetime(2026, 3, 20, hour, minute, tzinfo=UTC), tick=False):
        _in_transaction(remind_of_blocks)


def _in_transaction(act: Callable[[], int]) -> int:
    with transaction():
        return act()


def mails(person: Person) -> list[str]:
    """Subjects of what waits or went out, without those of registering."""
    with transaction(reading=True):
        rows = session.scalars(select(Mail).where(Mail.recipient == person.email, Mail.sealed.is_not(None)))
        subjects = [mail.content[0] for mail in rows.all()]
    return [subject for subject in subjects if "Confirm" not in subject and "closed" not in subject]


def test_a_block_is_announced_its_minutes_before_it_starts_and_once(meet: Meet, post: Post) -> None:
    with time_machine.travel(NOON, tick=False):
        alice = verified(meet, timezone="Asia/Kathmandu")
        block = plan(alice, "18:15", "Review\r\nthe plan")  # 12:30 UTC
    tick(24)
    assert mails(alice) == []
    tick(25)
    tick(26)
    assert mails(alice) == ["At 18:15: Review the plan"]
    with transaction(reading=True):
        event = session.scalars(select(LiveEvent).where(LiveEvent.kind == "block_starts_soon")).one()
        assert event.data == {"block_id": block, "title": "Review\r\nthe plan", "starts_at": "2026-03-20T12:30:00Z"}
    post.deliver(alice.email)
    text = post.to(alice.email, "At 18:15")[0]["text"]
    assert "starts at 18:15 and is planned for 45 minutes" in text


def test_many_workers_at_once_announce_once(meet: Meet) -> None:
    with time_machine.travel(NOON, tick=False):
        alice = verified(meet)
        for minute in range(5):
            plan(alice, f"12:0{minute}", f"Block {minute}")
        sent = at_once(*[lambda: _in_transaction(remind_of_blocks)] * 6)
    assert sum(sent) == 5 and len(mails(alice)) == 5


def test_a_block_that_moves_is_announced_again(meet: Meet) -> None:
    with time_machine.travel(NOON, tick=False):
        alice = verified(meet)
        block = plan(alice, "12:05")
    tick(0)
    with time_machine.travel("2026-03-20T12:01:00Z", tick=False):
        alice.patch(f"/blocks/{block}", {"startTime": "13:00"})
    tick(1)
    assert len(mails(alice)) == 1
    tick(55)
    assert mails(alice) == ["At 12:05: Review", "At 13:00: Review"]


@pytest.mark.parametrize("minutes", [0, 60, 1440])
def test_the_minutes_are_the_users_own(meet: Meet, minutes: int) -> None:
    start = datetime(2026, 3, 21, 12, 30, tzinfo=UTC)
    with time_machine.travel(NOON, tick=False):
        alice = verified(meet)
        alice.patch("/settings", {"notifications": {"reminderMinutes": minutes}})
        plan(alice, "12:30", day="2026-03-21")
    for late, expected in ((-1, 0), (0, 1)):
        with time_machine.travel(start - timedelta(minutes=minutes - late), tick=False):
            _in_transaction(remind_of_blocks)
        assert len(mails(alice)) == expected


def test_nobody_is_reminded_who_may_not_be_or_needs_not(meet: Meet) -> None:
    with time_machine.travel(NOON, tick=False):
        unverified = meet("bob")
        off, done, gone, closed = (verified(meet, name) for name in ("off", "done", "gone", "closed"))
        off.patch("/settings", {"notifications": {"blockReminder": False, "dailySummary": False}})
        for person in (unverified, off, closed):
            plan(person, "12:03")
        done.post(f"/blocks/{plan(done, '12:03')}/complete")
        gone.delete(f"/blocks/{plan(gone, '12:03')}")
        closed.delete("/users/me")
        assert _in_transaction(remind_of_blocks) == 0
    with time_machine.travel("2026-03-20T21:00:00Z", tick=False):
        _in_transaction(summarize_days)
    for person in (unverified, off, gone, closed):
        assert mails(person) == []
    assert [subject.startswith("Your day") for subject in mails(done)] == [True]


def test_what_began_long_ago_is_not_announced(meet: Meet) -> None:
    with time_machine.travel(NOON, tick=False):
        alice = verified(meet)
        plan(alice, "12:10")
    tick(12)
    assert mails(alice) == []


def test_the_evening_comes_when_it_is_evening_there(meet: Meet, post: Post) -> None:
    with time_machine.travel(NOON, tick=False):
        east, west = verified(meet, "east", timezone="Pacific/Kiritimati"), verified(meet, "west", timezone="UTC")
        for person, day, after in ((east, "2026-03-21", "2026-03-22"), (west, "2026-03-20", "2026-03-21")):
            person.post(f"/blocks/{plan(person, '02:00', day=day)}/complete")
            plan(person, "03:00", day=day)
            plan(person, "09:30", "Tomorrow's work", day=after)
    at = {"2026-03-20T19:59:00Z": (0, 0), "2026-03-20T20:00:00Z": (0, 1), "2026-03-21T05:59:00Z": (0, 1),
          "2026-03-21T06:00:00Z": (1, 1), "2026-03-21T06:01:00Z": (1, 1)}  # fmt: skip
    for moment, (of_east, of_west) in at.items():
        with time_machine.travel(moment, tick=False):
            _in_transaction(summarize_days)
        counts = [len([s for s in mails(person) if s.startswith("Your day")]) for person in (east, west)]
        assert counts == [of_east, of_west], moment
    post.deliver(east.email)
    text = post.to(east.email, "Your day, 2026-03-21")[0]["text"]
    assert "Done today: 1 of 2 blocks, 45 minutes." in text and "09:30  Tomorrow's work" in text


def test_an_empty_day_is_not_written_about(meet: Meet) -> None:
    with time_machine.travel("2026-03-20T21:00:00Z", tick=False):
        alice = verified(meet)
        assert at_once(*[lambda: _in_transaction(summarize_days)] * 4) == [0] * 4
    assert mails(alice) == []


def test_many_workers_at_once_write_one_summary(meet: Meet) -> None:
    with time_machine.travel("2026-03-20T21:00:00Z", tick=False):
        alice = verified(meet)
        plan(alice, "09:00", day="2026-03-21")
        assert sum(at_once(*[lambda: _in_transaction(summarize_days)] * 6)) == 1
    assert len(mails(alice)) == 1


def test_the_tasks_do_it_and_old_rows_go(meet: Meet) -> None:
    with time_machine.travel(NOON, tick=False):
        alice = verified(meet)
        plan(alice, "12:03")
        with transaction():
            remind.run()
            summarize.run()
    assert len(mails(alice)) == 1
    with time_machine.travel("2026-05-20T12:00:00Z", tick=False), transaction():
        tidy_up.run()
    with transaction(reading=True):
        assert session.execute(select(block_reminders)).all() == []
