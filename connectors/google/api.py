"""Google's APIs over the official client, on a session that keeps our bounds.

The client's own transport (httplib2) reads bodies of any length and refreshes tokens by itself; tokens are refreshed
under the account's lock (connectors/oauth.py) and never here.
"""

from __future__ import annotations

from typing import Any

import httplib2
from googleapiclient.discovery import build
from googleapiclient.errors import Error, HttpError

from connectors import transport
from connectors.base import ConnectorError
from connectors.faults import busy, forbidden, of_status, spoken, unreadable, wait
from connectors.oauth import client_of

NAME = "Google"
SERVICES = {"calendar": ("v3", "calendar/v3/"), "drive": ("v3", "drive/v3/"), "oauth2": ("v2", "")}
LIMITS = ("rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded")


class Stale(ConnectorError):
    """A sync token or page token is good no more (410, or 400 for Drive): list everything anew."""


class Gone(ConnectorError):
    """A calendar or file is not there any more, or not for this user (404)."""


class _Http:
    """What the client asks of its transport: one method."""

    def __init__(self, token: str) -> None:
        self._session = transport.session()
        self._authorization = f"Bearer {token}"

    def request(
        self, uri: str, method: str = "GET", body: Any = None, headers: dict[str, str] | None = None, **_: Any
    ) -> tuple[httplib2.Response, bytes]:
        answer = self._session.request(
            method, uri, data=body, headers={**(headers or {}), "Authorization": self._authorization},
            allow_redirects=False,
        )
        shown = {key.lower(): value for key, value in answer.headers.items()}
        response = httplib2.Response({**shown, "status": str(answer.status_code)})
        response.reason = answer.reason or ""
        return response, answer.content

    def close(self) -> None:
        self._session.close()


class Api:
    """One connection of one user. Errors: ConnectorError."""

    def __init__(self, token: str) -> None:
        self._http = _Http(token)
        self._built: dict[str, Any] = {}

    def close(self) -> None:
        self._http.close()

    def service(self, name: str) -> Any:
        """`calendar`, `drive` or `oauth2`; the discovery documents lie in the client's package."""
        if name not in self._built:
            version, path = SERVICES[name]
            endpoint = f"{client_of('google').api_url.rstrip('/')}/{path}"
            with spoken(NAME):
                self._built[name] = build(
                    name, version, http=self._http, cache_discovery=False, static_discovery=True,
                    client_options={"api_endpoint": endpoint},
                )
        return self._built[name]

    def ask(self, request: Any, *, nothing: bool = False) -> dict[str, Any]:
        """Send one request of a service. A cut-off answer comes back as text, which is no answer."""
        with spoken(NAME):
            try:
                answer = request.execute(num_retries=0)
            except HttpError as error:
                raise _refusal(error) from error
            except Error as error:
                raise unreadable(NAME) from error
            if nothing:
                return {}
            if not isinstance(answer, dict):
                raise unreadable(NAME)
            return answer


def listed(answer: dict[str, Any], key: str) -> list[Any]:
    """The members of a page; one without any may leave the key out."""
    members = answer.get(key, [])
    if not isinstance(members, list):
        raise unreadable(NAME)
    return members


def _refusal(error: HttpError) -> ConnectorError:
    status = int(error.resp.status)
    details = error.error_details if isinstance(error.error_details, list) else []
    reasons = [str(each.get("reason", "")) for each in details if isinstance(each, dict)]
    if status == 429 or (status == 403 and any(reason in LIMITS for reason in reasons)):
        return busy(NAME, wait(error.resp) or 60.0)
    if status == 403:
        return forbidden(NAME)
    if status == 410:
        return Stale("Google asks for everything anew.")
    if status == 404:
        return Gone("Google does not know what was asked for (404).", kind="refused")
    if status == 400:
        return Stale("Google did not accept a request (400). It will be tried again.")
    return of_status(NAME, status, error.resp)
