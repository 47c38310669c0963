"""The tasks of a session."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from models.history import hold_session
from models.runs import add_tasks
from models.tasks import Task
from web.auth import caller
from web.body import Input
from web.fields import Flag, Text
from web.produktifin.ids import read_id, write_id
from web.produktifin.shape import Routes
from web.shape import MessageSchema

routes = Routes("tasks", __name__, url_prefix="/pomodoro/task", description="The tasks of a session")


class AddedTaskSchema(Input):
    session_id = Text(100, required=True)
    title = Text(500, required=True)


class TaskChangeSchema(Input):
    title = Text(500)
    is_done = Flag()


class OneTaskSchema(Schema):
    task_id = fields.String(required=True, metadata={"example": "task_03"})
    title = fields.String(required=True, metadata={"example": "New Task"})
    is_done = fields.Boolean(required=True)


@routes.post("")
@routes.arguments(AddedTaskSchema, example={"session_id": "sess_01", "title": "New Task"})
@routes.response(201, OneTaskSchema)
def create(given: dict[str, Any]) -> dict[str, Any]:
    """Add a new task to an active session."""
    held = hold_session(caller().id, read_id("sess_", given["session_id"]))
    (task,) = add_tasks(held, [(given["title"], False)])
    return present(task)


@routes.patch("/<task_id>")
@routes.arguments(TaskChangeSchema, example={"is_done": True})
@routes.response(200, OneTaskSchema)
def update(given: dict[str, Any], task_id: str) -> dict[str, Any]:
    """Update a task (e.g. mark as done)."""
    task = Task.hold_uid(caller().id, read_id("task_", task_id))
    if "title" in given:
        task.change(title=given["title"])
    was_done = task.status == "completed"
    if given.get("is_done", was_done) != was_done:
        if was_done:
            task.reopen()
        else:
            task.complete()
    return present(task)


@routes.delete("/<task_id>")
@routes.response(200, MessageSchema)
def delete(task_id: str) -> dict[str, Any]:
    """Delete a task."""
    Task.hold_uid(caller().id, read_id("task_", task_id)).delete()
    return {"message": "Task deleted"}


def present(task: Task) -> dict[str, Any]:
    """A task as these routes write one."""
    return {"task_id": write_id("task_", task.uid), "title": task.title, "is_done": task.status == "completed"}
