"""What all of Slack's methods have in common: tokens and scopes, parameters, cursors, errors in a 200."""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, g, request
from werkzeug.local import LocalProxy

from sandbox.reply import reply
from sandbox.slack.workspace import Conversation

slack: Any = LocalProxy(lambda: current_app.extensions["sandbox"].stands["slack"])


class Wrong(Exception):
    """`ok: false`, with this error."""


def given(name: str, default: str = "") -> str:
    """A parameter, in whichever of Slack's ways it was sent."""
    if name in request.values:
        return request.values[name]
    body = request.get_json(silent=True) if request.is_json else None
    return str(body.get(name, default)) if isinstance(body, dict) else default


def method(name: str, *scopes: str, blueprint: Blueprint, only_user: bool = False) -> Callable[[Any], Any]:
    """A method of the API, for tokens with all of `scopes`; it is called by GET or POST."""

    def wrap(view: Callable[[], dict[str, Any]]) -> Callable[[], Response]:
        @blueprint.route(f"/api/{name}", methods=["GET", "POST"], endpoint=name.replace(".", "_"))
        @functools.wraps(view)
        def answer() -> Response:
            if g.token is None:
                return slack.unauthorized()
            if only_user and g.token.use == "bot":
                return reply({"ok": False, "error": "not_allowed_token_type"})
            held = g.token.grant.scopes
            headers = {"X-OAuth-Scopes": ",".join(held), "X-Accepted-OAuth-Scopes": ",".join(scopes)}
            lacking = [scope for scope in scopes if scope not in held]
            if lacking:
                error = {"ok": False, "error": "missing_scope", "needed": lacking[0], "provided": ",".join(held)}
                return reply(error, headers=headers)
            try:
                with slack.lock:
                    return reply({"ok": True, **view()}, headers=headers)
            except Wrong as error:
                return reply({"ok": False, "error": str(error)}, headers=headers)

        return answer

    return wrap


def me() -> str:
    return slack.workspace.user_id(slack.person())


def limit(default: int, most: int) -> int:
    text = given("limit") or str(default)
    if not text.isdigit() or int(text) < 1:
        raise Wrong("invalid_limit")
    return min(int(text), most)


def paged(items: list[Any], size: int) -> tuple[list[Any], dict[str, Any]]:
    """One page by cursor; the cursor is "" at the end."""
    cursor, offset = given("cursor"), 0
    if cursor:
        try:
            offset = int(base64.b64decode(cursor).decode().removeprefix("next:"))
        except ValueError:
            raise Wrong("invalid_cursor") from None
        if slack.faults.take("stale_cursor", account=g.account):
            raise Wrong("invalid_cursor")
    shown, more = items[offset : offset + size], offset + size < len(items)
    if offset and shown and slack.faults.take("duplicates", account=g.account):
        shown = [items[offset - 1], *shown]
    after = offset + size
    if more and slack.faults.take("empty_page", account=g.account):
        shown, after = [], offset
    next_cursor = base64.b64encode(f"next:{after}".encode()).decode() if more else ""
    return shown, {"response_metadata": {"next_cursor": next_cursor}}


def channel_of(name: str = "channel") -> Conversation:
    found = slack.workspace.conversations.get(given(name))
    if found is None or (found.is_im and me() not in found.members):
        raise Wrong("channel_not_found")
    return found


def needs(scope: str) -> None:
    if scope not in g.token.grant.scopes:
        raise Wrong("missing_scope")
