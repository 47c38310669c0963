"""GitHub: issues and pull requests assigned to the user, review requests, and notifications that mention the user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from github import Auth

from connectors.base import Credentials, Cursor, Page, Profile
from connectors.faults import guarded, spoken
from connectors.github.api import NAME, Api, connection, refusal
from connectors.github.items import profile_of
from connectors.github.run import Run
from connectors.oauth import client_of


class GitHub:
    """The connector. https://docs.github.com/en/rest"""

    provider = "github"
    scopes: tuple[str, ...] = ("repo", "notifications", "read:user")

    def profile(self, credentials: Credentials) -> Profile:
        with closing(Api(credentials.access_token)) as api, spoken(NAME):
            return profile_of(api.get("/user").body)

    def pull(self, credentials: Credentials, cursor: Cursor) -> Iterator[Page]:
        with closing(Api(credentials.access_token)) as api:
            yield from guarded(NAME, Run(api, cursor).pages())

    def revoke(self, credentials: Credentials) -> None:
        """Only this token: a login with GitHub may hold another one of the same app."""
        client = client_of("github")
        with spoken(NAME), closing(connection(Auth.Login(client.client_id, client.client_secret))) as github:
            status, headers, body = github.requester.requestJson(
                "DELETE", f"/applications/{client.client_id}/token", input={"access_token": credentials.access_token}
            )
            if status not in (204, 404, 422):  # the last two: it is no token of ours any more
                raise refusal(status, headers, body)
