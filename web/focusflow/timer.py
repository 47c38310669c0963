"""The verbs of a task: start, pause, resume, complete."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from models.focus import LONGEST_MINUTES
from models.tasks import Task
from web.auth import caller, current_user
from web.body import Input
from web.fields import Int, Timestamp
from web.focusflow.shape import Routes

routes = Routes("timer", __name__, url_prefix="/tasks", description="Start, pause, resume and complete")


class StartSchema(Input):
    pomodoro_duration = Int(
        1,
        LONGEST_MINUTES,
        allow_none=True,
        metadata={"description": "Minutes; else those of the profile, or of the task's organization"},
    )


class StartedTaskSchema(Input):
    id = fields.Integer(required=True)
    title = fields.String(required=True)
    status = fields.String(required=True, metadata={"example": "in_progress"})
    started_at = Timestamp(required=True)


class StartedSessionSchema(Input):
    id = fields.Integer(required=True)
    started_at = Timestamp(required=True)
    duration_minutes = fields.Integer(required=True, metadata={"example": 25})
    ends_at = Timestamp(required=True)


class StartedSchema(Input):
    task = fields.Nested(StartedTaskSchema, required=True)
    pomodoro_session = fields.Nested(StartedSessionSchema, required=True)


class PausedSessionSchema(Input):
    id = fields.Integer(required=True)
    paused_duration = fields.Integer(required=True, metadata={"description": "Seconds worked so far"})


class PausedSchema(Input):
    id = fields.Integer(required=True)
    status = fields.String(required=True, metadata={"example": "paused"})
    paused_at = Timestamp(required=True)
    active_session = fields.Nested(PausedSessionSchema, required=True)


class ResumedSessionSchema(Input):
    id = fields.Integer(required=True)
    remaining_seconds = fields.Integer(required=True)


class ResumedSchema(Input):
    id = fields.Integer(required=True)
    status = fields.String(required=True, metadata={"example": "in_progress"})
    resumed_at = Timestamp(required=True)
    active_session = fields.Nested(ResumedSessionSchema, required=True)


class CompletedSchema(Input):
    id = fields.Integer(required=True)
    title = fields.String(required=True)
    status = fields.String(required=True, metadata={"example": "completed"})
    started_at = Timestamp(required=True, allow_none=True)
    ended_at = Timestamp(required=True)
    total_focus_seconds = fields.Integer(required=True)
    completed_pomodoros = fields.Integer(required=True)
    estimated_pomodoros = fields.Integer(required=True, allow_none=True)


@routes.post("/<id:id>/start/")
@routes.arguments(StartSchema, example={"pomodoro_duration": 25})
@routes.response(200, StartedSchema)
def start(given: dict[str, Any], id: int) -> dict[str, Any]:
    """Start a pomodoro on a task."""
    task = Task.hold(caller().id, id)
    began = task.start(given.get("pomodoro_duration") or task.usual_minutes(current_user().focus_duration))
    return {
        "task": {"id": task.id, "title": task.title, "status": task.status, "started_at": task.started_at},
        "pomodoro_session": {
            "id": began.id,
            "started_at": began.started_at,
            "duration_minutes": began.duration_minutes,
            "ends_at": began.ends_at,
        },
    }


@routes.post("/<id:id>/pause/")
@routes.response(200, PausedSchema)
def pause(id: int) -> dict[str, Any]:
    """Pause a task."""
    task = Task.hold(caller().id, id)
    paused = task.pause()
    return {
        "id": task.id,
        "status": task.status,
        "paused_at": paused.paused_at,
        "active_session": {"id": paused.id, "paused_duration": paused.read().elapsed_seconds},
    }


@routes.post("/<id:id>/resume/")
@routes.response(200, ResumedSchema)
def resume(id: int) -> dict[str, Any]:
    """Resume a paused task."""
    task = Task.hold(caller().id, id)
    resumed = task.resume()
    return {
        "id": task.id,
        "status": task.status,
        "resumed_at": resumed.running_since,
        "active_session": {
            "id": resumed.id,
            "remaining_seconds": resumed.read(resumed.running_since).remaining_seconds,
        },
    }


@routes.post("/<id:id>/complete/")
@routes.response(200, CompletedSchema)
def complete(id: int) -> dict[str, Any]:
    """Complete a task; a session on it is completed with it."""
    task = Task.hold(caller().id, id)
    task.complete()
    return {
        "id": task.id,
        "title": task.title,
        "status": task.status,
        "started_at": task.started_at,
        "ended_at": task.completed_at,
        "total_focus_seconds": task.focus_seconds,
        "completed_pomodoros": task.pomodoros,
        "estimated_pomodoros": task.estimated_pomodoros,
    }
