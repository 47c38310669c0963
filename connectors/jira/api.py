"""Jira Cloud over its official client, and the sites that a user let us into."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from jira import JIRA, JIRAError

from connectors import transport
from connectors.base import ConnectorError, Credentials
from connectors.faults import of_status, spoken, unreadable
from connectors.oauth import client_of

NAME = "Jira"
PER_PAGE = 100
FIELDS = ("summary", "status", "priority", "description", "updated", "assignee", "comment")


class BadQuery(ConnectorError):
    """Jira took a query, or the token of a next page, for wrong (400)."""


@dataclass(frozen=True, slots=True)
class Site:
    """One Jira that the user let us into."""

    id: str
    url: str


class Cloud(JIRA):
    """The official client, without the two requests that ask whether this is Cloud and how its fields are called."""

    def __init__(self, site: str, token: str) -> None:
        super().__init__(
            server=f"{client_of('jira').api_url.rstrip('/')}/ex/jira/{site}", token_auth=token, max_retries=0,
            timeout=(transport.CONNECT_SECONDS, transport.READ_SECONDS), get_server_info=False, logging=False,
            options={"rest_api_version": "3"},
        )
        self.deploymentType = "Cloud"
        self._fields_cache_value = {name: name for name in FIELDS}
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, transport.BoundedAdapter())

    def search(self, jql: str, fields: tuple[str, ...], token: str | None) -> tuple[list[Any], str | None]:
        """One page, and the token of the next one."""
        with speaking():
            found = self.enhanced_search_issues(
                jql, nextPageToken=token, maxResults=PER_PAGE, fields=list(fields), json_result=True
            )
            if not isinstance(found, dict) or not isinstance(found.get("issues"), list):
                raise unreadable(NAME)
            following = found.get("nextPageToken")
            return found["issues"], following if isinstance(following, str) and not found.get("isLast") else None


@contextmanager
def speaking() -> Iterator[None]:
    with spoken(NAME):
        try:
            yield
        except JIRAError as error:
            headers = error.response.headers if error.response is not None else None
            if error.status_code == 400:
                raise BadQuery("Jira did not accept a query. It will be tried again.") from error
            raise of_status(NAME, error.status_code or 0, headers) from error


def sites(credentials: Credentials) -> list[Site]:
    """Where the token is good for anything; a user may have let us into several."""
    with speaking(), transport.session() as session:
        answer = session.get(
            client_of("jira").api_url.rstrip("/") + "/oauth/token/accessible-resources",
            headers={"Authorization": f"Bearer {credentials.access_token}", "Accept": "application/json"},
        )
        if answer.status_code != 200:
            raise of_status(NAME, answer.status_code, answer.headers)
        listed = answer.json()
        if not isinstance(listed, list):
            raise unreadable(NAME)
        found = [
            Site(each["id"], each["url"].rstrip("/"))
            for each in listed if any("jira" in scope for scope in each.get("scopes", ["jira"]))
        ]
    if not found:
        raise ConnectorError("Jira: no site was chosen at consent. Please connect it again.", kind="reconnect")
    return found
