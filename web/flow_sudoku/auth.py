"""Sign up, sign in, refresh, and who the caller is."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from models.accounts import open_account
from models.guesses import log_in
from models.logins import Login, refresh
from models.users import User
from web.auth import caller, client_address, current_user, public
from web.body import Input
from web.credentials import LoginSchema, RefreshSchema
from web.fields import Email, Password, Timestamp
from web.flow_sudoku.shape import Routes, shape
from web.flow_sudoku.subscription import standing, tier

routes = Routes("auth", __name__, url_prefix="/auth", description="Accounts and tokens")
EXAMPLE = {"email": "user@example.com", "password": "securepassword123"}


class SignUpSchema(Input):
    email = Email(required=True)
    password = Password(required=True)


class UserSchema(Schema):
    id = fields.String(required=True, metadata={"example": "user_123"})
    email = fields.String(required=True, metadata={"example": "user@example.com"})
    tier = fields.String(required=True, metadata={"example": "free", "description": "`free` or `studio`"})
    created_at = Timestamp(required=True)


class MeSchema(UserSchema):
    subscription_status = fields.String(required=True, metadata={"example": "active"})
    subscription_expires_at = Timestamp(required=True, allow_none=True)


class TokensSchema(Schema):
    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)


class SignedInSchema(TokensSchema):
    user = fields.Nested(UserSchema, required=True)


@routes.post("/signup")
@public
@routes.arguments(SignUpSchema, example=EXAMPLE)
@routes.response(201, SignedInSchema)
def sign_up(given: dict[str, Any]) -> dict[str, Any]:
    """Create an account."""
    return welcome(open_account(given["email"], given["password"]))


@routes.post("/signin")
@public
@routes.arguments(LoginSchema, example=EXAMPLE)
@routes.response(200, SignedInSchema)
def sign_in(given: dict[str, Any]) -> dict[str, Any]:
    """Sign in."""
    return welcome(log_in(given["email"], given["password"], client_address()))


@routes.post("/refresh")
@public
@routes.arguments(RefreshSchema, example={"refresh_token": "refresh_abc123..."})
@routes.response(200, TokensSchema)
def renew(given: dict[str, Any]) -> dict[str, Any]:
    """Get a new access token; the refresh token stays good for its 30 days."""
    tokens = refresh(given["refresh_token"], shape.contract, shape.access_seconds)
    return {"access_token": tokens.access, "refresh_token": tokens.refresh}


@routes.get("/me")
@routes.response(200, MeSchema)
def me() -> dict[str, Any]:
    """Get the current user."""
    subscription = standing(caller().id)
    return {
        **show_user(current_user()),
        "subscription_status": subscription["status"],
        "subscription_expires_at": subscription["current_period_end"],
    }


def welcome(user: User) -> dict[str, Any]:
    """Log a user in and show the tokens with the profile."""
    tokens = Login.start(user, shape.contract, shape.access_seconds)
    return {"user": show_user(user), "access_token": tokens.access, "refresh_token": tokens.refresh}


def show_user(user: User) -> dict[str, Any]:
    """A user as the contract writes one."""
    return {
        "id": f"user_{user.uid.hex}",
        "email": user.email,
        "tier": tier(user.plan),
        "created_at": user.created_at,
    }
