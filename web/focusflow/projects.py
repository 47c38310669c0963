"""Projects."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from models.db import Record
from models.focus_stats import Running, running_focus
from models.organizations import seat_named
from models.projects import Project
from models.worklists import count_projects, list_projects, project_sums
from web.auth import caller, current_user
from web.body import Input
from web.fields import Color, Flag, QueryFlag, Text, Timestamp
from web.focusflow.hours import hours
from web.focusflow.punctual import punctual_caller
from web.focusflow.shape import PageQuery, Routes
from web.paging import paged
from web.shape import Listing

routes = Routes("projects", __name__, url_prefix="/projects", description="What tasks belong to")


class ProjectSchema(Input):
    id = fields.Integer(required=True)
    name = fields.String(required=True, metadata={"example": "Personal Development"})
    description = fields.String(required=True)
    color_code = fields.String(required=True, metadata={"example": "#FF5733"})
    is_active = fields.Boolean(required=True)
    organization = fields.String(
        required=True, allow_none=True, metadata={"description": "Slug; null for a personal project"}
    )
    created_at = Timestamp(required=True)


class ListedProjectSchema(ProjectSchema):
    task_count = fields.Integer(required=True)
    total_focus_time = fields.Integer(required=True, metadata={"description": "Seconds"})


class OwnerSchema(Input):
    id = fields.Integer(required=True)
    username = fields.String(required=True)


class ProjectStatisticsSchema(Input):
    total_tasks = fields.Integer(required=True)
    completed_tasks = fields.Integer(required=True)
    total_focus_hours = fields.Float(required=True, metadata={"example": 12.5})
    avg_task_duration = fields.Integer(
        required=True, metadata={"description": "Seconds of focus for each completed task", "example": 5625}
    )


class ProjectDetailsSchema(ProjectSchema):
    owner = fields.Nested(OwnerSchema, required=True)
    statistics = fields.Nested(ProjectStatisticsSchema, required=True)


class NewProjectSchema(Input):
    name = Text(200, required=True)
    description = Text(20_000, blank=True)
    color_code = Color()
    organization = Text(100, metadata={"description": "Slug: make it the organization's; for managers and admins"})


class ProjectChangeSchema(Input):
    name = Text(200)
    description = Text(20_000, blank=True)
    color_code = Color()
    is_active = Flag()


class ProjectsQuery(PageQuery):
    is_active = QueryFlag()
    organization = Text(100, metadata={"description": "Slug: all projects of that organization"})


def show_project(row: Project | Record) -> dict[str, Any]:
    """A project as the contract writes one."""
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "color_code": row.color_code,
        "is_active": row.is_active,
        "organization": row.organization,
        "created_at": row.created_at,
    }


@routes.get("/")
@routes.arguments(ProjectsQuery, location="query")
@routes.response(200, ListedProjectSchema(many=True))
def index(query: dict[str, Any]) -> Listing:
    """List projects."""
    user_id, is_active, organization = punctual_caller().id, query.get("is_active"), query.get("organization")
    ordering = query.get("ordering", "-created_at")
    live = running_focus(user_id)

    def show_listed(row: Record) -> dict[str, Any]:
        seconds = int(row.focus_seconds) + _live_seconds(live, row.id)
        return {**show_project(row), "task_count": row.task_count, "total_focus_time": seconds}

    return paged(
        query["page"],
        query["page_size"],
        lambda limit, offset: list_projects(
            user_id, is_active=is_active, organization=organization, ordering=ordering, limit=limit, offset=offset
        ),
        lambda: count_projects(user_id, is_active=is_active, organization=organization),
        show_listed,
    )


@routes.post("/")
@routes.arguments(
    NewProjectSchema,
    example={"name": "Freelance Work", "description": "Client projects", "color_code": "#3498db"},
)
@routes.response(201, ProjectSchema)
def create(given: dict[str, Any]) -> dict[str, Any]:
    """Create a project."""
    if "organization" in given:
        seat = seat_named(caller().id, given.pop("organization"), "make organization project")
        given["organization_id"] = seat.id
    return show_project(Project.create(caller().id, **given))


@routes.get("/<id:id>/")
@routes.response(200, ProjectDetailsSchema)
def show(id: int) -> dict[str, Any]:
    """Get a project's details."""
    project, user = Project.of(punctual_caller().id, id), current_user()
    sums = project_sums(id)
    seconds = int(sums.focus_seconds) + _live_seconds(running_focus(user.id), id)
    return {
        **show_project(project),
        "owner": {"id": user.id, "username": user.username},
        "statistics": {
            "total_tasks": sums.total,
            "completed_tasks": sums.completed,
            "total_focus_hours": hours(seconds),
            "avg_task_duration": seconds // sums.completed if sums.completed else 0,
        },
    }


@routes.patch("/<id:id>/")
@routes.arguments(ProjectChangeSchema, example={"name": "Personal Growth", "color_code": "#e74c3c"})
@routes.response(200, ProjectSchema)
def update(given: dict[str, Any], id: int) -> dict[str, Any]:
    """Update a project."""
    project = Project.of(caller().id, id)
    project.change(**given)
    return show_project(project)


@routes.delete("/<id:id>/")
@routes.response(204)
def delete(id: int) -> None:
    """Delete a project; its tasks stay, in no project."""
    Project.of(caller().id, id).delete()


def _live_seconds(live: Running | None, project_id: int) -> int:
    """What a running session adds to a project just now."""
    return live.seconds if live is not None and live.project_id == project_id else 0
