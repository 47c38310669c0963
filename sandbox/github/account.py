"""`/user`, its e-mail addresses, the quota, and taking tokens back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, request

from sandbox.exchange import Refused
from sandbox.github import shapes
from sandbox.github.api import WINDOWS, api, error, github, not_found
from sandbox.people import COLLEAGUES
from sandbox.reply import reply

routes = Blueprint("github_account", __name__)


@routes.get("/user")
@api()
def user() -> Any:
    return shapes.dump(shapes.profile(github.base, github.origin, github.person())), {}


@routes.get("/users/<login>")
@api()
def other(login: str) -> Any:
    person = github.accounts.find(login) or next((each for each in COLLEAGUES if each.login == login), None)
    if person is None:
        return not_found()
    return shapes.dump(shapes.profile(github.base, github.origin, person)), {}


@routes.get("/user/emails")
@api(scopes=("user:email", "user"))
def emails() -> Any:
    """The person's addresses; whether they are verified is what a login must look at."""
    person = github.person()
    return shapes.dump(
        [
            {
                "email": person.email,
                "primary": True,
                "verified": person.is_email_verified,
                "visibility": "private",
            },
            {
                "email": f"{person.number}+{person.login}@users.noreply.github.example",
                "primary": False,
                "verified": True,
                "visibility": None,
            },
        ]
    ), {}


@routes.get("/rate_limit")
def rate_limit() -> Response:
    """Asking for the quota costs none of it."""
    if g.token is None:
        return error(401, "Bad credentials")
    resources = {}
    for name in WINDOWS:
        limit, used, reset = github.meter.state(g.token.account, name)
        resources[name] = {"limit": limit, "used": used, "remaining": max(0, limit - used), "reset": reset}
    return reply({"resources": resources, "rate": resources["core"]})


@routes.delete("/applications/<client_id>/<any(token, grant):what>")
def take_back(client_id: str, what: str) -> Response:
    """Revoke one token, or with `grant` all that its person gave to the app; the app authenticates itself (Basic)."""
    try:
        if github.consent.authenticated() != client_id:
            return not_found()
    except Refused:
        return error(401, "Bad credentials")
    given = request.get_json(silent=True)
    token = github.consent.tokens.read(given.get("access_token")) if isinstance(given, dict) else None
    if token is None or token.grant.is_revoked or token.grant.client != client_id:
        return error(422, "Validation Failed") if not isinstance(given, dict) else not_found()
    token.grant.is_revoked = True
    if what == "grant":
        for grant in github.consent.tokens.of(token.account, client_id):
            grant.is_revoked = True
    return Response(status=204)


@routes.post("/applications/<client_id>/token")
def check(client_id: str) -> Response:
    """Whether a token of the app is good."""
    try:
        if github.consent.authenticated() != client_id:
            return not_found()
    except Refused:
        return error(401, "Bad credentials")
    token = github.consent.tokens.living((request.get_json(silent=True) or {}).get("access_token"))
    if token is None or token.grant.client != client_id:
        return not_found()
    person = github.accounts.people[token.account]
    return reply({"scopes": list(token.grant.scopes), "user": shapes.user(github.base, github.origin, person)})
