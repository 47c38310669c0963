"""Signing in with GitHub or Google: whose account it is, and whether the provider vouches for the e-mail address."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

from connectors import text
from connectors.base import Credentials, Profile
from connectors.faults import NotConfigured, spoken

# The clients are imported where they are needed: they cost a second of every start.
AUTH = "https://www.googleapis.com/auth/"
SCOPES: dict[str, tuple[str, ...]] = {
    "github": ("read:user", "user:email"),
    "google": ("openid", f"{AUTH}userinfo.email", f"{AUTH}userinfo.profile"),
}


def login_profile(provider: str, credentials: Credentials) -> Profile:
    """The account behind a login. An address counts only where `is_email_verified`. Errors: ConnectorError."""
    if provider == "google":
        from connectors.google import Google

        return Google().profile(credentials)
    if provider != "github":
        raise NotConfigured(provider)
    from connectors.github.api import NAME, Api
    from connectors.github.items import profile_of

    with closing(Api(credentials.access_token)) as api, spoken(NAME):
        profile = profile_of(api.get("/user").body)
        listed = api.members("/user/emails", per_page=100).members
        primary = next((each for each in listed if isinstance(each, dict) and each.get("primary") is True), {})
        return replace(
            profile,
            email=text.clean(primary.get("email"), 254) or None,
            is_email_verified=primary.get("verified") is True and bool(primary.get("email")),
        )
