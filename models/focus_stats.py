"""Figures about focus: how long on which day and for which project, pomodoros, tasks done, streaks.

Every function takes a bounded number of statements, whatever is stored. Days are the user's, in the zone that he lives
in now. A running session counts up to this moment, so that all answers of one moment agree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import and_, case, func, or_, select

from models.clock import local, now, today
from models.cycles import Cycle
from models.days import Days
from models.db import session
from models.focus import CLOCK, FocusSession
from models.local_hours import hour_number
from models.projects import Project
from models.stretches import stretches
from models.tasks import Task
from models.timer import SECOND, cycle_of, worked_us

LONGEST_STRETCH = timedelta(days=1)
"""Longer than any stretch can be, so that an index bounds a search from both sides."""
Place = tuple[date, int | None]
"""A day, and the id of a project or None."""


@dataclass(slots=True)
class Figures:
    """What was done in some days. Seconds and tasks done by day and project, pomodoros by day."""

    days: Days
    seconds: dict[Place, int] = field(default_factory=lambda: defaultdict(int))
    done: dict[Place, int] = field(default_factory=lambda: defaultdict(int))
    pomodoros: dict[date, int] = field(default_factory=lambda: defaultdict(int))
    names: dict[int, str] = field(default_factory=dict)

    @property
    def total_seconds(self) -> int:
        return sum(self.seconds.values())

    @property
    def total_done(self) -> int:
        return sum(self.done.values())

    def by_day(self) -> dict[date, tuple[int, int]]:
        """Seconds and tasks done of every day, in order."""
        sums = dict.fromkeys(self.days, (0, 0))
        for (day, _), seconds in self.seconds.items():
            sums[day] = (sums[day][0] + seconds, sums[day][1])
        for (day, _), done in self.done.items():
            sums[day] = (sums[day][0], sums[day][1] + done)
        return sums

    def by_project(self) -> dict[int | None, tuple[int, int]]:
        """Seconds and tasks done of every project that was worked on, the most time first."""
        sums: dict[int | None, tuple[int, int]] = defaultdict(lambda: (0, 0))
        for (_, project), seconds in self.seconds.items():
            sums[project] = (sums[project][0] + seconds, sums[project][1])
        for (_, project), done in self.done.items():
            sums[project] = (sums[project][0], sums[project][1] + done)
        return dict(sorted(sums.items(), key=lambda item: (-item[1][0], -item[1][1], item[0] or 0)))


@dataclass(frozen=True, slots=True)
class Running:
    """The session of focus that runs: what it counted since its clock was started, as stretches of whole seconds."""

    task_id: int | None
    project_id: int | None
    stretches: tuple[tuple[datetime, datetime, int], ...]

    @property
    def seconds(self) -> int:
        return sum(seconds for _, _, seconds in self.stretches)


def figures(user_id: int, days: Days, *, project_id: int | None = None) -> Figures:
    """What a user did in some days, all of it or for one project."""
    found = Figures(days)
    for start, end, project, seconds, number in _worked(user_id, days, project_id):
        if number is not None:
            found.seconds[days.day(number), project] += seconds
        else:
            for day, share in days.split(start, end, seconds):
                found.seconds[day, project] += share
    live = running_focus(user_id)
    if live is not None and (project_id is None or live.project_id == project_id):
        for start, end, seconds in live.stretches:
            for day, share in days.split(start, end, seconds):
                found.seconds[day, live.project_id] += share
    _count_done(found, user_id, project_id)
    _count_pomodoros(found, user_id)
    _name_projects(found)
    return found


def _worked(
    user_id: int, days: Days, project_id: int | None
) -> Iterator[tuple[datetime, datetime, int | None, int, int | None]]:
    """Sums of the stretches inside one day, with the day's number; those over midnight one by one, without."""
    found = (
        select(
            stretches.c.id,
            stretches.c.started_at,
            stretches.c.ended_at,
            stretches.c.seconds,
            Task.project_id,
            days.number_of(stretches.c.started_at).label("first"),
            days.number_of(stretches.c.ended_at).label("last"),
        )
        .join(FocusSession, FocusSession.id == stretches.c.session_id)
        .outerjoin(Task, Task.id == FocusSession.task_id)
        .where(
            stretches.c.owner_id == user_id,
            stretches.c.started_at > days.start - LONGEST_STRETCH,
            stretches.c.started_at < days.end,
            stretches.c.ended_at > days.start,
        )
        # Materialized, or the numbers of the days would be computed anew wherever they are named below.
        .cte("worked")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    is_inside = and_(found.c.first == found.c.last, found.c.started_at >= days.start, found.c.ended_at < days.end)
    alone = case((is_inside, None), else_=found.c.id)
    number = case((is_inside, found.c.first), else_=None)
    chosen = select(
        func.min(found.c.started_at),
        func.max(found.c.ended_at),
        found.c.project_id,
        func.sum(found.c.seconds),
        number,
    ).group_by(found.c.project_id, number, alone)
    for start, end, project, seconds, day in session.execute(chosen):
        # Not asked of the database: it would come from the project's side, through the sessions of everybody.
        if project_id is None or project == project_id:
            yield start, end, project, int(seconds), day


def running_focus(user_id: int, moment: datetime | None = None) -> Running | None:
    """What a user's running session counted since its clock was started; None where no focus runs."""
    row = session.execute(
        select(
            *CLOCK,
            FocusSession.task_id,
            Task.project_id,
        )
        .outerjoin(Task, Task.id == FocusSession.task_id)
        .where(
            FocusSession.owner_id == user_id,
            FocusSession.running_since.is_not(None),
            FocusSession.kind == "focus",
        )
    ).first()
    if row is None:
        return None
    parts = _live_stretches(row.running_since, row.counted_us, worked_us(row, moment or now()), cycle_of(row))
    return Running(row.task_id, row.project_id, tuple(parts))


def _live_stretches(
    began: datetime, before: int, after: int, cycle: Cycle | None
) -> Iterable[tuple[datetime, datetime, int]]:
    spans = [(before, after)] if cycle is None else cycle.stretches(before, after)
    for start, end in spans:
        counted = [at if cycle is None else cycle.focus_time(at) for at in (start, end)]
        seconds = counted[1] // SECOND - counted[0] // SECOND
        if seconds:
            yield (
                began + timedelta(microseconds=start - before),
                began + timedelta(microseconds=end - before),
                seconds,
            )


def _count_done(found: Figures, user_id: int, project_id: int | None) -> None:
    number = found.days.number_of(Task.completed_at)
    chosen = (
        select(number, Task.project_id, func.count())
        .where(
            Task.owner_id == user_id, Task.completed_at >= found.days.start, Task.completed_at < found.days.end
        )
        .group_by(number, Task.project_id)
    )
    if project_id is not None:
        chosen = chosen.where(Task.project_id == project_id)
    for day, project, count in session.execute(chosen):
        found.done[found.days.day(day), project] = count


def _count_pomodoros(found: Figures, user_id: int) -> None:
    number = found.days.number_of(FocusSession.started_at)
    for day, count in session.execute(
        select(number, func.sum(FocusSession.pomodoros))
        .where(
            FocusSession.owner_id == user_id,
            FocusSession.pomodoros > 0,
            FocusSession.started_at >= found.days.start,
            FocusSession.started_at < found.days.end,
        )
        .group_by(number)
    ):
        found.pomodoros[found.days.day(day)] = int(count)


def _name_projects(found: Figures) -> None:
    ids = {project for _, project in [*found.seconds, *found.done] if project is not None}
    if ids:
        for id, name in session.execute(select(Project.id, Project.name).where(Project.id.in_(ids))):
            found.names[id] = name


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """Tasks that were made, worked on or completed in some days, by where they stood at the end of these."""

    total: int
    completed: int
    in_progress: int

    @property
    def pending(self) -> int:
        return self.total - self.completed - self.in_progress


def count_touched(user_id: int, days: Days, *, project_id: int | None = None) -> TaskCounts:
    """How many tasks had something to do with some days."""
    worked = (
        select(FocusSession.task_id)
        .join(stretches, stretches.c.session_id == FocusSession.id)
        .where(
            stretches.c.owner_id == user_id,
            FocusSession.owner_id == user_id,
            stretches.c.started_at > days.start - LONGEST_STRETCH,
            stretches.c.started_at < days.end,
            stretches.c.ended_at > days.start,
        )
    )
    running = select(FocusSession.task_id).where(
        FocusSession.owner_id == user_id, FocusSession.running_since < days.end, FocusSession.ends_at > days.start
    )
    is_completed = and_(Task.completed_at >= days.start, Task.completed_at < days.end)
    was_begun = and_(Task.started_at < days.end, or_(Task.completed_at.is_(None), Task.completed_at >= days.end))
    chosen = select(
        func.count(),
        func.coalesce(func.sum(case((is_completed, 1), else_=0)), 0),
        func.coalesce(func.sum(case((was_begun, 1), else_=0)), 0),
    ).where(
        Task.owner_id == user_id,
        or_(
            and_(Task.created_at >= days.start, Task.created_at < days.end),
            is_completed,
            Task.id.in_(worked),
            Task.id.in_(running),
        ),
    )
    if project_id is not None:
        chosen = chosen.where(Task.project_id == project_id)
    return TaskCounts(*(int(count) for count in session.execute(chosen).one()))


@dataclass(frozen=True, slots=True)
class Streak:
    """Consecutive days with a pomodoro. Today is not counted against the present streak while it lasts."""

    current: int
    longest: int
    began_on: date | None
    active_days: int


def streak(user_id: int, zone_name: str) -> Streak:
    """How steadily a user works."""
    first, last = session.execute(
        select(func.min(FocusSession.started_at), func.max(FocusSession.started_at)).where(
            FocusSession.owner_id == user_id, FocusSession.pomodoros > 0
        )
    ).one()
    if first is None:
        return Streak(0, 0, None, 0)
    beginning, ending = local(first, zone_name).date(), local(last, zone_name).date()
    hour = hour_number(FocusSession.started_at, beginning, ending, zone_name)
    active = (
        select((hour // 24).label("day"))
        .where(FocusSession.owner_id == user_id, FocusSession.pomodoros > 0)
        .distinct()
        .subquery()
    )
    # Consecutive days less their places in the list give the same number.
    place = func.row_number().over(order_by=active.c.day)
    placed = select(active.c.day, (active.c.day - place).label("run")).subquery()
    runs = session.execute(
        select(func.min(placed.c.day), func.count()).group_by(placed.c.run).order_by(func.min(placed.c.day))
    )
    return _streak([(beginning + timedelta(days=day), length) for day, length in runs], today(zone_name))


def streak_of(active: list[date], present: date) -> Streak:
    """The streaks in some days, in order, as they stand at present."""
    runs: list[tuple[date, int]] = []
    for day in active:
        if runs and runs[-1][0] + timedelta(days=runs[-1][1]) == day:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((day, 1))
    return _streak(runs, present) if runs else Streak(0, 0, None, 0)


def _streak(runs: list[tuple[date, int]], present: date) -> Streak:
    """The streaks that runs of days make, each given by its first day and its length."""
    longest, total = max(length for _, length in runs), sum(length for _, length in runs)
    began, length = runs[-1]
    if began + timedelta(days=length) < present:
        return Streak(0, longest, None, total)
    return Streak(length, longest, began, total)
