"""Tasks: work with a name, timed by sessions of focus.

A task is `paused` exactly while its session is; after a session has ended it stays in progress and may be started
again. Its `focus_seconds` and `pomodoros` are the sums of its sessions, kept in the same transactions.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.activity import note_work
from models.clock import now
from models.db import Base, session
from models.errors import Conflict, Invalid, NotFound
from models.focus import FocusSession, hold_timer
from models.inbox import InboxItem
from models.live import tell
from models.organizations import Organization, is_member
from models.projects import Project

Status = Literal["pending", "in_progress", "paused", "completed"]
STATUSES: tuple[Status, ...] = ("pending", "in_progress", "paused", "completed")


@dataclass(frozen=True, slots=True)
class TaskStarted:
    """Somebody began to work on a task."""

    user_id: int
    task_id: int
    title: str
    started_at: datetime
    session_id: int
    duration_minutes: int


@dataclass(frozen=True, slots=True)
class TaskPaused:
    """Work on a task was interrupted; `elapsed_seconds` of its session."""

    user_id: int
    task_id: int
    paused_at: datetime
    elapsed_seconds: int


@dataclass(frozen=True, slots=True)
class TaskResumed:
    """Work on a task goes on."""

    user_id: int
    task_id: int
    resumed_at: datetime
    remaining_seconds: int


@dataclass(frozen=True, slots=True)
class TaskCompleted:
    """A task is done."""

    user_id: int
    task_id: int
    title: str
    completed_at: datetime
    total_focus_seconds: int
    completed_pomodoros: int


class Task(Base):
    """A piece of work."""

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'in_progress', 'paused', 'completed')", name="status"),
        CheckConstraint("estimated_pomodoros >= 0", name="estimate"),
        CheckConstraint("focus_seconds >= 0 AND pomodoros >= 0", name="sums"),
        CheckConstraint("(status = 'completed') = (completed_at IS NOT NULL)", name="completion"),
        UniqueConstraint("inbox_item_id"),
        Index("ix_tasks_owner", "owner_id", "created_at"),
        Index("ix_tasks_completed", "owner_id", "completed_at"),
        Index("ix_tasks_project_id", "project_id"),
        Index("ix_tasks_organization_id", "organization_id", "created_at"),
        Index("ix_tasks_assigned_by_id", "assigned_by_id"),
    )

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id", ondelete="SET NULL"))
    inbox_item_id: Mapped[int | None] = mapped_column(ForeignKey("inbox_items.id", ondelete="SET NULL"))
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organizations.id", ondelete="SET NULL"))
    """None for a personal task, which nobody but its owner ever sees."""
    priority: Mapped[str] = mapped_column(String(10), default="medium")
    assigned_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    assigned_at: Mapped[datetime | None]
    title: Mapped[str] = mapped_column(String(500))
    description: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(12), default="pending")
    estimated_pomodoros: Mapped[int | None]
    focus_seconds: Mapped[int] = mapped_column(default=0)
    pomodoros: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    # -- finding and making one

    @classmethod
    def of(cls, user_id: int, id: int) -> Self:
        """One of this user's tasks, by number. Errors: NotFound."""
        return cls._only(belongs_to(user_id), cls.id == id)

    @classmethod
    def of_uid(cls, user_id: int, uid: uuid.UUID) -> Self:
        """One of this user's tasks, by uid. Errors: NotFound."""
        return cls._only(belongs_to(user_id), cls.uid == uid)

    @classmethod
    def hold(cls, user_id: int, id: int) -> Self:
        """One of this user's tasks, with the timer held until this transaction ends. Errors: NotFound."""
        hold_timer(user_id)
        return cls.of(user_id, id)

    @classmethod
    def hold_uid(cls, user_id: int, uid: uuid.UUID) -> Self:
        """The same by uid. Errors: NotFound."""
        hold_timer(user_id)
        return cls.of_uid(user_id, uid)

    @classmethod
    def _only(cls, *wanted: Any) -> Self:
        task = session.scalar(select(cls).where(*wanted).execution_options(populate_existing=True))
        if task is None:
            raise NotFound("Task not found")
        return task

    @classmethod
    def create(
        cls,
        owner_id: int,
        title: str,
        *,
        project: Project | None = None,
        inbox_item: InboxItem | None = None,
        organization_id: int | None = None,
        **values: Any,
    ) -> Self:
        """Write down something to do, of its own or from the inbox, his own or an organisation's. Errors: Invalid."""
        if inbox_item is not None and session.scalar(select(cls.id).where(cls.inbox_item_id == inbox_item.id)):
            raise Invalid({"inbox_item": ["This item is a task already"]})
        task = cls(
            owner_id=owner_id,
            title=title,
            project_id=project.id if project else None,
            inbox_item_id=inbox_item.id if inbox_item else None,
            organization_id=organization_id,
            **values,
        )
        task._follow(project)
        task.check_estimate("estimated_pomodoros")
        session.add(task)
        session.flush()
        return task

    def change(self, **values: Any) -> None:
        """Change what it says; `project` may be None for none."""
        if "project" in values:
            project = values.pop("project")
            self._follow(project)
            self.project_id = project.id if project is not None else None
        for name, value in values.items():
            setattr(self, name, value)
        session.flush()

    def _follow(self, project: Project | None) -> None:
        """In an organisation's project a task becomes the organisation's, and it stays so. Errors: Invalid."""
        if project is None or project.organization_id == self.organization_id:
            return
        if self.organization_id is not None:
            raise Invalid({"project": ["The task belongs to an organization that this project does not belong to"]})
        self.organization_id = project.organization_id

    def check_estimate(self, field: str) -> None:
        """Whether it has the estimate that its organisation may want. Errors: Invalid."""
        if self.organization_id is None or self.estimated_pomodoros:
            return
        if session.get_one(Organization, self.organization_id).require_task_estimates:
            raise Invalid({field: ["This organization wants an estimate for each task"]})

    def usual_minutes(self, own: int) -> int:
        """How long a pomodoro on it lasts where nobody says: as its organisation has it, else its owner."""
        if self.organization_id is None:
            return own
        return session.get_one(Organization, self.organization_id).default_pomodoro_duration

    # -- the documents' verbs; the timer is held

    def start(self, minutes: int) -> FocusSession:
        """Begin a pomodoro on it. A paused one is left behind with what it counted. Errors: Conflict."""
        if self.status == "completed":
            raise Conflict("A task that is completed cannot be started")
        open_session = self.open_session()
        if open_session is not None and open_session.paused_at is None:
            raise Conflict("This task is running already")
        if open_session is not None:
            open_session.abandon()
        began = FocusSession.begin(self.owner_id, "focus", planned_seconds=minutes * 60, task=self)
        self.status = "in_progress"
        self.started_at = self.started_at or began.started_at
        session.flush()
        tell(TaskStarted(self.owner_id, self.id, self.title, began.started_at, began.id, minutes))
        note_work(self, "task_started", began.started_at)
        return began

    def pause(self) -> FocusSession:
        """Interrupt the session that runs on it. Errors: Conflict."""
        running = self.open_session()
        if running is None or running.paused_at is not None:
            raise Conflict("This task is not running")
        moment = running.pause()
        self.status = "paused"
        session.flush()
        tell(TaskPaused(self.owner_id, self.id, moment, running.read().elapsed_seconds))
        note_work(self, "task_paused", moment)
        return running

    def resume(self) -> FocusSession:
        """Go on with its paused session. Errors: Conflict."""
        paused = self.open_session()
        if paused is None or paused.paused_at is None:
            raise Conflict("This task is not paused")
        moment = paused.resume()
        self.status = "in_progress"
        session.flush()
        tell(TaskResumed(self.owner_id, self.id, moment, paused.read(moment).remaining_seconds))
        note_work(self, "task_resumed", moment)
        return paused

    def complete(self) -> None:
        """It is done, and so are its session and the inbox item that it came from. Errors: Conflict."""
        if self.status == "completed":
            raise Conflict("This task is completed already")
        open_session = self.open_session()
        moment = now() if open_session is None else open_session.complete()
        self.status = "completed"
        self.completed_at = moment
        self._mark_item(moment)
        session.flush()
        tell(TaskCompleted(self.owner_id, self.id, self.title, moment, self.focus_seconds, self.pomodoros))
        note_work(self, "task_completed", moment)

    def reopen(self) -> None:
        """It is not done after all."""
        if self.status == "completed":
            self.status = "in_progress" if self.started_at else "pending"
            self.completed_at = None
            self._mark_item(None)
            session.flush()

    def delete(self) -> None:
        """Remove it. The time that went into it stays in its owner's days."""
        open_session = self.open_session()
        if open_session is not None:
            open_session.abandon()
        session.delete(self)
        session.flush()

    # -- what its sessions tell it

    def open_session(self) -> FocusSession | None:
        """The session on it that runs or is paused."""
        return session.scalar(
            select(FocusSession)
            .where(FocusSession.task_id == self.id, FocusSession.ended_at.is_(None))
            .execution_options(populate_existing=True)
        )

    def session_ended(self, ended: FocusSession) -> None:
        """A session on it is over."""
        self.pomodoros += ended.pomodoros
        if self.status == "paused":
            self.status = "in_progress"

    def lose(self, removed: FocusSession) -> None:
        """A session on it is removed from the record."""
        self.focus_seconds -= removed.read().focus_seconds
        self.pomodoros -= removed.pomodoros

    def _mark_item(self, completed_at: datetime | None) -> None:
        if self.inbox_item_id is not None:
            session.get_one(InboxItem, self.inbox_item_id).completed_at = completed_at


def belongs_to(user_id: int) -> ColumnElement[bool]:
    """Which tasks are somebody's: his own, and those of an organisation while he is one of its members."""
    return and_(
        Task.owner_id == user_id,
        or_(Task.organization_id.is_(None), is_member(user_id, Task.organization_id)),
    )
