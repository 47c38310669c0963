"""What all answers of the GitHub API have in common: who asks, the quota, ETags, pages, errors."""

from __future__ import annotations

import functools
import hashlib
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Response, current_app, g, request
from werkzeug.local import LocalProxy

from sandbox.github.issues import Issue
from sandbox.reply import reply

DOCUMENTATION = "https://docs.github.com/rest"
WINDOWS = {"core": (5000, 3600), "search": (30, 60)}
"""Requests and seconds."""

github: Any = LocalProxy(lambda: current_app.extensions["sandbox"].stands["github"])


@dataclass
class Meter:
    """Counts what each person has used of the quota."""

    limits: dict[str, int] = field(default_factory=lambda: {name: limit for name, (limit, _) in WINDOWS.items()})
    used: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """By person and resource: what was used, and when the window ends."""

    def state(self, person: str, resource: str) -> tuple[int, int, int]:
        """Limit, used, and the second in which counting starts anew."""
        used, reset = self.used.get((person, resource), (0, 0))
        if reset <= time.time():
            used, reset = 0, int(time.time()) + WINDOWS[resource][1]
            self.used[person, resource] = used, reset
        return self.limits[resource], used, reset

    def spend(self, person: str, resource: str) -> None:
        _, used, reset = self.state(person, resource)
        self.used[person, resource] = used + 1, reset

    def headers(self, person: str, resource: str) -> dict[str, str]:
        limit, used, reset = self.state(person, resource)
        return {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, limit - used)),
            "X-RateLimit-Used": str(used),
            "X-RateLimit-Reset": str(reset),
            "X-RateLimit-Resource": resource,
        }


def error(status: int, message: str, **more: Any) -> Response:
    """An error as GitHub words it."""
    return reply({"message": message, **more, "documentation_url": DOCUMENTATION, "status": str(status)}, status)


def not_found() -> Response:
    return error(404, "Not Found")


def api(resource: str = "core", scopes: tuple[str, ...] = ()) -> Callable[[Any], Any]:
    """A view that answers (bytes, headers) or a ready Response, for a token with one of `scopes` (none: any)."""

    def wrap(view: Callable[..., Any]) -> Callable[..., Response]:
        @functools.wraps(view)
        def answer(**arguments: Any) -> Response:
            if g.token is None:
                return error(
                    401, "Bad credentials" if request.headers.get("Authorization") else "Requires authentication"
                )
            person, meter = g.token.account, github.meter
            limit, used, _ = meter.state(person, resource)
            if used >= limit:
                return _dress(exceeded(), person, resource)
            if scopes and not set(scopes) & set(g.token.grant.scopes):
                return _dress(error(403, f"Missing the '{scopes[0]}' scope."), person, resource, scopes)
            with github.lock:
                made = view(**arguments)
            response = made if isinstance(made, Response) else _conditional(*made)
            if response.status_code != 304:
                meter.spend(person, resource)
            return _dress(response, person, resource, scopes)

        return answer

    return wrap


def exceeded() -> Response:
    """The primary limit."""
    number = github.person().number if g.token else 0
    at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return error(
        403,
        f"API rate limit exceeded for user ID {number}. If you reach out to GitHub Support for help, please include "
        f"the request ID {uuid.uuid4().hex[:16]} and timestamp {at}.",
    )


def _conditional(body: bytes, headers: dict[str, str]) -> Response:
    """304 where the caller has this already: by ETag, or by date where the answer has one."""
    tag = f'W/"{hashlib.blake2b(body, digest_size=32).hexdigest()}"'
    asked = request.headers.get("If-None-Match")
    if asked is not None:
        known = tag.removeprefix("W/") in asked.replace("W/", "") or asked.strip() == "*"
    else:
        known = "Last-Modified" in headers and request.headers.get("If-Modified-Since") == headers["Last-Modified"]
    response = Response(b"" if known else body, 304 if known else 200, mimetype="application/json")
    if known:
        response.headers.pop("Content-Type", None)
    else:
        response.headers["Content-Type"] = "application/json; charset=utf-8"
    response.headers["ETag"] = tag
    response.headers.extend(headers)
    return response


def _dress(response: Response, person: str, resource: str, accepted: tuple[str, ...] = ()) -> Response:
    response.headers.extend(github.meter.headers(person, resource))
    response.headers.extend(
        {
            "Cache-Control": "private, max-age=60, s-maxage=60",
            "Vary": "Accept, Authorization, Cookie, X-GitHub-OTP",
            "X-OAuth-Scopes": ", ".join(g.token.grant.scopes),
            "X-Accepted-OAuth-Scopes": ", ".join(accepted),
            "X-OAuth-Client-Id": g.token.grant.client,
            "X-GitHub-Media-Type": "github.v3; format=json",
            "X-GitHub-Api-Version-Selected": "2022-11-28",
            "X-GitHub-Request-Id": uuid.uuid4().hex[:16].upper(),
        }
    )
    return response


def number(name: str, default: int, most: int) -> int:
    """A number of the query; what is none counts as not given, which is GitHub's way."""
    try:
        value = int(request.args.get(name, default))
    except ValueError:
        return default
    return min(value, most) if value > 0 else default


def page_of(items: list[Any], most: int = 100, default: int = 30) -> tuple[list[Any], dict[str, str]]:
    """One page of a list with its Link header, and what goes wrong while somebody pages."""
    size, page = number("per_page", default, most), number("page", 1, 1_000_000)
    first, end = (page - 1) * size, page * size
    shown, last = items[first:end], max(1, -(-len(items) // size))
    links = {"prev": min(page - 1, last), "next": page + 1 if page < last else 0, "last": last, "first": 1}
    if page == 1:
        del links["prev"], links["first"]
    if page >= last:
        links.pop("last")
    faults = github.faults
    if first and shown and faults.take("duplicates", account=g.account):
        shown = [items[first - 1], *shown]
    if end < len(items):
        if faults.take("update_while_paging", account=g.account):
            _later(items[min(end + size // 2, len(items) - 1)])
        if faults.take("close_while_paging", account=g.account):
            _later(items[first], state="closed", closed_at=int(time.time()))
        if faults.take("empty_page", account=g.account):
            shown = []
    header = ", ".join(f'<{_address(page)}>; rel="{rel}"' for rel, page in links.items() if page)
    return shown, {"Link": header} if header else {}


def _later(item: Any, **changes: Any) -> None:
    """Change an item right behind this page, so that the next one is shifted."""
    if isinstance(item, Issue):
        github.tracker.touch(item, **changes)


def _address(page: int) -> str:
    query = urlencode({**request.args.to_dict(), "page": page})
    return f"{github.origin}{request.path}?{query}"


def array(parts: list[bytes]) -> bytes:
    return b"[" + b",".join(parts) + b"]"


def instant(name: str) -> float | None:
    """A time stamp of the query in seconds. Errors: ValueError."""
    text = request.args.get(name)
    if not text:
        return None
    moment = datetime.fromisoformat(text.replace(" ", "+"))
    if moment.tzinfo is None:
        raise ValueError(f"{name} has no offset")
    return moment.timestamp()
