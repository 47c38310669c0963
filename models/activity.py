"""What happens in an organisation: one row of its feed, and whoever wants to hear of it told, with the cause.

Only an organisation's own work comes here. A personal task has no organisation, so nothing of it can.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now, timestamp
from models.db import Base, Record, session
from models.deliveries import Delivery
from models.live import write, write_to
from models.organizations import Membership, Organization, present_members
from models.permissions import PERMISSIONS
from models.users import User
from models.webhooks import wanting

if TYPE_CHECKING:
    from models.tasks import Task

KINDS = (
    "task_started", "task_paused", "task_resumed", "task_completed", "task_assigned", "member_joined", "member_left",
    "role_changed",
)  # fmt: skip
MANAGERS_HEAR = {
    "task_started": "employee_task_started",
    "task_completed": "employee_task_completed",
    "employee_idle": "employee_idle",
}
"""Event → what it is called on the manager channel."""


class Activity(Base):
    """One line of an organisation's feed. The task keeps the title that it had then, even when it is gone."""

    __tablename__ = "activities"
    __table_args__ = (
        Index("ix_activities_feed", "organization_id", "at", "id"),
        Index("ix_activities_user_id", "user_id"),
        Index("ix_activities_at", "at"),
    )

    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(30))
    task_number: Mapped[int | None]
    task_title: Mapped[str | None] = mapped_column(String(500))
    at: Mapped[datetime] = mapped_column(default=now)


def note_work(task: Task, kind: str, moment: datetime) -> None:
    """Somebody worked on an organisation's task; on a personal task nobody hears of it."""
    if task.organization_id is None:
        return
    organization = session.get_one(Organization, task.organization_id)
    worker = session.get_one(User, task.owner_id)
    _note(organization, worker, kind, moment, task)
    data: dict[str, Any] = {"user": show_person(worker), "task": _show_task(task)}
    if kind == "task_started":
        data["started_at"] = timestamp(moment)
    if kind == "task_completed":
        data |= {"completed_at": timestamp(moment), "total_focus_seconds": task.focus_seconds}
    publish(organization, worker.id, kind, data, moment)


def note_assignment(task: Task, organization: Organization, assignee: User, assigner: User, moment: datetime) -> None:
    """A task was given to somebody; he is told at once."""
    _note(organization, assigner, "task_assigned", moment, task)
    given = {
        "task": {"id": task.id, "title": task.title, "priority": task.priority},
        "assigned_by": {"id": assigner.id, "username": assigner.username},
        "assigned_at": timestamp(moment),
    }
    write(assignee.id, "task_assigned", given)
    publish(organization, assigner.id, "task_assigned", {**given, "user": show_person(assignee)}, moment)


def note_membership(organization: Organization, person: User, kind: str, role: str) -> None:
    """Somebody joined, left, or has another role."""
    moment = now()
    _note(organization, person, kind, moment)
    publish(organization, person.id, kind, {"user": show_person(person), "membership": {"role": role}}, moment)


def publish(organization: Organization, actor_id: int, event: str, data: dict[str, Any], moment: datetime) -> None:
    """Tell the managers' open apps and the endpoints that want to hear of it."""
    if event in MANAGERS_HEAR:
        others = [manager_id for manager_id in managers_of(organization.id) if manager_id != actor_id]
        write_to(others, MANAGERS_HEAR[event], data)
    hooks = wanting(organization.id, event)
    Delivery.queue(hooks, event, {"id": organization.id, "slug": organization.slug}, data, moment)


def managers_of(organization_id: int) -> list[int]:
    """Who hears the manager channel."""
    may = PERMISSIONS["hear the manager channel"]
    return list(session.scalars(present_members(organization_id).where(Membership.role.in_(may))))


def list_activities(organization_id: int, limit: int) -> list[Record]:
    """The newest lines of the feed, newest first, each with its person."""
    return list(
        session.execute(
            select(
                Activity.id,
                Activity.kind,
                Activity.task_number,
                Activity.task_title,
                Activity.at,
                User.id.label("user_id"),
                User.username,
                User.first_name,
            )
            .join(User, User.id == Activity.user_id)
            .where(Activity.organization_id == organization_id, User.deleted_at.is_(None))
            .order_by(Activity.at.desc(), Activity.id.desc())
            .limit(limit)
        )
    )


def show_person(person: User) -> dict[str, Any]:
    """A person as events name one."""
    return {"id": person.id, "username": person.username, "first_name": person.first_name}


def _show_task(task: Task) -> dict[str, Any]:
    from models.projects import Project  # projects know organisations, and so does this

    project = session.get(Project, task.project_id) if task.project_id is not None else None
    is_shared = project is not None and project.organization_id == task.organization_id
    return {"id": task.id, "title": task.title, "project": project.name if project and is_shared else None}


def _note(organization: Organization, person: User, kind: str, moment: datetime, task: Task | None = None) -> None:
    session.add(
        Activity(
            organization_id=organization.id,
            user_id=person.id,
            kind=kind,
            task_number=task.id if task is not None else None,
            task_title=task.title if task is not None else None,
            at=moment,
        )
    )
