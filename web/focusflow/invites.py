"""Invitations into an organisation."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from models.activity import note_membership
from models.db import Record, session
from models.invites import Invite, count_invites, invite_address, list_invites
from models.organizations import Organization
from models.permissions import ROLES
from web.auth import current_user
from web.body import Input
from web.fields import Choice, Email, Text, Timestamp
from web.focusflow.organizations import PagesQuery
from web.focusflow.seat import allowed, seat
from web.focusflow.shape import Routes
from web.paging import paged
from web.shape import Listing

routes = Routes("invites", __name__, description="Asking people to join a team")
_IN_TEAM = "/organizations/<slug>/invites/"


class InviterSchema(Input):
    id = fields.Integer(required=True)
    username = fields.String(required=True)


class ListedInviteSchema(Input):
    id = fields.Integer(required=True)
    email = fields.Email(required=True)
    role = fields.String(required=True, metadata={"enum": list(ROLES)})
    expires_at = Timestamp(required=True)
    created_at = Timestamp(required=True)
    invited_by = fields.Nested(InviterSchema, required=True)


class InviteSchema(Input):
    id = fields.Integer(required=True)
    email = fields.Email(required=True)
    role = fields.String(required=True, metadata={"enum": list(ROLES)})
    invite_token = fields.String(required=True, metadata={"description": "Shown this once"})
    invite_url = fields.String(required=True)
    expires_at = Timestamp(required=True)
    created_at = Timestamp(required=True)


class NewInviteSchema(Input):
    email = Email(required=True)
    role = Choice(*ROLES, required=True)
    message = Text(2000, blank=True)


class AcceptSchema(Input):
    token = Text(200, required=True)


class TeamNameSchema(Input):
    id = fields.Integer(required=True)
    name = fields.String(required=True)
    slug = fields.String(required=True)


class MembershipSchema(Input):
    role = fields.String(required=True, metadata={"enum": list(ROLES)})


class AcceptedSchema(Input):
    message = fields.String(required=True, metadata={"example": "Successfully joined Acme Startup"})
    organization = fields.Nested(TeamNameSchema, required=True)
    membership = fields.Nested(MembershipSchema, required=True)


def _show_listed(row: Record) -> dict[str, Any]:
    return {
        "id": row.id,
        "email": row.email,
        "role": row.role,
        "expires_at": row.expires_at,
        "created_at": row.created_at,
        "invited_by": {"id": row.inviter_id, "username": row.username},
    }


@routes.get(_IN_TEAM)
@allowed("list invites")
@routes.arguments(PagesQuery, location="query")
@routes.response(200, ListedInviteSchema(many=True))
def index(query: dict[str, Any]) -> Listing:
    """List the invitations that are open, without their tokens."""
    team = seat().id
    return paged(
        query["page"],
        query["page_size"],
        lambda limit, offset: list_invites(team, limit=limit, offset=offset),
        lambda: count_invites(team),
        _show_listed,
    )


@routes.post(_IN_TEAM)
@allowed("invite member")
@routes.arguments(
    NewInviteSchema, example={"email": "newuser@acme.com", "role": "employee", "message": "Welcome to the team!"}
)
@routes.response(201, InviteSchema)
def create(given: dict[str, Any]) -> dict[str, Any]:
    """Invite somebody by mail, to at most one's own role. An older invitation of the address stops working."""
    team = session.get_one(Organization, seat().id)
    invite, token = Invite.send(team, current_user(), seat().role, **given)
    return {
        "id": invite.id,
        "email": invite.email,
        "role": invite.role,
        "invite_token": token,
        "invite_url": invite_address(token),
        "expires_at": invite.expires_at,
        "created_at": invite.created_at,
    }


@routes.delete(f"{_IN_TEAM}<id:invite_id>/")
@allowed("withdraw invite")
@routes.response(204)
def delete(invite_id: int) -> None:
    """Take an open invitation back."""
    Invite.withdraw(seat().id, invite_id)


@routes.post("/invites/accept/")
@routes.arguments(AcceptSchema, example={"token": "a7b8c9d0e1f2..."})
@routes.response(200, AcceptedSchema)
def accept(given: dict[str, Any]) -> dict[str, Any]:
    """Join an organization. The invitation must be for the caller's own e-mail address."""
    user = current_user()
    team, member = Invite.accept(given["token"], user)
    note_membership(team, user, "member_joined", member.role)
    return {
        "message": f"Successfully joined {team.name}",
        "organization": {"id": team.id, "name": team.name, "slug": team.slug},
        "membership": {"role": member.role},
    }
