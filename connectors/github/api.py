"""GitHub over PyGithub: its session, authentication and pacing, with lists as plain dictionaries.

Its `Issue` objects cost three times the CPU and keep every page in memory; the requester beneath them does not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from github import Auth, Github
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester

from connectors.base import ConnectorError
from connectors.faults import busy, clock, forbidden, of_status, spoken, unreadable, wait
from connectors.oauth import client_of
from connectors.transport import BoundedAdapter

NAME = "GitHub"
PER_PAGE = 100


class _Bound:
    """Puts our limits on the session that PyGithub makes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.session.mount(f"{self.protocol}://", BoundedAdapter())  # type: ignore[attr-defined]


class _Http(_Bound, HTTPRequestsConnectionClass):
    pass


class _Https(_Bound, HTTPSRequestsConnectionClass):
    pass


Requester.injectConnectionClasses(_Http, _Https)
# Injecting is meant for tests, and makes a new connection for each request; one for all spares a handshake each time.
Requester._Requester__persist = True  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `body` is None where nothing has changed since the validators that were sent."""

    body: Any
    validators: dict[str, str]
    has_next: bool = False
    at: float = 0.0
    """GitHub's own clock, in epoch seconds."""
    members: list[Any] = field(default_factory=list)


def connection(auth: Auth.Auth) -> Github:
    """Never waits and never retries by itself: when to come again is the caller's to keep."""
    return Github(
        base_url=client_of("github").api_url.rstrip("/"), auth=auth, per_page=PER_PAGE, timeout=15, retry=None,
        seconds_between_requests=None, seconds_between_writes=None, user_agent="Daybook",
    )


class Api:
    """One connection. Not for two threads: the requester keeps the request in progress on a shared object."""

    def __init__(self, token: str) -> None:
        with spoken(NAME):
            self._github = connection(Auth.Token(token))

    def close(self) -> None:
        self._github.close()

    def get(self, path: str, validators: dict[str, str] | None = None, **parameters: str | int) -> Answer:
        """One conditional GET."""
        sent = {"Accept": "application/vnd.github+json"}
        for key, header in (("etag", "If-None-Match"), ("modified", "If-Modified-Since")):
            if validators and validators.get(key):
                sent[header] = validators[key]
        with spoken(NAME):
            status, headers, body = self._github.requester.requestJson("GET", path, dict(parameters), sent)
            if status == 304:
                return Answer(None, validators or {})
            if status != 200:
                raise refusal(status, headers, body)
            kept = {"etag": headers.get("etag", ""), "modified": headers.get("last-modified", "")}
            kept = {key: value for key, value in kept.items() if value}
            return Answer(_parsed(body), kept, 'rel="next"' in headers.get("link", ""), clock(headers))

    def members(
        self, path: str, validators: dict[str, str] | None = None, inside: str = "", **parameters: str | int
    ) -> Answer:
        """The same for a list, or for the list `inside` an object. An empty page before the last is asked for again."""
        for _ in range(2):
            answer = self.get(path, validators, **parameters)
            if answer.body is None:
                return answer
            listed = answer.body.get(inside) if inside and isinstance(answer.body, dict) else answer.body
            if not isinstance(listed, list):
                raise unreadable(NAME)
            if listed or not answer.has_next:
                return replace(answer, members=listed)
            validators = None
        raise ConnectorError("GitHub showed an empty page in the middle of a list. It will be tried again.")


def _parsed(body: str) -> Any:
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        parsed = json.loads(body)  # lone surrogates in one title must not cost the page
    if parsed is None:
        raise unreadable(NAME)
    return parsed


def refusal(status: int, headers: dict[str, Any], body: str) -> ConnectorError:
    try:
        told = json.loads(body)
        message = str(told.get("message", "")) if isinstance(told, dict) else ""
    except ValueError:
        message = ""
    if status in (403, 429):
        limited = Requester.isRateLimitError(message) or "rate limit" in message.lower() or "abuse" in message.lower()
        spent = headers.get("x-ratelimit-remaining") == "0"
        if status == 429 or limited or spent or "retry-after" in headers:
            # The reset header speaks of the hourly quota, which a secondary limit does not exhaust.
            seconds = wait(headers, "x-ratelimit-reset" if spent else None)
            return busy(NAME, seconds if seconds is not None else 60.0)
        if "saml" in message.lower() or "sso" in message.lower():
            return forbidden(NAME, "the organization asks for single sign-on")
        return forbidden(NAME)
    return of_status(NAME, status, headers)
