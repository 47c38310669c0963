"""Pomodoro sessions: runs that follow a cycle of pomodoros and breaks."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from models.cycles import Cycle
from models.focus import LONGEST_MINUTES, FocusSession
from models.history import (
    breaks_taken,
    hold_session,
    pomodoros_done,
    session_status,
    settle,
    show_session,
    tasks_of,
)
from models.runs import MOST_TASKS, add_tasks
from models.timer import read_clock
from web.auth import caller, current_user
from web.body import Input
from web.fields import Flag, Int, Text, Timestamp
from web.produktifin.ids import read_id, write_id
from web.produktifin.shape import Routes

routes = Routes("sessions", __name__, url_prefix="/pomodoro/session", description="Pomodoro sessions")


class NewTaskSchema(Input):
    title = Text(500, required=True)
    is_done = Flag(load_default=False)


class NewSessionSchema(Input):
    """What is left out is taken from the profile."""

    duration_pomodoro = Int(1, LONGEST_MINUTES, metadata={"description": "Minutes"})
    duration_short_break = Int(1, LONGEST_MINUTES, metadata={"description": "Minutes"})
    duration_long_break = Int(1, LONGEST_MINUTES, metadata={"description": "Minutes"})
    long_break_interval = Int(1, 20, metadata={"description": "Pomodoros until a long break"})
    tasks = fields.List(
        fields.Nested(NewTaskSchema),
        load_default=[],
        validate=validate.Length(max=MOST_TASKS, error=f"A session has at most {MOST_TASKS} tasks"),
    )


class StatusSchema(Schema):
    status = fields.String(required=True, metadata={"example": "running"})


class StartedSchema(StatusSchema):
    session_id = fields.String(required=True, metadata={"example": "sess_01"})
    start_time = Timestamp(required=True)


class PausedSchema(StatusSchema):
    progress_time = fields.Integer(required=True, metadata={"example": 1200, "description": "Seconds"})


class TaskSchema(Schema):
    id = fields.String(required=True, metadata={"example": "task_03"})
    title = fields.String(required=True, metadata={"example": "Write API Spec"})
    is_done = fields.Boolean(required=True)


class SessionSchema(StatusSchema):
    id = fields.String(required=True, metadata={"example": "sess_01"})
    pomodoro_count = fields.Integer(required=True)
    breaks_taken = fields.Integer(required=True)
    progress_time = fields.Integer(required=True, metadata={"description": "Seconds"})
    tasks = fields.List(fields.Nested(TaskSchema), required=True)


@routes.post("")
@routes.arguments(
    NewSessionSchema,
    example={
        "duration_pomodoro": 25,
        "duration_short_break": 5,
        "duration_long_break": 15,
        "long_break_interval": 4,
        "tasks": [{"title": "Write API Spec", "is_done": False}, {"title": "Test endpoints", "is_done": False}],
    },
)
@routes.response(201, StartedSchema)
def create(given: dict[str, Any]) -> dict[str, Any]:
    """Create a new Pomodoro session; it runs at once."""
    user = current_user()
    cycle = Cycle(
        given.get("duration_pomodoro", user.focus_duration),
        given.get("duration_short_break", user.short_break),
        given.get("duration_long_break", user.long_break),
        given.get("long_break_interval", user.long_break_interval),
    )
    run = FocusSession.start_run(user.id, cycle)
    add_tasks(run, [(task["title"], task["is_done"]) for task in given["tasks"]])
    return {"session_id": write_id("sess_", run.uid), "status": "running", "start_time": run.started_at}


@routes.get("/<session_id>")
@routes.response(200, SessionSchema)
def show(session_id: str) -> dict[str, Any]:
    """Retrieve session details (running, paused, or finished)."""
    uid = read_id("sess_", session_id)
    settle(caller().id)
    row = show_session(caller().id, uid)
    return {
        "id": write_id("sess_", row.uid),
        "status": session_status(row),
        "pomodoro_count": pomodoros_done(row),
        "breaks_taken": breaks_taken(row),
        "progress_time": read_clock(row).elapsed_seconds,
        "tasks": [show_task(task) for task in tasks_of(row)],
    }


@routes.patch("/<session_id>/pause")
@routes.response(200, PausedSchema)
def pause(session_id: str) -> dict[str, Any]:
    """Pause a running session."""
    held = hold_session(caller().id, read_id("sess_", session_id))
    (held.task or held).pause()
    return {"status": "paused", "progress_time": held.read().elapsed_seconds}


@routes.patch("/<session_id>/resume")
@routes.response(200, StatusSchema)
def resume(session_id: str) -> dict[str, Any]:
    """Resume a paused session."""
    held = hold_session(caller().id, read_id("sess_", session_id))
    (held.task or held).resume()
    return {"status": "running"}


@routes.patch("/<session_id>/finish")
@routes.response(200, StatusSchema)
def finish(session_id: str) -> dict[str, Any]:
    """Mark a session as finished."""
    hold_session(caller().id, read_id("sess_", session_id)).complete()
    return {"status": "finished"}


def show_task(task: Any) -> dict[str, Any]:
    """A task of a session as the contract writes one."""
    return {"id": write_id("task_", task.uid), "title": task.title, "is_done": task.status == "completed"}
