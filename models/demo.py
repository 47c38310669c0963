"""The documented test account, with a month of believable work. Never in production."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import chain
from typing import Any

from sqlalchemy import select

from models.categories import Category
from models.clock import instant, now, today
from models.db import session
from models.errors import Forbidden
from models.exports import Kind, instant_text
from models.imports import import_records
from models.inbox import InboxItem
from models.planning import plan_from
from models.users import User
from settings import settings

EMAIL = "demo@focusflow.com"
PASSWORD = "DemoPass123!"  # noqa: S105  # the documented test credentials
ZONE = "America/New_York"
DAYS = 30

_PROJECTS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (
        "Personal Development",
        "Self-improvement tasks",
        "#FF5733",
        ("Write blog post", "Read a chapter on databases", "Practise Spanish", "Plan the garden", "Review the month"),
    ),
    (
        "Freelance Work",
        "Client projects",
        "#3498db",
        ("Sketch the landing page", "Fix the invoice export", "Call with the client", "Write the offer"),
    ),
    (
        "Work Projects",
        "What the team waits for",
        "#2ecc71",
        ("Review pull requests", "Prepare the demo", "Measure slow queries", "Write release notes", "Plan the sprint"),
    ),
    ("Old Website", "Finished last spring", "#95a5a6", ("Archive the old pages",)),
)
_OPEN = ((3, "Prepare the demo", 2, 2), (1, "Read a chapter on databases", 1, 1), (2, "Call with the client", 0, 1))
"""Tasks that wait: project, title, made so many days ago, pomodoros that it may take."""
_INBOX = (
    ("Answer the question about time zones", "normal"),
    ("Book the train to the conference", "normal"),
    ("Send the signed contract", "high"),
)
_BLOCKS = (
    ("Deep Work", "Morning focus", time(9, 0), 90),
    ("Meeting", "Stand-up", time(10, 45), 15),
    ("GitHub", "Pull requests", time(13, 30), 60),
    ("Other", "Wrap up the day", time(16, 30), 30),
)


def seed_demo() -> bool:
    """Make the demo account with its month; False where it is there already. Errors: Forbidden (in production)."""
    if settings.production:
        raise Forbidden("The demo account is never made in production")
    if User.by_email(EMAIL) is not None:
        return False
    user = User.register(
        EMAIL, PASSWORD, username="demo", first_name="Demo", last_name="User", timezone=ZONE
    )
    user.email_verified_at = user.created_at = now() - timedelta(days=DAYS)
    import_records(user, _month(today(ZONE)))
    _plan_days(user)
    for title, priority in _INBOX:
        InboxItem.write(user.id, title, priority=priority)
    session.flush()
    return True


def _plan_days(user: User) -> None:
    present = today(ZONE)
    categories = {each.name: each for each in _system_categories()}
    for number in range(-7, 2):
        day = present + timedelta(days=number)
        if day.weekday() < 5 or number == 0:
            for category, title, start, minutes in _BLOCKS:
                block = plan_from(
                    user, categories[category], title=title, date=day, start_time=start, duration_minutes=minutes
                )
                if block.starts_at + timedelta(minutes=minutes) < now():
                    block.complete()


def _system_categories() -> list[Category]:
    return list(session.scalars(select(Category).where(Category.owner_id.is_(None))))


def _month(present: date) -> Iterator[tuple[Kind, dict[str, Any]]]:
    """A month as an export would tell it: the same for the same day."""
    chance = random.Random(present.toordinal())
    began = instant(present - timedelta(days=DAYS), time(8, 30), ZONE)
    for number, (name, description, color, _) in enumerate(_PROJECTS, 1):
        yield "project", {
            "id": number,
            "name": name,
            "description": description,
            "color_code": color,
            "is_active": name != "Old Website",
            "created_at": instant_text(began + timedelta(minutes=number)),
        }
    sessions: list[dict[str, Any]] = []
    for number, task in enumerate(chain(_tasks(present, chance, sessions), _backlog(present)), 1):
        yield "task", {**task, "id": number}
    yield from (("session", record) for record in sessions)


def _tasks(present: date, chance: random.Random, sessions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The tasks of each day; their sessions are added to `sessions`."""
    number = 0
    for back in range(DAYS, -1, -1):
        day = present - timedelta(days=back)
        moment = instant(day, time(9, 0), ZONE) + timedelta(minutes=chance.randrange(40), seconds=chance.randrange(60))
        for _ in range(chance.choice((2, 3, 3)) if day.weekday() < 5 else chance.choice((0, 1))):
            project = chance.choice((1, 2, 2, 3, 3, 3))
            number += 1
            task = {
                "title": chance.choice(_PROJECTS[project - 1][3]),
                "description": "",
                "status": "completed",
                "project_id": project,
                "estimated_pomodoros": chance.randrange(1, 4),
                "created_at": instant_text(moment),
                "started_at": None,
                "ended_at": None,
            }
            began = moment
            for _ in range(chance.randrange(1, 4)):
                end = _pomodoro(sessions, number, moment, chance)
                if end is None:
                    break
                task["started_at"] = instant_text(began)
                moment = _rest(sessions, end) or end
            if task["started_at"] is None:
                task["status"] = "pending"
            elif moment < now():
                task["ended_at"] = instant_text(moment)
            else:
                task["status"] = "in_progress"
            if instant_text(began) <= instant_text(now()):
                yield task
            else:
                number -= 1
            moment += timedelta(minutes=chance.randrange(5, 50))


def _backlog(present: date) -> Iterator[dict[str, Any]]:
    """What is not begun yet."""
    for project, title, back, pomodoros in _OPEN:
        made = instant(present - timedelta(days=back), time(0, 5), ZONE)
        yield {
            "title": title,
            "description": "",
            "status": "pending",
            "project_id": project,
            "estimated_pomodoros": pomodoros,
            "created_at": instant_text(made),
            "started_at": None,
            "ended_at": None,
        }


def _pomodoro(
    sessions: list[dict[str, Any]], task: int, start: datetime, chance: random.Random
) -> datetime | None:
    """One pomodoro of 25 minutes, now and then with a pause in it; None where it would not be over yet."""
    pause = timedelta(minutes=chance.randrange(2, 12)) if chance.random() < 0.15 else timedelta()
    first = chance.randrange(300, 1200) if pause else 1500
    parts = [(start, start + timedelta(seconds=first), first)]
    if pause:
        again = parts[0][1] + pause
        parts.append((again, again + timedelta(seconds=1500 - first), 1500 - first))
    end = parts[-1][1]
    if end >= now():
        return None
    sessions.append(_session(task, "focus", parts[0][0], end, 1500, parts))
    return end


def _rest(sessions: list[dict[str, Any]], start: datetime) -> datetime | None:
    """A break of five minutes; None where it would not be over yet."""
    end = start + timedelta(minutes=5)
    if end >= now():
        return None
    sessions.append(_session(None, "short_break", start, end, 300, []))
    return end


def _session(
    task: int | None,
    kind: str,
    start: datetime,
    end: datetime,
    seconds: int,
    parts: list[tuple[datetime, datetime, int]],
) -> dict[str, Any]:
    return {
        "task_id": task,
        "kind": kind,
        "started_at": instant_text(start),
        "ended_at": instant_text(end),
        "completed": True,
        "pomodoros": 1 if kind == "focus" else 0,
        "planned_seconds": seconds,
        "counted_us": seconds * 1_000_000,
        "stretches": [(instant_text(a), instant_text(b), seconds) for a, b, seconds in parts],
    }
