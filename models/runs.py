"""The lists of tasks that runs have."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from models.db import Base, Record, session
from models.errors import Conflict
from models.focus import FocusSession
from models.tasks import Task

MOST_TASKS = 200
"""On one session's list."""


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


def add_tasks(run: FocusSession, tasks: Sequence[tuple[str, bool]]) -> list[Task]:
    """Write tasks down, each a title and whether it is done, and put them on a run's list. The timer is held.

    Errors: Conflict.
    """
    if run.ended_at is not None:
        raise Conflict("This session has ended")
    listed = session.scalar(select(func.count()).select_from(RunTask).where(RunTask.session_id == run.id)) or 0
    if listed + len(tasks) > MOST_TASKS:
        raise Conflict(f"A session has at most {MOST_TASKS} tasks")
    made = [Task.create(run.owner_id, title) for title, _ in tasks]
    for task, (_, is_done) in zip(made, tasks, strict=True):
        if is_done:
            task.complete()
    RunTask.attach(run, made)
    return made


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

