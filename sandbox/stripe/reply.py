"""Stripe's way to answer: lists, refusals, and forms whose names nest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from flask import Response, current_app, request

from sandbox.reply import reply


class Refused(Exception):
    """A request that Stripe turns down."""

    def __init__(self, status: int, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.answer = refusal(status, "invalid_request_error", message, code=code, param=param)


def refusal(
    status: int, kind: str, message: str, *, code: str | None = None, param: str | None = None
) -> Response:
    """The error object of https://docs.stripe.com/api/errors."""
    error = {"type": kind, "message": message, "code": code, "param": param}
    return reply({"error": {name: value for name, value in error.items() if value is not None}}, status)


def books() -> Any:
    """What this sandbox's Stripe knows."""
    return current_app.extensions["sandbox"].stands["stripe"].books


def found(shelf: dict[str, dict[str, Any]], id: str, what: str) -> dict[str, Any]:
    """One thing by its id. Errors: Refused."""
    if id not in shelf:
        raise Refused(404, f"No such {what}: '{id}'", code="resource_missing", param="id")
    return shelf[id]


def of_customer(shelf: dict[str, dict[str, Any]], customer: str | None) -> list[dict[str, Any]]:
    """What belongs to a customer, the oldest first; all where none is named."""
    return [each for each in list(shelf.values()) if customer in (None, each["customer"])]


def listing(things: Sequence[dict[str, Any]]) -> Response:
    """A page of a list, the newest first: limit, starting_after."""
    newest = list(reversed(things))
    after = request.args.get("starting_after")
    if after:
        place = next((n for n, thing in enumerate(newest) if thing["id"] == after), None)
        if place is None:
            raise Refused(400, f"No such object: '{after}'", code="resource_missing", param="starting_after")
        newest = newest[place + 1 :]
    limit = int(request.args.get("limit", 10))
    if not 1 <= limit <= 100:
        raise Refused(400, "This value must be between 1 and 100 (inclusive).", param="limit")
    page = newest[:limit]
    url = request.path.removeprefix("/stripe")
    return reply({"object": "list", "url": url, "has_more": len(newest) > limit, "data": page})


def form() -> dict[str, Any]:
    """The body: `line_items[0][price]=x` becomes `{"line_items": {"0": {"price": "x"}}}`."""
    given: dict[str, Any] = {}
    for name, value in request.form.items():
        head, *steps = [part.rstrip("]") for part in re.split(r"\[", name)]
        path, place = [head, *steps], given
        for step in path[:-1]:
            place = place.setdefault(step, {})
        place[path[-1]] = value
    return given
