"""Giving a task to a member, which makes it the organisation's; and the organisation's tasks as a list."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import and_, func, or_, select

from models.activity import note_assignment
from models.clock import day_bounds, now
from models.db import Record, session
from models.errors import Conflict, NotFound
from models.focus import hold_timer
from models.organizations import Membership, Organization
from models.projects import Project
from models.tasks import Task
from models.users import User

PRIORITIES = ("low", "medium", "high", "urgent")


def assign(organization: Organization, assigner: User, task_id: int, assignee_id: int, priority: str) -> Task:
    """Give the organisation's task, or one of the assigner's own, to a member.

    It becomes the organisation's, with the project that it lies in. Errors: NotFound (another member's personal task
    is not there, neither is somebody who is no member), Conflict (it is done), Invalid (it needs an estimate).
    """
    task = _held(organization.id, assigner.id, task_id)
    Membership.of(organization.id, assignee_id)
    assignee = session.get(User, assignee_id)
    if assignee is None or assignee.deleted_at is not None:
        raise NotFound("Member not found")
    if task.status == "completed":
        raise Conflict("A completed task cannot be assigned")
    _take_over(task, organization.id)
    task.check_estimate("task_id")
    if task.owner_id != assignee.id:
        open_session = task.open_session()
        if open_session is not None:
            open_session.abandon()
        task.owner_id = assignee.id
    task.priority, task.assigned_by_id, task.assigned_at = priority, assigner.id, now()
    session.flush()
    note_assignment(task, organization, assignee, assigner, task.assigned_at)
    return task


def _held(organization_id: int, assigner_id: int, task_id: int) -> Task:
    """A task that this manager may assign, with its owner's timer held. Errors: NotFound."""
    for _ in range(3):
        wanted = select(Task).where(
            Task.id == task_id,
            or_(
                Task.organization_id == organization_id,
                and_(Task.organization_id.is_(None), Task.owner_id == assigner_id),
            ),
        )
        task = session.scalar(wanted)
        if task is None:
            raise NotFound("Task not found")
        owner_id = task.owner_id
        hold_timer(owner_id)
        session.refresh(task, with_for_update=True)
        if task.owner_id == owner_id:
            return task
    raise Conflict("Somebody else is assigning this task, please try again")


def _take_over(task: Task, organization_id: int) -> None:
    """Make a task the organisation's, with its project. Errors: Conflict."""
    task.organization_id = organization_id
    project = session.get(Project, task.project_id) if task.project_id is not None else None
    if project is None or project.organization_id == organization_id:
        return
    if project.organization_id is not None or project.owner_id != task.owner_id:
        raise Conflict("The task lies in a project that does not belong to this organization")
    project.organization_id = organization_id


def list_team_tasks(wanted: Any, *, limit: int, offset: int = 0) -> list[Record]:
    """An organisation's tasks with owner and project, the newest first; `wanted` comes from `team_filter`."""
    return list(
        session.execute(
            _TASKS.where(wanted).order_by(Task.created_at.desc(), Task.id.desc()).limit(limit).offset(offset)
        )
    )


def count_team_tasks(wanted: Any) -> int:
    """How many tasks `list_team_tasks` has in all."""
    return session.scalar(select(func.count()).select_from(Task).where(wanted)) or 0


def team_filter(
    organization_id: int,
    zone: str,
    *,
    owner: int | None = None,
    status: str | None = None,
    project: int | None = None,
    date: date | None = None,
) -> Any:
    """Which of an organisation's tasks are wanted. `date` is a day on which one was made, started or completed."""
    wanted = [Task.organization_id == organization_id]
    if owner is not None:
        wanted.append(Task.owner_id == owner)
    if status is not None:
        wanted.append(Task.status == status)
    if project is not None:
        wanted.append(Task.project_id == project)
    if date is not None:
        start, end = day_bounds(date, date, zone)
        moments = (Task.created_at, Task.assigned_at, Task.started_at, Task.completed_at)
        wanted.append(or_(*(and_(moment >= start, moment < end) for moment in moments)))
    return and_(*wanted)


_TASKS = (
    select(
        Task.id,
        Task.title,
        Task.status,
        Task.priority,
        Task.started_at,
        Task.completed_at,
        Task.created_at,
        Task.assigned_at,
        Task.estimated_pomodoros,
        Task.pomodoros,
        Task.focus_seconds,
        User.id.label("owner_id"),
        User.username,
        User.first_name,
        Project.id.label("project_id"),
        Project.name.label("project_name"),
    )
    .join(User, User.id == Task.owner_id)
    .outerjoin(Project, and_(Project.id == Task.project_id, Project.organization_id == Task.organization_id))
)
