"""Logging in with GitHub or Google."""

from __future__ import annotations

import secrets
from typing import Any

from flask import make_response, redirect, request
from flask.typing import ResponseReturnValue

from connectors.base import ConnectorError
from models import db
from models.errors import UpstreamFailed
from models.users import User
from web.auth import public
from web.fields import Text
from web.redirects import SIGN, browser_sign, check_return
from web.tymblok.auth import AuthSchema, welcome
from web.tymblok.shape import Camel, Routes
from workers.logins import ask_login, log_in_with

routes = Routes("oauth", __name__, url_prefix="/auth/oauth", description="Logging in with a provider")
_SECONDS = 600


class StartQuery(Camel):
    redirect_uri = Text(
        2000,
        required=True,
        data_key="redirect_uri",
        metadata={"description": "Where code and state are brought in the end; must be allowed, as exact text"},
    )


class CallbackSchema(Camel):
    code = Text(2000, required=True)
    state = Text(200, required=True)


@routes.get("/<provider>")
@public
@routes.arguments(StartQuery, location="query")
@routes.response(302, description="To the provider's consent page")
def start(query: dict[str, Any], provider: str) -> ResponseReturnValue:
    """Start the OAuth flow; the provider's page follows."""
    redirect_uri = check_return(query["redirect_uri"], "redirect_uri")
    sign = browser_sign() or secrets.token_urlsafe(24)
    try:
        with db.writing():
            address = ask_login(provider, redirect_uri, sign)
    except ConnectorError as error:
        raise UpstreamFailed(error.message) from error
    response = make_response(redirect(address))
    response.set_cookie(
        SIGN, sign, max_age=_SECONDS, path="/", httponly=True, samesite="Lax", secure=request.is_secure
    )
    return response


@routes.post("/<provider>/callback")
@public
@routes.arguments(
    CallbackSchema, example={"code": "oauth_code_from_provider", "state": "state_from_initial_request"}
)
@routes.response(200, AuthSchema)
def callback(given: dict[str, Any], provider: str) -> dict[str, Any]:
    """Complete the OAuth flow; the first login makes the account."""
    db.release()
    try:
        user_id = log_in_with(provider, given["code"], given["state"], browser_sign())
    except ConnectorError as error:
        raise UpstreamFailed(error.message) from error
    return welcome(db.session.get_one(User, user_id))
