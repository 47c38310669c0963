"""Notion over its official client, with our bounds on what it may send."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import httpx
from notion_client import Client
from notion_client.errors import HTTPResponseError, NotionClientErrorBase, RequestTimeoutError

from connectors import transport
from connectors.base import ConnectorError, Credentials
from connectors.faults import busy, forbidden, of_status, spoken, unreadable, wait
from connectors.oauth import client_of

NAME = "Notion"
_quiet = logging.getLogger("connectors.notion.client")
_quiet.setLevel(logging.CRITICAL + 1)


class Gone(ConnectorError):
    """What was asked for is not shared with the connection any more (404)."""


class BadRequest(ConnectorError):
    """Notion took a filter, or the cursor of a next page, for wrong (400)."""


class Api:
    """One connection of one user. Errors: ConnectorError."""

    def __init__(self, token: str | None = None) -> None:
        self.client = Client(
            auth=token, base_url=client_of("notion").api_url.rstrip("/"), retry=False, logger=_quiet,
            log_level=logging.CRITICAL + 1, timeout_ms=int(transport.READ_SECONDS * 1000),
            client=httpx.Client(transport=transport.BoundedHttpx(), follow_redirects=False),
        )
        self.client.client.timeout = httpx.Timeout(transport.READ_SECONDS, connect=transport.CONNECT_SECONDS)

    def close(self) -> None:
        self.client.close()

    def ask(self, method: Callable[..., Any], **parameters: Any) -> dict[str, Any]:
        """One call of one of the client's methods."""
        with spoken(NAME):
            try:
                answer = method(**parameters)
            except RequestTimeoutError as error:
                raise TimeoutError from error
            except HTTPResponseError as error:
                raise _refusal(error) from error
            except NotionClientErrorBase as error:
                raise unreadable(NAME) from error
            if not isinstance(answer, dict):
                raise unreadable(NAME)
            return answer

    def listed(self, method: Callable[..., Any], **parameters: Any) -> tuple[list[Any], str | None]:
        """One page of a list, and the cursor of the next one."""
        answer = self.ask(method, page_size=100, **parameters)
        if not isinstance(answer.get("results"), list):
            raise unreadable(NAME)
        following = answer.get("next_cursor") if answer.get("has_more") else None
        return answer["results"], following if isinstance(following, str) else None


def _refusal(error: HTTPResponseError) -> ConnectorError:
    code = str(getattr(error.code, "value", error.code))
    if error.status == 429 or code == "rate_limited":
        return busy(NAME, wait(error.headers) or 30.0)
    if error.status == 404:
        return Gone("Notion does not share this with the connection any more.", kind="refused")
    if error.status == 403:
        return forbidden(NAME)
    if error.status == 400:
        return BadRequest("Notion did not accept a request (400). It will be tried again.")
    return of_status(NAME, error.status, error.headers)


def person_of(api: Api, credentials: Credentials) -> tuple[str, dict[str, Any]]:
    """Whose connection it is: the id of the person, and what Notion tells about it."""
    bot = api.ask(api.client.users.me)
    owner = bot.get("bot", {}).get("owner", {}) if isinstance(bot.get("bot"), dict) else {}
    user = owner.get("user") if isinstance(owner, dict) else None
    user = user if isinstance(user, dict) else {}
    identity = user.get("id") or credentials.extra.get("user_id")
    if not isinstance(identity, str) or not identity:
        raise ConnectorError("Notion: this connection belongs to a workspace, not to a person.", kind="refused")
    return identity, user
