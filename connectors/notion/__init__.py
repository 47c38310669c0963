"""Notion: pages assigned to the user, in the databases that are shared with the connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from connectors import text
from connectors.base import Credentials, Cursor, Page, Profile
from connectors.faults import TokenRefused, guarded, spoken
from connectors.notion.api import NAME, Api, BadRequest, Gone, person_of
from connectors.notion.run import Run
from connectors.oauth import client_of


class Notion:
    """The connector. https://developers.notion.com/reference"""

    provider = "notion"
    scopes: tuple[str, ...] = ()
    """What a connection may do is set in the app, and what it may see is chosen by the user at consent."""

    def profile(self, credentials: Credentials) -> Profile:
        with closing(Api(credentials.access_token)) as api, spoken(NAME):
            identity, user = person_of(api, credentials)
            person = user.get("person")
            return Profile(
                external_id=identity,
                username=text.clean(user.get("name"), 200) or None,
                avatar_url=text.link(user.get("avatar_url")),
                name=text.clean(user.get("name"), 200) or None,
                email=text.clean(person.get("email"), 254) or None if isinstance(person, dict) else None,
            )

    def pull(self, credentials: Credentials, cursor: Cursor) -> Iterator[Page]:
        with closing(Api(credentials.access_token)) as api:
            yield from guarded(NAME, Run(api, credentials, cursor).pages())

    def revoke(self, credentials: Credentials) -> None:
        client = client_of("notion")
        with closing(Api()) as api:
            try:
                api.ask(
                    api.client.oauth.revoke, client_id=client.client_id, client_secret=client.client_secret,
                    token=credentials.access_token,
                )
            except (TokenRefused, BadRequest, Gone):
                return  # it is no token any more
