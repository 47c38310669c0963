"""Consent, code exchange and refresh with every provider, on Authlib. https://docs.authlib.org/"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client, OAuthError

from connectors.base import ConnectorError, Credentials
from connectors.faults import NAMES, NotConfigured, busy, of_status, spoken, unreadable, wait
from connectors.transport import BoundedHttpx2, timeout_httpx2
from settings import settings

RECONNECT = (
    "invalid_grant", "bad_refresh_token", "invalid_refresh_token", "token_revoked", "token_expired",
    "bad_verification_code",
)
"""What an exchange or a refresh may be answered that only the user can mend."""


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are to one provider, and where it listens."""

    provider: str
    client_id: str
    client_secret: str = field(repr=False)
    authorize_url: str
    token_url: str
    api_url: str
    webhook_secret: str = field(repr=False)

    @property
    def revoke_url(self) -> str:
        """Beside the token address, as RFC 7009 servers have it."""
        return self.token_url.rsplit("/", 1)[0] + "/revoke"


@dataclass(frozen=True, slots=True)
class Habits:
    """What one provider wants beyond RFC 6749."""

    authentication: str = "client_secret_post"
    parameters: Mapping[str, str] = field(default_factory=dict)
    scope_parameter: str | None = "scope"
    separator: str = " "


HABITS = {
    "github": Habits(),
    "jira": Habits(parameters={"audience": "api.atlassian.com", "prompt": "consent"}),
    "google": Habits(parameters={"access_type": "offline", "prompt": "consent", "include_granted_scopes": "true"}),
    "slack": Habits(scope_parameter="user_scope", separator=","),
    "notion": Habits(authentication="client_secret_basic", parameters={"owner": "user"}, scope_parameter=None),
    "linear": Habits(parameters={"prompt": "consent"}, separator=","),
}
SANDBOX_API = {"slack": "/slack/api/"}


def client_of(provider: str) -> Client:
    """The OAuth client for a provider: the operator's, or in development the sandbox's."""
    provider = "google" if provider == "google-calendar" else provider
    if provider not in HABITS:
        raise NotConfigured(provider)
    if settings.sandboxed(provider):
        base = settings.sandbox_url.rstrip("/")
        consent, token = (
            ("/github/login/oauth/authorize", "/github/login/oauth/access_token") if provider == "github"
            else (f"/{provider}/oauth/authorize", f"/{provider}/oauth/token")
        )
        return Client(
            provider=provider,
            client_id=f"sandbox-{provider}",
            client_secret=f"sandbox-{provider}-secret",
            authorize_url=base + consent,
            token_url=base + token,
            api_url=base + SANDBOX_API.get(provider, f"/{provider}"),
            webhook_secret=f"sandbox-{provider}-webhook",
        )
    client_id = getattr(settings, f"{provider}_client_id")
    if not client_id:
        raise NotConfigured(provider)
    return Client(
        provider=provider,
        client_id=client_id,
        client_secret=getattr(settings, f"{provider}_client_secret").get_secret_value(),
        authorize_url=getattr(settings, f"{provider}_authorize_url"),
        token_url=getattr(settings, f"{provider}_token_url"),
        api_url=getattr(settings, f"{provider}_api_url"),
        webhook_secret=getattr(settings, f"{provider}_webhook_secret").get_secret_value(),
    )


def authorize_address(provider: str, redirect_uri: str, state: str, verifier: str, scopes: tuple[str, ...]) -> str:
    """Where the user's browser goes to give consent. PKCE S256 always."""
    client = client_of(provider)
    habits = HABITS[client.provider]
    extra = dict(habits.parameters)
    scope = habits.separator.join(scopes) or None
    if habits.scope_parameter not in (None, "scope") and scope:
        extra[str(habits.scope_parameter)] = scope
    with _session(client, redirect_uri) as session:
        session.scope = scope if habits.scope_parameter == "scope" else None
        made = session.create_authorization_url(client.authorize_url, state=state, code_verifier=verifier, **extra)
    return str(made[0])


def exchange(provider: str, code: str, redirect_uri: str, verifier: str) -> Credentials:
    """The code that the browser brought back, for credentials."""
    client = client_of(provider)
    now = datetime.now(UTC)
    with _speaking(client.provider), _session(client, redirect_uri) as session:
        token = session.fetch_token(
            client.token_url, grant_type="authorization_code", code=code, code_verifier=verifier
        )
        return _credentials(client.provider, token, now)


def refresh(provider: str, credentials: Credentials) -> Credentials:
    """New credentials for old ones. The caller holds the account's lock and stores the result before using it."""
    client = client_of(provider)
    if not credentials.refresh_token:
        raise _reconnect(client.provider)
    now = datetime.now(UTC)
    with _speaking(client.provider), _session(client) as session:
        session.token = {"refresh_token": credentials.refresh_token}
        token = session.refresh_token(client.token_url, refresh_token=credentials.refresh_token)
        renewed = _credentials(client.provider, token, now)
    return replace(
        renewed,
        refresh_token=renewed.refresh_token or credentials.refresh_token,
        scope=renewed.scope or credentials.scope,
        extra={**credentials.extra, **renewed.extra},
    )


