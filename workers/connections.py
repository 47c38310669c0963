"""Connecting an account: consent is asked for, the browser comes back with a code, and the first items arrive."""

from __future__ import annotations

from dataclasses import dataclass

from connectors import oauth
from connectors.registry import CONNECTORS
from models import db
from models.arrivals import adopt_orphans
from models.errors import Conflict, Invalid, NotFound
from models.integrations import PROVIDERS, Integration, check_room
from models.oauth_states import OAuthState
from models.users import User
from settings import settings
from workers.credentials import credentials_to
from workers.sync import sync

FIRST_SYNC_SECONDS = 5.0
SOURCES: dict[str, tuple[str, ...]] = {"google-calendar": ("google-calendar", "google-drive")}


@dataclass(frozen=True, slots=True)
class Connected:
    """An account that was just connected, and how its first sync went."""

    provider: str
    username: str | None
    items: int
    is_complete: bool
    email: str
    redirect_uri: str | None
    problem: str | None = None


def callback_address(provider: str) -> str:
    """Where a provider sends the browser back to; one for each, so that none can answer for another."""
    return f"{settings.public_url}/oauth/{provider}/callback"


def ask_consent(user: User, provider: str, redirect_uri: str | None = None) -> tuple[str, str]:
    """The provider's address for the user's browser, and the state in it.

    Errors: NotFound (no such provider), Invalid (a redirect that is not allowed), LimitReached, ConnectorError.
    """
    if provider not in PROVIDERS or provider not in CONNECTORS:
        raise NotFound(f"There is no provider named {provider}")
    if redirect_uri is not None and redirect_uri not in settings.allowed_redirect_uris:
        raise Invalid({"redirectUri": ["This address is not allowed"]})
    check_room(user, provider)
    state, verifier = OAuthState.issue("connect", provider, user_id=user.id, redirect_uri=redirect_uri)
    scopes = CONNECTORS[provider].scopes
    return oauth.authorize_address(provider, callback_address(provider), state, verifier, scopes), state


def connect(provider: str, code: str, state: str) -> Connected:
    """Store the account that the user gave consent for, and pull the first items.

    The state is spent whatever comes of it. Errors: NotFound, LimitReached, ConnectorError.
    """
    with db.transaction():
        row, verifier = OAuthState.spend(state, "connect", provider)
    credentials = oauth.exchange(provider, code, callback_address(provider), verifier)
    profile = CONNECTORS[provider].profile(credentials)
    with db.transaction():
        owner = db.session.get(User, row.user_id)
        if owner is None or owner.deleted_at is not None:
            raise NotFound("The account that asked for this is gone")
        integration = Integration.connect(
            owner,
            provider,
            account=profile.external_id,
            username=profile.username,
            avatar_url=profile.avatar_url,
            credentials=credentials_to(credentials),
            expires_at=credentials.expires_at,
        )
        adopt_orphans(integration, SOURCES.get(provider, (provider,)))
        integration_id, email = integration.id, owner.email
    items, is_complete, problem = 0, False, None
    try:
        outcome = sync(integration_id, FIRST_SYNC_SECONDS)
        items, is_complete = outcome.counts.synced, outcome.is_complete
        problem = outcome.error.message if outcome.error else None
    except Conflict:
        pass  # a worker was quicker
    return Connected(provider, profile.username, items, is_complete, email, row.redirect_uri, problem)

