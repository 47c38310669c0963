"""Register, log in, refresh, log out."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from models.accounts import open_account
from models.errors import Conflict, EmailTaken, Invalid, TokenInvalid
from models.guesses import log_in
from models.logins import Login, end_login_of, refresh
from models.users import User
from web.auth import caller, client_address, public
from web.body import Input
from web.credentials import LoginSchema
from web.fields import Email, Password, Text, Timestamp, Zone
from web.focusflow.shape import Routes, shape

routes = Routes("auth", __name__, url_prefix="/auth", description="Accounts and tokens")
USER_TYPE = "individual"
USERNAME = r"^[\w.@+-]+$"


class RegisterSchema(Input):
    email = Email(required=True)
    username = Text(
        150,
        required=True,
        validate=validate.Regexp(USERNAME, error="May hold letters, digits and the signs . @ + - _ only"),
    )
    password = Password(required=True)
    first_name = Text(150, blank=True)
    last_name = Text(150, blank=True)
    timezone = Zone()


class RefreshSchema(Input):
    refresh = Text(500, required=True)


class TokensSchema(Input):
    access = fields.String(required=True)
    refresh = fields.String(required=True)


class AccessSchema(Input):
    access = fields.String(required=True)


class UserNameSchema(Input):
    id = fields.Integer(required=True)
    email = fields.Email(required=True)
    username = fields.String(required=True)
    user_type = fields.String(required=True, metadata={"example": USER_TYPE})


class RegisteredSchema(UserNameSchema):
    first_name = fields.String(required=True)
    last_name = fields.String(required=True)
    timezone = fields.String(required=True, metadata={"example": "America/New_York"})
    created_at = Timestamp(required=True)
    tokens = fields.Nested(TokensSchema, required=True)


class LoggedInSchema(Input):
    user = fields.Nested(UserNameSchema, required=True)
    tokens = fields.Nested(TokensSchema, required=True)


@routes.post("/register/")
@public
@routes.arguments(
    RegisterSchema,
    example={
        "email": "user@example.com",
        "username": "johndoe",
        "password": "SecurePass123!",
        "first_name": "John",
        "last_name": "Doe",
        "timezone": "America/New_York",
    },
)
@routes.response(201, RegisteredSchema)
def register(given: dict[str, Any]) -> dict[str, Any]:
    """Register a user."""
    try:
        user = open_account(**given)
    except EmailTaken as error:
        raise Invalid({"email": [error.message]}, "Invalid input data") from error
    except Conflict as error:
        raise Invalid({"username": [error.message]}, "Invalid input data") from error
    return {
        **name_user(user),
        "first_name": user.first_name,
        "last_name": user.last_name,
        "timezone": user.timezone,
        "created_at": user.created_at,
        "tokens": _log_in(user),
    }


@routes.post("/login/")
@public
@routes.arguments(LoginSchema, example={"email": "user@example.com", "password": "SecurePass123!"})
@routes.response(200, LoggedInSchema)
def login(given: dict[str, Any]) -> dict[str, Any]:
    """Log in."""
    user = log_in(given["email"], given["password"], client_address())
    return {"user": name_user(user), "tokens": _log_in(user)}


@routes.post("/refresh/")
@public
@routes.arguments(RefreshSchema, example={"refresh": "eyJ0eXAiOiJKV1QiLCJhbG..."})
@routes.response(200, AccessSchema)
def renew(given: dict[str, Any]) -> dict[str, Any]:
    """Get a new access token; the refresh token stays."""
    return {"access": refresh(given["refresh"], shape.contract, shape.access_seconds).access}


@routes.post("/logout/")
@routes.arguments(RefreshSchema, example={"refresh": "eyJ0eXAiOiJKV1QiLCJhbG..."})
@routes.response(205)
def logout(given: dict[str, Any]) -> None:
    """Log out: this login's tokens stop working, its live connections close."""
    if not end_login_of(given["refresh"], caller().id):
        raise TokenInvalid


def name_user(user: User) -> dict[str, Any]:
    """A user in few words."""
    return {"id": user.id, "email": user.email, "username": user.username, "user_type": USER_TYPE}


def _log_in(user: User) -> dict[str, Any]:
    tokens = Login.start(user, shape.contract, shape.access_seconds)
    return {"access": tokens.access, "refresh": tokens.refresh}