def revoke_token(provider: str, token: str) -> None:
    """RFC 7009, for the providers that have it. A token that is gone already is revoked."""
    client = client_of(provider)
    with _speaking(client.provider), _session(client) as session:
        answer = session.revoke_token(client.revoke_url, token=token)
        if answer.status_code >= 500 or answer.status_code == 429:
            raise of_status(NAMES[client.provider], answer.status_code, answer.headers)


def with_parameters(address: str, parameters: Mapping[str, str]) -> str:
    """A client's address, which may have a query already, with what it is told."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(parameters)}"


@contextmanager
def _session(client: Client, redirect_uri: str | None = None) -> Iterator[OAuth2Client]:
    method = HABITS[client.provider].authentication
    session = OAuth2Client(
        client.client_id, client.client_secret, redirect_uri=redirect_uri, code_challenge_method="S256",
        token_endpoint_auth_method=method, revocation_endpoint_auth_method=method,
        transport=BoundedHttpx2(), timeout=timeout_httpx2(), follow_redirects=False,
    )
    for moment in ("access_token_response", "refresh_token_response"):
        session.register_compliance_hook(moment, lambda answer: _unless_busy(client.provider, answer))
    try:
        yield session
    finally:
        session.close()


@contextmanager
def _speaking(provider: str) -> Iterator[None]:
    name = NAMES[provider]
    try:
        with spoken(name):
            try:
                yield
            except httpx2.HTTPStatusError as error:
                status = error.response.status_code
                if status >= 500:
                    raise of_status(name, status, error.response.headers) from error
                raise ConnectorError(f"{name} did not accept a request for a token ({status}).") from error
    except OAuthError as error:
        if error.error in RECONNECT:
            raise _reconnect(provider) from error
        if error.error in ("ratelimited", "rate_limited", "slow_down"):
            raise busy(name, None) from error
        raise ConnectorError(f"{name} refused the connection ({_word(error.error)}). Please try again.") from error
    except AuthlibBaseError as error:
        raise unreadable(name) from error


def _unless_busy(provider: str, answer: httpx2.Response) -> httpx2.Response:
    """Whatever the body says, 429 means later, and its headers say when."""
    if answer.status_code == 429:
        raise busy(NAMES[provider], wait(answer.headers))
    return answer


def _reconnect(provider: str) -> ConnectorError:
    return ConnectorError(f"{NAMES[provider]} has ended this connection. Please connect it again.", kind="reconnect")


def _word(error: object) -> str:
    """An OAuth error code is one word; anything else is not repeated to the user."""
    text = str(error)
    return text if len(text) <= 60 and text.replace("_", "").replace("-", "").isalnum() else "no reason given"


def _credentials(provider: str, token: Mapping[str, Any], now: datetime) -> Credentials:
    """A token answer, whichever of the six shapes it has."""
    extra: dict[str, str] = {}
    source: Mapping[str, Any] = token
    if provider == "slack":
        user = token.get("authed_user")
        if isinstance(user, Mapping) and user.get("access_token"):
            source = user
        _keep(extra, "user_id", user.get("id") if isinstance(user, Mapping) else token.get("user_id"))
        team = token.get("team")
        _keep(extra, "team_id", team.get("id") if isinstance(team, Mapping) else token.get("team_id"))
    if provider == "notion":
        for key in ("workspace_id", "bot_id", "workspace_name"):
            _keep(extra, key, token.get(key))
        owner = token.get("owner")
        if isinstance(owner, Mapping) and isinstance(owner.get("user"), Mapping):
            _keep(extra, "user_id", owner["user"].get("id"))
    access = source.get("access_token")
    if not isinstance(access, str) or not access:
        raise unreadable(NAMES[provider])
    fresh = source.get("refresh_token")
    return Credentials(
        access_token=access,
        refresh_token=fresh if isinstance(fresh, str) and fresh else None,
        expires_at=_expiry(source.get("expires_in"), now),
        scope=_scope(source.get("scope")),
        extra=extra,
    )


def _keep(extra: dict[str, str], key: str, value: object) -> None:
    if isinstance(value, str) and value:
        extra[key] = value


def _scope(value: object) -> str:
    if isinstance(value, list):
        value = " ".join(str(part) for part in value)
    return value.replace(",", " ") if isinstance(value, str) else ""


def _expiry(seconds: object, now: datetime) -> datetime | None:
    try:
        length = int(seconds)  # type: ignore[call-overload]  # a provider may send text, or nothing
    except (TypeError, ValueError):
        return None
    return now + timedelta(seconds=min(length, 10 * 365 * 86_400)) if length > 0 else None
