"""The members of an organisation."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from models.db import Record, session
from models.departures import give_role, take_out
from models.errors import NotFound
from models.members import count_members, list_members, show_member
from models.organizations import Organization
from models.permissions import ROLES
from models.presence import IDLE, Presence, presences
from web.body import Input
from web.fields import Choice, QueryFlag, Timestamp
from web.focusflow.organizations import PagesQuery
from web.focusflow.seat import allowed, seat
from web.focusflow.shape import Routes
from web.paging import paged
from web.shape import Listing

routes = Routes("members", __name__, url_prefix="/organizations/<slug>/members", description="Who belongs to a team")
STATUSES = ("focused", "paused", "idle")


class TaskNameSchema(Input):
    id = fields.Integer(required=True)
    title = fields.String(required=True)


class PersonSchema(Input):
    id = fields.Integer(required=True)
    username = fields.String(required=True, metadata={"example": "janedoe"})
    email = fields.Email(required=True)
    first_name = fields.String(required=True)
    last_name = fields.String(required=True)


class MemberSchema(Input):
    id = fields.Integer(required=True)
    user = fields.Nested(PersonSchema, required=True)
    role = fields.String(required=True, metadata={"enum": list(ROLES)})
    is_active = fields.Boolean(required=True, metadata={"description": "False for those who left"})
    joined_at = Timestamp(required=True)
    current_status = fields.String(
        required=True, metadata={"enum": list(STATUSES), "description": "At the organization's tasks alone"}
    )
    current_task = fields.Nested(TaskNameSchema, required=True, allow_none=True)


class MembersQuery(PagesQuery):
    role = Choice(*ROLES)
    is_active = QueryFlag(metadata={"description": "`false` gives those who left"})


class RoleSchema(Input):
    role = Choice(*ROLES, required=True)


def show_task(presence: Presence) -> dict[str, Any] | None:
    """The task that somebody is at."""
    return None if presence.task_id is None else {"id": presence.task_id, "title": presence.task_title}


def _show(row: Record, presence: Presence) -> dict[str, Any]:
    return {
        "id": row.id,
        "user": {
            "id": row.user_id,
            "username": row.username,
            "email": row.email,
            "first_name": row.first_name,
            "last_name": row.last_name,
        },
        "role": row.role,
        "is_active": row.left_at is None,
        "joined_at": row.joined_at,
        "current_status": presence.status,
        "current_task": show_task(presence),
    }


@routes.get("/")
@allowed("list members")
@routes.arguments(MembersQuery, location="query")
@routes.response(200, MemberSchema(many=True))
def index(query: dict[str, Any]) -> Listing:
    """List members, with what they are at."""
    team, role, is_active = seat().id, query.get("role"), query.get("is_active")
    page = paged(
        query["page"],
        query["page_size"],
        lambda limit, offset: list_members(team, role=role, is_active=is_active, limit=limit, offset=offset),
        lambda: count_members(team, role=role, is_active=is_active),
        lambda row: row,
    )
    present = presences(team, [row.user_id for row in page])
    return Listing([_show(row, present.get(row.user_id, IDLE)) for row in page], page.page)


@routes.patch("/<id:user_id>/")
@allowed("update member role")
@routes.arguments(RoleSchema, example={"role": "manager"})
@routes.response(200, MemberSchema)
def update(given: dict[str, Any], user_id: int) -> dict[str, Any]:
    """Update a member's role; the last admin keeps his."""
    team = session.get_one(Organization, seat().id)
    give_role(team, user_id, given["role"])
    session.flush()
    row = show_member(team.id, user_id)
    if row is None:
        raise NotFound("Member not found")
    return _show(row, presences(team.id, [user_id]).get(user_id, IDLE))


@routes.delete("/<id:user_id>/")
@allowed("remove member")
@routes.response(204)
def delete(user_id: int) -> None:
    """Remove a member; the last admin stays."""
    take_out(session.get_one(Organization, seat().id), user_id)
