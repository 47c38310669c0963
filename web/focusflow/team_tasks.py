"""An organisation's tasks, and giving them to its members."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from models.assignments import PRIORITIES, assign, count_team_tasks, list_team_tasks, team_filter
from models.db import Record, session
from models.organizations import Organization
from models.tasks import STATUSES
from models.users import User
from web.auth import current_user
from web.body import Input
from web.fields import Choice, Day, Int, QueryInt, Timestamp
from web.focusflow.organizations import PagesQuery
from web.focusflow.seat import allowed, seat
from web.focusflow.shape import Routes
from web.paging import paged
from web.shape import Listing

routes = Routes("team_tasks", __name__, url_prefix="/organizations/<slug>/tasks", description="What a team has to do")


class NamedProjectSchema(Input):
    id = fields.Integer(required=True)
    name = fields.String(required=True)


class NamedPersonSchema(Input):
    id = fields.Integer(required=True)
    username = fields.String(required=True)


class FirstNamedPersonSchema(NamedPersonSchema):
    first_name = fields.String(required=True)


class TeamTaskSchema(Input):
    id = fields.Integer(required=True)
    title = fields.String(required=True, metadata={"example": "Code review"})
    status = fields.String(required=True, metadata={"enum": list(STATUSES)})
    priority = fields.String(required=True, metadata={"enum": list(PRIORITIES)})
    owner = fields.Nested(FirstNamedPersonSchema, required=True)
    project = fields.Nested(NamedProjectSchema, required=True, allow_none=True)
    created_at = Timestamp(required=True)
    started_at = Timestamp(required=True, allow_none=True)
    ended_at = Timestamp(required=True, allow_none=True)
    estimated_pomodoros = fields.Integer(required=True, allow_none=True)
    completed_pomodoros = fields.Integer(required=True)


class TeamTasksQuery(PagesQuery):
    owner = QueryInt(1, metadata={"description": "A member's id"})
    status = Choice(*STATUSES)
    project = QueryInt(1)
    date = Day(metadata={"description": "Made, assigned, started or completed on that day"})


class AssignmentSchema(Input):
    task_id = Int(1, required=True)
    assigned_to = Int(1, required=True)
    priority = Choice(*PRIORITIES, load_default="medium")


class AssignedSchema(Input):
    id = fields.Integer(required=True)
    assigned_to = fields.Nested(NamedPersonSchema, required=True)
    assigned_by = fields.Nested(NamedPersonSchema, required=True)
    priority = fields.String(required=True, metadata={"enum": list(PRIORITIES)})
    assigned_at = Timestamp(required=True)


def _show(row: Record) -> dict[str, Any]:
    return {
        "id": row.id,
        "title": row.title,
        "status": row.status,
        "priority": row.priority,
        "owner": {"id": row.owner_id, "username": row.username, "first_name": row.first_name},
        "project": None if row.project_id is None else {"id": row.project_id, "name": row.project_name},
        "created_at": row.created_at,
        "started_at": row.started_at,
        "ended_at": row.completed_at,
        "estimated_pomodoros": row.estimated_pomodoros,
        "completed_pomodoros": row.pomodoros,
    }


@routes.get("/")
@allowed("list organization tasks")
@routes.arguments(TeamTasksQuery, location="query")
@routes.response(200, TeamTaskSchema(many=True))
def index(query: dict[str, Any]) -> Listing:
    """List the organization's tasks, the newest first. Members' personal tasks are not among them."""
    filters = {name: query.get(name) for name in ("owner", "status", "project", "date")}
    wanted = team_filter(seat().id, seat().timezone, **filters)
    return paged(
        query["page"],
        query["page_size"],
        lambda limit, offset: list_team_tasks(wanted, limit=limit, offset=offset),
        lambda: count_team_tasks(wanted),
        _show,
    )


@routes.post("/assign/")
@allowed("assign task")
@routes.arguments(AssignmentSchema, example={"task_id": 45, "assigned_to": 3, "priority": "high"})
@routes.response(200, AssignedSchema)
def give(given: dict[str, Any]) -> dict[str, Any]:
    """Assign a task of the organization, or one's own, which becomes the organization's."""
    team, assigner = session.get_one(Organization, seat().id), current_user()
    task = assign(team, assigner, given["task_id"], given["assigned_to"], given["priority"])
    assignee = session.get_one(User, task.owner_id)
    return {
        "id": task.id,
        "assigned_to": {"id": assignee.id, "username": assignee.username},
        "assigned_by": {"id": assigner.id, "username": assigner.username},
        "priority": task.priority,
        "assigned_at": task.assigned_at,
    }
