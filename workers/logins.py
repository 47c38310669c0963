"""Logging in with a provider: consent is asked for, the browser is passed on, the client brings the code."""

from __future__ import annotations

from collections.abc import Mapping

from connectors import oauth
from connectors.base import ConnectorError
from connectors.login import SCOPES, login_profile
from models import db
from models.errors import NotFound, TokenInvalid
from models.identities import Visitor, welcome_visitor
from models.oauth_states import OAuthState
from models.tokens import digest
from models.users import User
from workers.connections import callback_address

_BROUGHT = ("code", "error", "error_description")


def ask_login(provider: str, redirect_uri: str, browser: str) -> str:
    """The provider's address for a browser that wants to log in. Errors: NotFound, ConnectorError."""
    if provider not in SCOPES:
        raise NotFound(f"There is no login with {provider}")
    state, verifier = OAuthState.issue("login", provider, redirect_uri=redirect_uri, browser=browser)
    return oauth.authorize_address(provider, callback_address(provider), state, verifier, SCOPES[provider])


def client_address(provider: str, brought: Mapping[str, str], browser: str | None) -> str | None:
    """Where a browser that comes from a provider is passed on to; None where it did not set out to log in here.

    The client gets what the provider sent and posts it to the contract. A browser that shows another sign than the
    one that set out with this state was lured here. Errors: NotFound.
    """
    asked = OAuthState.look_up(brought.get("state", ""), "login", provider)
    if asked is None:
        return None
    _refuse_stranger(asked, browser)
    given = {name: brought[name] for name in _BROUGHT if name in brought}
    return oauth.with_parameters(asked.redirect_uri, {**given, "state": brought["state"]})


def log_in_with(provider: str, code: str, state: str, browser: str | None) -> int:
    """The id of the user whom a provider vouches for. The state is spent whatever comes of it.

    Errors: NotFound (no such provider), TokenInvalid (a state or code that is unknown, used or too old),
    ConnectorError, and those of `welcome_visitor`.
    """
    if provider not in SCOPES:
        raise NotFound(f"There is no login with {provider}")
    try:
        with db.transaction():
            asked, verifier = OAuthState.spend(state, "login", provider)
        _refuse_stranger(asked, browser)
        credentials = oauth.exchange(provider, code, callback_address(provider), verifier)
    except NotFound as error:
        raise TokenInvalid("This login is unknown, was used before, or is older than ten minutes") from error
    except ConnectorError as error:
        if error.kind == "reconnect":  # the provider does not know the code
            raise TokenInvalid("The code is unknown, was used before, or is too old") from error
        raise
    profile = login_profile(provider, credentials)
    with db.transaction():
        user: User = welcome_visitor(
            Visitor(
                provider=provider,
                subject=profile.external_id,
                email=profile.email,
                is_email_verified=profile.is_email_verified,
                name=profile.name or profile.username or "",
                avatar_url=profile.avatar_url,
            )
        )
        return user.id


def _refuse_stranger(asked: db.Record, browser: str | None) -> None:
    if browser is not None and asked.browser_hash != digest(browser):
        raise NotFound("This login was begun in another browser")
