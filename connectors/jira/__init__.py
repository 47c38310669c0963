"""Jira Cloud by OAuth 2.0 (3LO): issues assigned to the user, and comments that mention the user."""

from __future__ import annotations

from collections.abc import Iterator

from connectors import text
from connectors.base import Credentials, Cursor, Page, Profile
from connectors.faults import guarded
from connectors.jira.api import NAME, Cloud, sites, speaking
from connectors.jira.run import Run
from connectors.oauth import revoke_token


class Jira:
    """The connector. https://developer.atlassian.com/cloud/jira/platform/rest/v3/"""

    provider = "jira"
    scopes: tuple[str, ...] = ("read:jira-work", "read:jira-user", "offline_access")

    def profile(self, credentials: Credentials) -> Profile:
        site = sites(credentials)[0]
        with speaking():
            me = Cloud(site.id, credentials.access_token).myself()
            avatars = me.get("avatarUrls")
            return Profile(
                external_id=text.named(me.get("accountId")),
                username=text.clean(me.get("displayName"), 200) or None,
                avatar_url=text.link(avatars.get("48x48")) if isinstance(avatars, dict) else None,
                name=text.clean(me.get("displayName"), 200) or None,
                email=text.clean(me.get("emailAddress"), 254) or None,
            )

    def pull(self, credentials: Credentials, cursor: Cursor) -> Iterator[Page]:
        return guarded(NAME, Run(credentials, cursor).pages())

    def revoke(self, credentials: Credentials) -> None:
        revoke_token("jira", credentials.refresh_token or credentials.access_token)
