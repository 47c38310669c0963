"""Sign up, log in and out, refresh, and the way back for those who forgot."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from models.accounts import forgot_password, open_account, reset_password
from models.db import session
from models.guesses import log_in
from models.logins import Login, end_login_of, refresh
from models.users import User, split_name
from web.auth import caller, client_address, logged_in, public
from web.body import Input
from web.credentials import ForgotSchema, LoginSchema, NewAccountSchema, RefreshSchema
from web.fields import Password, Text
from web.produktifin.ids import write_id
from web.produktifin.shape import Routes, shape
from web.shape import MessageSchema

routes = Routes("auth", __name__, url_prefix="/auth", description="Accounts and tokens")


class LogoutSchema(Input):
    refresh_token = Text(500)


class ResetSchema(Input):
    token = Text(500, required=True)
    new_password = Password(required=True)


class TokenSchema(Schema):
    token = fields.String(required=True)


class TokensSchema(TokenSchema):
    refresh_token = fields.String(required=True)


class SignedUpSchema(TokensSchema):
    id = fields.String(required=True, metadata={"example": "u_01"})
    email = fields.String(required=True, metadata={"example": "user@example.com"})
    name = fields.String(required=True, metadata={"example": "John Doe"})


@routes.post("/signup")
@public
@routes.arguments(
    NewAccountSchema, example={"email": "user@example.com", "password": "mypassword", "name": "John Doe"}
)
@routes.response(201, SignedUpSchema)
def sign_up(given: dict[str, Any]) -> dict[str, Any]:
    """Create a new user account."""
    first_name, last_name = split_name(given["name"])
    user = open_account(given["email"], given["password"], first_name=first_name, last_name=last_name)
    return {"id": write_id("u_", user.uid), "email": user.email, "name": user.name, **welcome(user)}


@routes.post("/login")
@public
@routes.arguments(LoginSchema, example={"email": "user@example.com", "password": "mypassword"})
@routes.response(200, TokensSchema)
def login(given: dict[str, Any]) -> dict[str, Any]:
    """Authenticate an existing user."""
    return welcome(log_in(given["email"], given["password"], client_address()))


@routes.post("/refresh")
@public
@routes.arguments(RefreshSchema, example={"refresh_token": "jwt_refresh_token"})
@routes.response(200, TokenSchema)
def renew(given: dict[str, Any]) -> dict[str, Any]:
    """Refresh an expired access token; the refresh token stays good for its 30 days."""
    return {"token": refresh(given["refresh_token"], shape.contract, shape.access_seconds).access}


@routes.post("/logout")
@routes.arguments(LogoutSchema, example={"refresh_token": "jwt_refresh_token"})
@routes.response(200, MessageSchema)
def logout(given: dict[str, Any]) -> dict[str, Any]:
    """Log out: both tokens of this login stop working, and the refresh token that is named."""
    session.get_one(Login, logged_in().login_id).end()
    if "refresh_token" in given:
        end_login_of(given["refresh_token"], caller().id)
    return {"message": "Logged out"}


@routes.post("/password/forgot")
@public
@routes.arguments(ForgotSchema, example={"email": "user@example.com"})
@routes.response(200, MessageSchema)
def forgot(given: dict[str, Any]) -> dict[str, Any]:
    """Send a password reset link by e-mail."""
    forgot_password(given["email"])
    return {"message": "If an account exists, a reset email has been sent"}


@routes.post("/password/reset")
@public
@routes.arguments(ResetSchema, example={"token": "reset_token", "new_password": "newStrongPass123"})
@routes.response(200, MessageSchema)
def reset(given: dict[str, Any]) -> dict[str, Any]:
    """Reset the password with a mailed token; every login ends."""
    reset_password(given["token"], given["new_password"], "new_password")
    return {"message": "Password reset successfully"}


def welcome(user: User) -> dict[str, Any]:
    """Log a user in and show the tokens."""
    tokens = Login.start(user, shape.contract, shape.access_seconds)
    return {"token": tokens.access, "refresh_token": tokens.refresh}
