"""What all of Google's APIs have in common: errors with a reason, scopes, partial answers."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Response, current_app, g, request
from werkzeug.local import LocalProxy

from sandbox.google.consent import API
from sandbox.reply import reply

google: Any = LocalProxy(lambda: current_app.extensions["sandbox"].stands["google"])

STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    410: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE",
}  # fmt: skip


class Wrong(Exception):
    """An error that the API answers with."""

    def __init__(self, code: int, reason: str, message: str, domain: str = "global", **more: str) -> None:
        super().__init__(message)
        self.code = code
        self.body = error_body(code, reason, message, domain, **more)


def error_body(code: int, reason: str, message: str, domain: str = "global", **more: str) -> dict[str, Any]:
    detail = {"domain": domain, "reason": reason, "message": message, **more}
    error: dict[str, Any] = {"code": code, "message": message, "errors": [detail]}
    if domain != "calendar":
        error["status"] = STATUSES.get(code, "UNKNOWN")
    return {"error": error}


def failure(code: int, reason: str, message: str, **more: str) -> Response:
    return reply(error_body(code, reason, message, **more), code)


def missing(what: str = "Not Found") -> Wrong:
    return Wrong(404, "notFound", what)


def api(*scopes: str) -> Callable[[Any], Any]:
    """A view that answers a dictionary, for a token with one of `scopes` (the part behind `…/auth/`)."""

    def wrap(view: Callable[..., Any]) -> Callable[..., Response]:
        @functools.wraps(view)
        def answer(**arguments: Any) -> Response:
            if g.token is None:
                return google.unauthorized()
            if not {f"{API}{scope}" for scope in scopes} & set(g.token.grant.scopes):
                refused = failure(403, "insufficientPermissions", "Request had insufficient authentication scopes.")
                refused.headers["WWW-Authenticate"] = (
                    'Bearer realm="https://accounts.google.com/", error="insufficient_scope"'
                )
                return refused
            try:
                with google.lock:
                    made = view(**arguments)
                if isinstance(made, Response):
                    return made
                asked = request.args.get("fields")
                return reply(select(made, asked) if asked else made)
            except Wrong as error:
                return reply(error.body, error.code)

        return answer

    return wrap


def instant(name: str) -> datetime | None:
    """A time of the query. Errors: Wrong, where it has no offset."""
    text = request.args.get(name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise Wrong(400, "badRequest", "Bad Request") from None
    if moment.tzinfo is None:
        raise Wrong(400, "badRequest", "Bad Request")
    return moment


def size(name: str, default: int, most: int) -> int:
    try:
        value = int(request.args.get(name, default))
    except ValueError:
        raise Wrong(400, "invalidParameter", f"Invalid value for {name}") from None
    return max(1, min(value, most))


def flag(name: str) -> bool:
    return request.args.get(name, "").lower() == "true"


def sealed(claims: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims, separators=(",", ":")).encode()).decode()


def opened(token: str) -> dict[str, Any] | None:
    try:
        claims = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        return None
    return claims if isinstance(claims, dict) else None


def select(body: Any, fields: str) -> Any:
    """The part of an answer that `fields` names, as `files(id,owners/me),nextPageToken`. Errors: Wrong."""
    tree, rest = _parsed(fields.replace(" ", ""))
    if rest:
        raise Wrong(
            400, "invalidParameter", f"Invalid field selection {fields}", location="fields", locationType="parameter"
        )
    return _picked(body, tree)


def _parsed(text: str) -> tuple[dict[str, Any], str]:
    tree: dict[str, Any] = {}
    while text and text[0] != ")":
        end = next((place for place, sign in enumerate(text) if sign in ",/()"), len(text))
        name, text = text[:end], text[end:]
        inner: dict[str, Any] = {"*": {}}
        if text.startswith("("):
            inner, text = _parsed(text[1:])
            text = text[1:]
        elif text.startswith("/"):
            cut = _end_of_path(text[1:])
            inner, _ = _parsed(text[1 : 1 + cut])
            text = text[1 + cut :]
        tree.setdefault(name, {}).update(inner)
        text = text.removeprefix(",")
    return tree, text


def _end_of_path(text: str) -> int:
    depth = 0
    for place, sign in enumerate(text):
        if sign in ",)" and depth == 0:
            return place
        depth += {"(": 1, ")": -1}.get(sign, 0)
    return len(text)


def _picked(value: Any, tree: dict[str, Any]) -> Any:
    if "*" in tree and len(tree) == 1 and not tree["*"]:
        return value
    if isinstance(value, list):
        return [_picked(each, tree) for each in value]
    if not isinstance(value, dict):
        return value
    every = tree.get("*")
    return {
        name: _picked(held, tree.get(name, every or {"*": {}}))
        for name, held in value.items()
        if name in tree or "*" in tree
    }
