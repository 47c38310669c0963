"""The lists of tasks that runs have."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ForeignKey, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from models.db import Base, Record, session
from models.focus import FocusSession
from models.tasks import Task


class RunTask(Base):
    """A task on the list of a run, in the list's order."""

    __tablename__ = "run_tasks"
    __table_args__ = (UniqueConstraint("session_id", "task_id"), Index("ix_run_tasks_task_id", "task_id"))

    session_id: Mapped[int] = mapped_column(ForeignKey("focus_sessions.id", ondelete="CASCADE"))
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))

    @classmethod
    def attach(cls, run: FocusSession, tasks: Sequence[Task]) -> None:
        """Put tasks at the end of a run's list."""
        session.add_all([cls(session_id=run.id, task_id=task.id) for task in tasks])
        session.flush()


def tasks_of_runs(session_ids: Sequence[int]) -> list[Record]:
    """The tasks on some runs' lists, in order: session_id, id, uid, title, status."""
    if not session_ids:
        return []
    return list(
        session.execute(
            select(RunTask.session_id, Task.id, Task.uid, Task.title, Task.status)
            .join(Task, Task.id == RunTask.task_id)
            .where(RunTask.session_id.in_(session_ids))
            .order_by(RunTask.id)
        )
    )

