"""Register, log in, refresh, and the way back for those who forgot."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from models.accounts import forgot_password, open_account, reset_password
from models.guesses import log_in
from models.logins import Login, Tokens, refresh
from models.users import User, split_name
from web.auth import client_address, public
from web.credentials import ForgotSchema, LoginSchema, NewAccountSchema
from web.fields import Password, Text
from web.shape import MessageSchema
from web.tymblok.shape import Camel, Routes, shape
from web.tymblok.users import UserSchema, show_user

routes = Routes("auth", __name__, url_prefix="/auth", description="Accounts and tokens")


class RefreshSchema(Camel):
    refresh_token = Text(500, required=True)


class ResetSchema(Camel):
    token = Text(500, required=True)
    password = Password(required=True)


class TokensSchema(Camel):
    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "Seconds"})


class AuthSchema(TokensSchema):
    user = fields.Nested(UserSchema, required=True)


@routes.post("/register")
@public
@routes.arguments(
    NewAccountSchema, example={"email": "user@example.com", "password": "SecurePass123!", "name": "John Doe"}
)
@routes.response(201, AuthSchema)
def register(given: dict[str, Any]) -> dict[str, Any]:
    """Create a new account."""
    first_name, last_name = split_name(given["name"])
    return welcome(open_account(given["email"], given["password"], first_name=first_name, last_name=last_name))


@routes.post("/login")
@public
@routes.arguments(LoginSchema, example={"email": "user@example.com", "password": "SecurePass123!"})
@routes.response(200, AuthSchema)
def login(given: dict[str, Any]) -> dict[str, Any]:
    """Authenticate and get tokens."""
    return welcome(log_in(given["email"], given["password"], client_address()))


@routes.post("/refresh")
@public
@routes.arguments(RefreshSchema, example={"refreshToken": "dGhpcyBpcyBhIHJlZnJl..."})
@routes.response(200, TokensSchema)
def renew(given: dict[str, Any]) -> dict[str, Any]:
    """Refresh the access token; the refresh token is replaced as well."""
    return show_tokens(refresh(given["refresh_token"], shape.contract, shape.access_seconds, rotate=True))


@routes.post("/forgot-password")
@public
@routes.arguments(ForgotSchema, example={"email": "user@example.com"})
@routes.response(200, MessageSchema)
def forgot(given: dict[str, Any]) -> dict[str, Any]:
    """Request a password reset email."""
    forgot_password(given["email"])
    return {"message": "If an account exists, a reset email has been sent"}


@routes.post("/reset-password")
@public
@routes.arguments(ResetSchema, example={"token": "reset_token_from_email", "password": "NewSecurePass123!"})
@routes.response(200, MessageSchema)
def reset(given: dict[str, Any]) -> dict[str, Any]:
    """Reset the password with a mailed token; every login ends."""
    reset_password(given["token"], given["password"])
    return {"message": "Password reset successfully"}


def welcome(user: User) -> dict[str, Any]:
    """Log a user in and show the tokens with the profile."""
    tokens = Login.start(user, shape.contract, shape.access_seconds)
    return {**show_tokens(tokens), "user": show_user(user)}


def show_tokens(tokens: Tokens) -> dict[str, Any]:
    """Tokens as the contract writes them."""
    return {"accessToken": tokens.access, "refreshToken": tokens.refresh, "expiresIn": tokens.expires_in}
