"""Organisations: what they are called and how they work."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from models.dashboard import statistics
from models.db import Record, session
from models.departures import take_out
from models.organizations import Organization, count_organizations, list_organizations
from models.permissions import ROLES
from web.auth import caller, current_user
from web.body import Input
from web.fields import Clock, Flag, Int, QueryInt, Text, Timestamp, Zone
from web.focusflow.seat import allowed, seat
from web.focusflow.shape import Routes
from web.paging import paged
from web.shape import Listing

routes = Routes("organizations", __name__, url_prefix="/organizations", description="Teams and how they work")


class PagesQuery(Input):
    page = QueryInt(1, 10**9, load_default=1)
    page_size = QueryInt(1, 100, load_default=20, metadata={"description": "At most 100"})


class HoursSchema(Input):
    start = fields.String(required=True, metadata={"example": "09:00"})
    end = fields.String(required=True, metadata={"example": "17:00"})


class OrganizationSchema(Input):
    id = fields.Integer(required=True)
    name = fields.String(required=True, metadata={"example": "Acme Startup"})
    slug = fields.String(required=True, metadata={"example": "acme-startup"})
    is_active = fields.Boolean(required=True)
    created_at = Timestamp(required=True)


class ListedOrganizationSchema(OrganizationSchema):
    role = fields.String(required=True, metadata={"enum": list(ROLES), "description": "The caller's own"})


class OwnerSchema(Input):
    id = fields.Integer(required=True)
    username = fields.String(required=True)
    email = fields.Email(required=True)


class NewOrganizationAnswerSchema(OrganizationSchema):
    default_pomodoro_duration = fields.Integer(required=True)
    require_task_estimates = fields.Boolean(required=True)
    member_count = fields.Integer(required=True)
    owner = fields.Nested(OwnerSchema, required=True)


class OrganizationSettingsSchema(Input):
    default_pomodoro_duration = fields.Integer(
        required=True, metadata={"description": "Minutes; for the organization's tasks, where a start names none"}
    )
    require_task_estimates = fields.Boolean(required=True)
    working_hours = fields.Nested(HoursSchema, required=True)
    working_days = fields.List(fields.Integer(), required=True, metadata={"description": "ISO weekdays, Monday is 1"})
    timezone = fields.String(required=True, metadata={"description": "Where the organization's days begin"})


class OrganizationStatisticsSchema(Input):
    total_members = fields.Integer(required=True)
    active_members = fields.Integer(required=True, metadata={"description": "Without closed accounts"})
    total_projects = fields.Integer(required=True)
    total_tasks_today = fields.Integer(
        required=True, metadata={"description": "Made, assigned, started or completed today, or under way"}
    )
    completed_tasks_today = fields.Integer(required=True)


class OrganizationDetailsSchema(OrganizationSchema):
    settings = fields.Nested(OrganizationSettingsSchema, required=True)
    statistics = fields.Nested(OrganizationStatisticsSchema, required=True)


class NewOrganizationSchema(Input):
    name = Text(200, required=True)
    slug = Text(100, required=True, metadata={"description": "a-z, 0-9 and hyphens; it stays for ever"})
    default_pomodoro_duration = Int(1, 240)
    require_task_estimates = Flag()
    timezone = Zone(metadata={"description": "The maker's where it is left out"})


class HoursChangeSchema(Input):
    start = Clock()
    end = Clock()


class OrganizationChangeSchema(Input):
    name = Text(200)
    default_pomodoro_duration = Int(1, 240)
    require_task_estimates = Flag()
    working_hours = fields.Nested(HoursChangeSchema)
    working_days = fields.List(Int(1, 7), validate=validate.Length(1, 7, error="Name 1 to 7 days"))
    timezone = Zone()


def _show(organization: Organization | Record) -> dict[str, Any]:
    return {
        "id": organization.id,
        "name": organization.name,
        "slug": organization.slug,
        "is_active": organization.is_active,
        "created_at": organization.created_at,
    }


def _show_details(organization: Organization) -> dict[str, Any]:
    figures = statistics(organization.id, organization.timezone)
    return {
        **_show(organization),
        "settings": {
            "default_pomodoro_duration": organization.default_pomodoro_duration,
            "require_task_estimates": organization.require_task_estimates,
            "working_hours": {
                "start": f"{organization.work_starts:%H:%M}",
                "end": f"{organization.work_ends:%H:%M}",
            },
            "working_days": [int(day) for day in organization.work_days],
            "timezone": organization.timezone,
        },
        "statistics": {
            "total_members": figures.total_members,
            "active_members": figures.active_members,
            "total_projects": figures.total_projects,
            "total_tasks_today": figures.tasks_today,
            "completed_tasks_today": figures.done_today,
        },
    }


@routes.get("/")
@routes.arguments(PagesQuery, location="query")
@routes.response(200, ListedOrganizationSchema(many=True))
def index(query: dict[str, Any]) -> Listing:
    """List the organizations that the caller belongs to."""
    user_id = caller().id
    return paged(
        query["page"],
        query["page_size"],
        lambda limit, offset: list_organizations(user_id, limit=limit, offset=offset),
        lambda: count_organizations(user_id),
        lambda row: {**_show(row), "role": row.role},
    )


@routes.post("/")
@routes.arguments(
    NewOrganizationSchema,
    example={
        "name": "Acme Startup",
        "slug": "acme-startup",
        "default_pomodoro_duration": 25,
        "require_task_estimates": False,
    },
)
@routes.response(201, NewOrganizationAnswerSchema)
def create(given: dict[str, Any]) -> dict[str, Any]:
    """Create an organization; its maker is its admin."""
    owner = current_user()
    organization = Organization.create(owner, **given)
    return {
        **_show(organization),
        "default_pomodoro_duration": organization.default_pomodoro_duration,
        "require_task_estimates": organization.require_task_estimates,
        "member_count": 1,
        "owner": {"id": owner.id, "username": owner.username, "email": owner.email},
    }


@routes.get("/<slug>/")
@allowed("get organization details")
@routes.response(200, OrganizationDetailsSchema)
def show() -> dict[str, Any]:
    """Get an organization's details."""
    return _show_details(session.get_one(Organization, seat().id))


@routes.patch("/<slug>/")
@allowed("update organization")
@routes.arguments(OrganizationChangeSchema, example={"name": "Acme Inc", "require_task_estimates": True})
@routes.response(200, OrganizationDetailsSchema)
def update(given: dict[str, Any]) -> dict[str, Any]:
    """Update an organization. Its slug stays."""
    organization = session.get_one(Organization, seat().id)
    hours = given.pop("working_hours", {})
    given |= {name: hours[end] for name, end in (("work_starts", "start"), ("work_ends", "end")) if end in hours}
    if "working_days" in given:
        given["work_days"] = "".join(str(day) for day in sorted(set(given.pop("working_days"))))
    organization.change(**given)
    session.flush()
    return _show_details(organization)


@routes.post("/<slug>/leave/")
@allowed("leave organization")
@routes.response(204)
def leave() -> None:
    """Leave an organization; its last admin cannot."""
    take_out(session.get_one(Organization, seat().id), caller().id)
