"""Who is calling: a bearer token, checked once for each request, before anything else is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import g, request

from models.api_keys import MARK, caller_of_key
from models.db import Record, session
from models.errors import Forbidden, TokenInvalid, Unauthenticated
from models.logins import caller_of
from models.tokens import read_access
from models.users import User

_READS = {"GET", "HEAD", "OPTIONS"}
View = TypeVar("View", bound=Callable[..., Any])


def public(view: View) -> View:
    """Mark a view that nobody needs a token for."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def read_bearer(contract: str) -> str | None:
    """Check the bearer token without asking the database; the uid of its user, None of a personal API token.

    Errors: Unauthenticated and its kinds.
    """
    header = request.headers.get("Authorization", "")
    scheme, _, token = header.partition(" ")
    if not header:
        raise Unauthenticated
    g.token = token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise TokenInvalid
    return None if token.startswith(MARK) else str(read_access(token, contract)["sub"])


def authenticate(contract: str) -> None:
    """Load who the bearer token belongs to. Errors: Unauthenticated and its kinds, Forbidden."""
    g.caller = identify(g.token, contract)
    scopes = getattr(g.caller, "scopes", None)  # a login may do everything that its user may
    if scopes is not None and ("read" if request.method in _READS else "write") not in scopes.split():
        raise Forbidden("This API key does not have the scope for this")


def identify(token: str, contract: str) -> Record:
    """Who an access token of this contract, or a personal API token, belongs to. Errors: TokenExpired, TokenInvalid."""
    return caller_of_key(token) if token.startswith(MARK) else caller_of(read_access(token, contract))


def logged_in() -> Record:
    """Who calls, if it is a person who logged in and not a program. Errors: Forbidden."""
    if g.caller.login_id is None:
        raise Forbidden("This takes a login, not an API key")
    return g.caller


def caller() -> Record:
    """Who calls, as one light row: id, uid, timezone, plan, created_at, login_id, login_uid."""
    return g.caller


def current_user() -> User:
    """Who calls, as a user that can be changed."""
    return session.get_one(User, g.caller.id)


def client_address() -> str:
    """The network address of the client, behind the trusted proxies."""
    return request.remote_addr or "unknown"
