"""Slack, by the user's own token: mentions and direct messages that wait for an answer, reminders, saved items."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from connectors import text
from connectors.base import Credentials, Cursor, Page, Profile
from connectors.faults import TokenRefused, guarded, spoken
from connectors.slack.api import NAME, Api
from connectors.slack.run import Run


class Slack:
    """The connector. https://api.slack.com/methods"""

    provider = "slack"
    scopes: tuple[str, ...] = ("search:read", "reminders:read", "stars:read")

    def profile(self, credentials: Credentials) -> Profile:
        with closing(Api(credentials.access_token)) as api, spoken(NAME):
            me = api.ask("auth.test")
            return Profile(
                external_id=f"{me['team_id']}/{me['user_id']}",
                username=text.clean(me.get("user"), 100) or None,
                name=text.clean(me.get("user"), 100) or None,
            )

    def pull(self, credentials: Credentials, cursor: Cursor) -> Iterator[Page]:
        with closing(Api(credentials.access_token)) as api:
            yield from guarded(NAME, Run(api, credentials, cursor).pages())

    def revoke(self, credentials: Credentials) -> None:
        with closing(Api(credentials.access_token)) as api:
            try:
                api.ask("auth.revoke")
            except TokenRefused:
                return  # it is no token any more
