"""Tasks: what there is to do."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from models.db import Record
from models.errors import Invalid, NotFound
from models.inbox import InboxItem
from models.organizations import seat_named
from models.projects import Project
from models.tasks import STATUSES, Task
from models.timer import SECOND, worked_us
from models.worklists import count_tasks, list_sessions, list_tasks, session_filter, show_task, task_filter
from web.auth import caller
from web.body import Input
from web.fields import Choice, Day, Int, QueryInt, Text, Timestamp, Uid
from web.focusflow.pomodoro import TimedSchema, show_timed
from web.focusflow.punctual import punctual_caller
from web.focusflow.shape import PageQuery, Routes
from web.paging import paged
from web.shape import Listing

routes = Routes("tasks", __name__, url_prefix="/tasks", description="What there is to do")
SHOWN_SESSIONS = 1000


class ProjectNameSchema(Input):
    id = fields.Integer(required=True)
    name = fields.String(required=True)
    color_code = fields.String(required=True)


class TaskSchema(Input):
    id = fields.Integer(required=True)
    title = fields.String(required=True, metadata={"example": "Write blog post"})
    description = fields.String(required=True)
    status = fields.String(required=True, metadata={"enum": list(STATUSES)})
    project = fields.Nested(ProjectNameSchema, required=True, allow_none=True)
    organization = fields.String(
        required=True, allow_none=True, metadata={"description": "Slug; null for a personal task"}
    )
    estimated_pomodoros = fields.Integer(required=True, allow_none=True)
    completed_pomodoros = fields.Integer(required=True)
    total_focus_seconds = fields.Integer(required=True, metadata={"description": "With those of a running session"})
    created_at = Timestamp(required=True)
    started_at = Timestamp(required=True, allow_none=True)
    ended_at = Timestamp(required=True, allow_none=True)


class TaskDetailsSchema(TaskSchema):
    pomodoro_sessions = fields.List(fields.Nested(TimedSchema), required=True)


class NewTaskSchema(Input):
    title = Text(500, required=True)
    description = Text(20_000, blank=True)
    project = Int(1, allow_none=True)
    estimated_pomodoros = Int(0, 1000, allow_none=True)
    organization = Text(100, metadata={"description": "Slug: make it the organization's task"})
    inbox_item = Uid(metadata={"description": "Make the task from this inbox item; completing it completes both"})


class TaskChangeSchema(Input):
    title = Text(500)
    description = Text(20_000, blank=True)
    project = Int(1, allow_none=True)
    estimated_pomodoros = Int(0, 1000, allow_none=True)


class TasksQuery(PageQuery):
    status = Choice(*STATUSES)
    project = QueryInt(1)
    date = Day(metadata={"description": "The day of creation"})
    organization = Text(100, metadata={"description": "Slug: only the tasks of that organization"})
    search = Text(200, blank=True, metadata={"description": "In title and description"})


def present_task(row: Record) -> dict[str, Any]:
    """A row of `list_tasks` as the contract writes a task."""
    seconds = row.focus_seconds
    if row.running_since is not None:
        seconds += worked_us(row) // SECOND - row.counted_us // SECOND
    return {
        "id": row.id,
        "title": row.title,
        "description": row.description,
        "status": row.status,
        "project": None
        if row.project_id is None
        else {"id": row.project_id, "name": row.project_name, "color_code": row.project_color},
        "organization": row.organization,
        "estimated_pomodoros": row.estimated_pomodoros,
        "completed_pomodoros": row.pomodoros,
        "total_focus_seconds": seconds,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "ended_at": row.completed_at,
    }


@routes.get("/")
@routes.arguments(TasksQuery, location="query")
@routes.response(200, TaskSchema(many=True))
def index(query: dict[str, Any]) -> Listing:
    """List tasks."""
    who = punctual_caller()
    wanted = task_filter(
        who.timezone, **{name: query.get(name) for name in ("status", "project", "date", "search", "organization")}
    )
    ordering = query.get("ordering", "-created_at")
    return paged(
        query["page"],
        query["page_size"],
        lambda limit, offset: list_tasks(who.id, wanted, ordering=ordering, limit=limit, offset=offset),
        lambda: count_tasks(who.id, wanted),
        present_task,
    )


@routes.post("/")
@routes.arguments(
    NewTaskSchema,
    example={
        "title": "Review pull requests",
        "description": "Check team's code submissions",
        "project": 2,
        "estimated_pomodoros": 2,
    },
)
@routes.response(201, TaskSchema)
def create(given: dict[str, Any]) -> dict[str, Any]:
    """Create a task, of its own or from an inbox item."""
    who = caller()
    given = _resolved(who.id, given)
    if "organization" in given:
        seat = seat_named(who.id, given.pop("organization"), "make organization task")
        given["organization_id"] = seat.id
    if "inbox_item" in given:
        given["inbox_item"] = _inbox_item(who.id, given["inbox_item"])
    return _present(who.id, Task.create(who.id, **given).id)


@routes.get("/<id:id>/")
@routes.response(200, TaskDetailsSchema)
def show(id: int) -> dict[str, Any]:
    """Get a task's details, with its sessions in order."""
    who = punctual_caller()
    task = _present(who.id, id)
    sessions = list_sessions(
        who.id, session_filter(who.timezone, task=id), ordering="started_at", limit=SHOWN_SESSIONS
    )
    return {**task, "pomodoro_sessions": [show_timed(row) for row in sessions]}


@routes.patch("/<id:id>/")
@routes.arguments(TaskChangeSchema, example={"title": "Write comprehensive blog post", "estimated_pomodoros": 4})
@routes.response(200, TaskSchema)
def update(given: dict[str, Any], id: int) -> dict[str, Any]:
    """Update a task."""
    user_id = caller().id
    Task.of(user_id, id).change(**_resolved(user_id, given))
    return _present(user_id, id)


@routes.delete("/<id:id>/")
@routes.response(204)
def delete(id: int) -> None:
    """Delete a task; the time that went into it stays in its days."""
    Task.hold(caller().id, id).delete()


def _present(user_id: int, id: int) -> dict[str, Any]:
    row = show_task(user_id, id)
    if row is None:
        raise NotFound("Task not found")
    return present_task(row)


def _resolved(user_id: int, given: dict[str, Any]) -> dict[str, Any]:
    """The input with its project found."""
    if given.get("project") is not None:
        return {**given, "project": Project.named(user_id, given["project"])}
    return given


def _inbox_item(user_id: int, uid: Any) -> InboxItem:
    try:
        return InboxItem.of(user_id, uid)
    except NotFound as error:
        raise Invalid({"inbox_item": ["There is no such inbox item"]}) from error
