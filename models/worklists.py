"""Projects, tasks and sessions as lists: filtered, searched and ordered, each page one select."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select, true

from models.clock import day_bounds
from models.db import Record, session
from models.errors import Invalid
from models.focus import CLOCK, FocusSession
from models.organizations import Organization, is_member
from models.projects import Project, owned_by
from models.tasks import Task, belongs_to

PROJECT_ORDERS = {"created_at": Project.created_at, "name": Project.name, "is_active": Project.is_active}
TASK_ORDERS = {
    "created_at": Task.created_at,
    "started_at": Task.started_at,
    "ended_at": Task.completed_at,
    "title": Task.title,
    "status": Task.status,
    "estimated_pomodoros": Task.estimated_pomodoros,
    "completed_pomodoros": Task.pomodoros,
    "total_focus_seconds": Task.focus_seconds,
}
SESSION_ORDERS = {"started_at": FocusSession.started_at, "ended_at": FocusSession.ended_at}


def list_projects(
    user_id: int,
    *,
    is_active: bool | None = None,
    organization: str | None = None,
    ordering: str = "-created_at",
    limit: int,
    offset: int = 0,
) -> list[Record]:
    """A user's projects, or his organisation's, each with `task_count` and the `focus_seconds` of his tasks in it."""
    sums = (
        select(
            Task.project_id,
            func.count().label("task_count"),
            func.count(Task.completed_at).label("completed_count"),
            func.sum(Task.focus_seconds).label("focus_seconds"),
        )
        .where(Task.owner_id == user_id, Task.project_id.is_not(None))
        .group_by(Task.project_id)
        .subquery()
    )
    chosen = (
        select(
            Project.id,
            Project.name,
            Project.description,
            Project.color_code,
            Project.is_active,
            Project.created_at,
            Organization.slug.label("organization"),
            func.coalesce(sums.c.task_count, 0).label("task_count"),
            func.coalesce(sums.c.completed_count, 0).label("completed_count"),
            func.coalesce(sums.c.focus_seconds, 0).label("focus_seconds"),
        )
        .outerjoin(sums, sums.c.project_id == Project.id)
        .outerjoin(Organization, Organization.id == Project.organization_id)
        .where(_projects(user_id, is_active, organization))
    )
    return _page(chosen, PROJECT_ORDERS, ordering, Project.id, limit, offset)


def count_projects(user_id: int, *, is_active: bool | None = None, organization: str | None = None) -> int:
    """How many projects `list_projects` has in all."""
    wanted = _projects(user_id, is_active, organization)
    return session.scalar(select(func.count()).select_from(Project).where(wanted)) or 0


def project_sums(project_id: int) -> Record:
    """Of one project's tasks: total, completed, focus_seconds."""
    return session.execute(
        select(
            func.count().label("total"),
            func.count(Task.completed_at).label("completed"),
            func.coalesce(func.sum(Task.focus_seconds), 0).label("focus_seconds"),
        ).where(Task.project_id == project_id)
    ).one()


def _projects(user_id: int, is_active: bool | None, organization: str | None) -> Any:
    wanted = [owned_by(user_id)]
    if organization is not None:
        wanted = [_of_team(Project.organization_id, organization), is_member(user_id, Project.organization_id)]
    if is_active is not None:
        wanted.append(Project.is_active.is_(is_active))
    return and_(*wanted)


def list_tasks(user_id: int, wanted: Any, *, ordering: str = "-created_at", limit: int, offset: int) -> list[Record]:
    """Tasks, each with its project and the clock of its running session; `wanted` comes from `task_filter`."""
    return _page(_TASKS.where(belongs_to(user_id), wanted), TASK_ORDERS, ordering, Task.id, limit, offset)


def count_tasks(user_id: int, wanted: Any) -> int:
    """How many tasks `list_tasks` has in all."""
    return session.scalar(select(func.count()).select_from(Task).where(belongs_to(user_id), wanted)) or 0


def show_task(user_id: int, id: int) -> Record | None:
    """One task as `list_tasks` gives it."""
    return session.execute(_TASKS.where(belongs_to(user_id), Task.id == id)).first()


