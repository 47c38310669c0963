"""Register, log in, refresh by cookie, log out."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request
from marshmallow import Schema, fields
from werkzeug.http import dump_cookie

from models.accounts import open_account
from models.db import session
from models.errors import InvalidCredentials, RefreshExpired, TokenInvalid
from models.guesses import log_in
from models.logins import Login, refresh
from models.users import User
from settings import settings
from web.auth import client_address, logged_in, public
from web.body import Input
from web.credentials import LoginSchema
from web.fields import Email, LoginName, Password, Text
from web.pomodoro_timer.shape import AnswerSchema, Routes, answer, shape

routes = Routes("auth", __name__, url_prefix="/auth", description="Accounts and tokens")
COOKIE = "refreshToken"
COOKIE_PATH = "/api/v1/auth/refresh"
SHORTEST_PASSWORD = 7  # the documented example has seven characters


class RegisterSchema(Input):
    username = Text(150, required=True)
    email = Email(required=True)
    password = Password(SHORTEST_PASSWORD, required=True)


class NamedLoginSchema(LoginSchema):
    username = LoginName(150, required=True)


class AccountSchema(Schema):
    id = fields.Integer(required=True, metadata={"example": 1})
    username = fields.String(required=True, metadata={"example": "test"})
    email = fields.String(required=True, metadata={"example": "test@dev.com"})


class TokenSchema(Schema):
    token = fields.String(required=True)
    expires_in = fields.Integer(required=True, data_key="expiresIn", metadata={"description": "Seconds"})


class LoggedInSchema(AccountSchema, TokenSchema):
    pass


class RegisterAnswer(AnswerSchema):
    data = fields.Nested(AccountSchema, required=True)


class LoginAnswer(AnswerSchema):
    data = fields.Nested(LoggedInSchema, required=True)


class RefreshAnswer(AnswerSchema):
    data = fields.Nested(TokenSchema, required=True)


@routes.post("/register")
@public
@routes.arguments(RegisterSchema, example={"username": "test", "email": "test@dev.com", "password": "test123"})
@routes.response(201, RegisterAnswer)
def register(given: dict[str, Any]) -> dict[str, Any]:
    """Create an account."""
    user = open_account(
        given["email"], given["password"], username=given["username"], shortest_password=SHORTEST_PASSWORD
    )
    return answer(201, "Successfully Sign Up", show_account(user))


@routes.post("/login")
@public
@routes.arguments(NamedLoginSchema, example={"email": "test@dev.com", "username": "test", "password": "test123"})
@routes.response(200, LoginAnswer)
def login(given: dict[str, Any]) -> Response:
    """Log in with e-mail and username of the same account; the refresh token goes into a cookie."""
    user = log_in(given["email"], given["password"], client_address())
    if user.username_key != given["username"].casefold():
        raise InvalidCredentials
    tokens = Login.start(user, shape.contract, shape.access_seconds)
    data = {**show_account(user), "token": tokens.access, "expiresIn": tokens.expires_in}
    return _with_cookie(
        answer(200, "Successfully Logged In", data), tokens.refresh, max_age=settings.refresh_days * 86400
    )


@routes.post("/refresh")
@public
@routes.doc(parameters=[{"in": "cookie", "name": COOKIE, "schema": {"type": "string"}}])
@routes.response(200, RefreshAnswer)
def renew() -> dict[str, Any]:
    """Get a new access token for the refresh cookie."""
    _refuse_foreign_origin()
    try:
        tokens = refresh(request.cookies.get(COOKIE, ""), shape.contract, shape.access_seconds)
    except TokenInvalid as error:
        raise RefreshExpired from error
    return answer(200, "Successfully Refresh Token", {"token": tokens.access, "expiresIn": tokens.expires_in})


@routes.post("/logout")
@routes.response(200, AnswerSchema)
def logout() -> Response:
    """Log out: the tokens of this login stop working and the cookie is cleared."""
    session.get_one(Login, logged_in().login_id).end()
    return _with_cookie(answer(200, "OK"), "", max_age=0)


def show_account(user: User) -> dict[str, Any]:
    """An account as the contract writes one."""
    return {"id": user.id, "username": user.username, "email": user.email}


def _with_cookie(body: dict[str, Any], value: str, *, max_age: int) -> Response:
    """An answer that sets the refresh cookie; below a path prefix the cookie's path begins with that prefix."""
    response = jsonify(body)
    cookie = dump_cookie(
        COOKIE,
        value,
        max_age=max_age,
        path=request.script_root + COOKIE_PATH,
        httponly=True,
        secure=True,
        samesite="Strict",
        sync_expires=False,  # the documented cookie has Max-Age alone
    )
    response.headers.add("Set-Cookie", cookie)
    return response


def _refuse_foreign_origin() -> None:
    """The browser sends the cookie by itself, so a page of another site may not spend it. Errors: RefreshExpired."""
    origin = request.headers.get("Origin")
    if origin is not None and origin not in (request.host_url.rstrip("/"), settings.public_url.rstrip("/")):
        raise RefreshExpired
