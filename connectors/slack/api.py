"""Slack over its official client, with our bounds on what it may send."""

from __future__ import annotations

import logging
import os
from typing import Any
from urllib.request import Request

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from connectors import transport
from connectors.base import ConnectorError
from connectors.faults import TokenRefused, busy, forbidden, of_status, spoken, unreadable, wait
from connectors.oauth import client_of

NAME = "Slack"
ENDED = ("invalid_auth", "not_authed", "token_expired", "token_revoked", "account_inactive", "user_not_found")
LIMITED = ("ratelimited", "rate_limited", "message_limit_exceeded")
REFUSED = (
    "missing_scope", "not_allowed_token_type", "no_permission", "restricted_action", "org_login_required",
    "access_denied", "ekm_access_denied", "team_access_not_granted", "enterprise_is_restricted", "paid_only",
)
_quiet = logging.getLogger("connectors.slack.client")
_quiet.setLevel(logging.CRITICAL + 1)
"""The client writes every failure, body and all, to its log; what failed is said by the ConnectorError."""


# What "Later" keeps has no method of its own yet; stars.list still answers for what was starred.
os.environ.setdefault("SLACKCLIENT_SKIP_DEPRECATION", "1")


class Api(WebClient):
    """One connection of one user. Errors: ConnectorError."""

    def __init__(self, token: str) -> None:
        super().__init__(
            token=token, base_url=client_of("slack").api_url, timeout=int(transport.READ_SECONDS), retry_handlers=[],
            logger=_quiet,
        )
        self._session = transport.session()

    def close(self) -> None:
        self._session.close()

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        answer = self._session.post(
            url, data=req.data, headers=dict(req.header_items()), allow_redirects=False
        )
        return {"status": answer.status_code, "headers": dict(answer.headers), "body": answer.content.decode("utf-8")}

    def ask(self, method: str, **parameters: str | int) -> dict[str, Any]:
        """One call of a Web API method, by its name."""
        with spoken(NAME):
            try:
                answer = self.api_call(method, params=parameters).data
            except SlackApiError as error:
                raise _refusal(error) from error
            except SlackClientError as error:
                raise unreadable(NAME) from error
            if not isinstance(answer, dict):
                raise unreadable(NAME)
            return answer


def _refusal(error: SlackApiError) -> ConnectorError:
    response = error.response
    status = getattr(response, "status_code", 0)
    headers = getattr(response, "headers", {}) or {}
    data = getattr(response, "data", None)
    code = data.get("error") if isinstance(data, dict) else None
    if status == 429 or code in LIMITED:
        return busy(NAME, wait(headers) or 30.0)
    if code in ENDED:
        return TokenRefused(NAME)
    if code in REFUSED:
        needed = data.get("needed") if isinstance(data, dict) else None
        return forbidden(NAME, f"the permission {needed} is missing" if isinstance(needed, str) and needed else "")
    if status >= 300:
        return of_status(NAME, status, headers)
    if isinstance(code, str) and code.replace("_", "").isalnum():
        return ConnectorError(f"Slack could not answer ({code}). It will be tried again.", "later", wait(headers))
    return unreadable(NAME)