def task_filter(
    zone: str,
    *,
    status: str | None = None,
    project: int | None = None,
    date: date | None = None,
    search: str | None = None,
    organization: str | None = None,
) -> Any:
    """Which tasks are wanted. `date` is a day of creation in the zone; `search` takes % and _ as plain letters."""
    wanted: list[Any] = [true()]
    if status is not None:
        wanted.append(Task.status == status)
    if project is not None:
        wanted.append(Task.project_id == project)
    if date is not None:
        wanted.append(_within(Task.created_at, day_bounds(date, date, zone)))
    if organization is not None:
        wanted.append(_of_team(Task.organization_id, organization))
    if search:
        wanted.append(
            or_(Task.title.icontains(search, autoescape=True), Task.description.icontains(search, autoescape=True))
        )
    return and_(*wanted)


def list_sessions(
    user_id: int, wanted: Any, *, ordering: str = "-started_at", limit: int, offset: int = 0
) -> list[Record]:
    """Sessions with their task's title; `wanted` comes from `session_filter`."""
    chosen = _SESSIONS.where(FocusSession.owner_id == user_id, wanted)
    return _page(chosen, SESSION_ORDERS, ordering, FocusSession.id, limit, offset)


def count_sessions(user_id: int, wanted: Any) -> int:
    """How many sessions `list_sessions` has in all."""
    return (
        session.scalar(
            select(func.count()).select_from(FocusSession).where(FocusSession.owner_id == user_id, wanted)
        )
        or 0
    )


def active_session(user_id: int) -> Record | None:
    """The session that runs, else the one that was paused last."""
    return session.execute(
        _SESSIONS.where(FocusSession.owner_id == user_id, FocusSession.ended_at.is_(None))
        .order_by(case((FocusSession.running_since.is_(None), 1), else_=0), FocusSession.paused_at.desc())
        .limit(1)
    ).first()


def session_filter(
    zone: str, *, date: date | None = None, task: int | None = None, is_break: bool | None = None
) -> Any:
    """Which sessions are wanted; `date` is the day on which they began in the zone."""
    wanted: list[Any] = [true()]
    if task is not None:
        wanted.append(FocusSession.task_id == task)
    if date is not None:
        wanted.append(_within(FocusSession.started_at, day_bounds(date, date, zone)))
    if is_break is not None:
        wanted.append(FocusSession.kind != "focus" if is_break else FocusSession.kind == "focus")
    return and_(*wanted)


def _of_team(column: Any, slug: str) -> Any:
    return column == select(Organization.id).where(Organization.slug == slug).scalar_subquery()


def _within(column: Any, bounds: tuple[datetime, datetime]) -> Any:
    return and_(column >= bounds[0], column < bounds[1])


def _page(
    chosen: Select[*tuple[Any, ...]], orders: dict[str, Any], ordering: str, id: Any, limit: int, offset: int
) -> list[Record]:
    name = ordering.removeprefix("-")
    if name not in orders:
        raise Invalid({"ordering": ["Must be one of: " + ", ".join(orders)]})
    descends = ordering.startswith("-")
    first, last = (orders[name].desc(), id.desc()) if descends else (orders[name].asc(), id.asc())
    return list(session.execute(chosen.order_by(first.nulls_last(), last).limit(limit).offset(offset)))


_running = (
    select(
        FocusSession.task_id,
        FocusSession.counted_us,
        FocusSession.running_since,
        FocusSession.ends_at,
    )
    .where(FocusSession.running_since.is_not(None), FocusSession.ended_at.is_(None), FocusSession.task_id.is_not(None))
    .subquery()
)
_TASKS = (
    select(
        Task.id,
        Task.uid,
        Task.title,
        Task.description,
        Task.status,
        Task.estimated_pomodoros,
        Task.pomodoros,
        Task.focus_seconds,
        Task.created_at,
        Task.started_at,
        Task.completed_at,
        Project.id.label("project_id"),
        Project.name.label("project_name"),
        Project.color_code.label("project_color"),
        Organization.slug.label("organization"),
        _running.c.counted_us,
        _running.c.running_since,
        _running.c.ends_at,
    )
    .outerjoin(Project, Project.id == Task.project_id)
    .outerjoin(Organization, Organization.id == Task.organization_id)
    .outerjoin(_running, _running.c.task_id == Task.id)
)
_SESSIONS = select(
    *CLOCK,
    FocusSession.id,
    FocusSession.uid,
    FocusSession.started_at,
    FocusSession.paused_at,
    FocusSession.ended_at,
    FocusSession.completed,
    FocusSession.pomodoros,
    Task.id.label("task_id"),
    Task.title.label("task_title"),
).outerjoin(Task, Task.id == FocusSession.task_id)
