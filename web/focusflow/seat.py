"""The caller's seat in the organisation that a path names: permission and limit, before anything else is looked at.

`@allowed("update organization")` reads like the contract's "Permissions" line; who that is stands in one table,
`models/permissions.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import g

from models.db import Record
from models.errors import NotFound, TooMany
from models.organizations import seat_of
from models.permissions import check
from settings import settings
from web.auth import caller
from web.limits import counter
from web.shape import Limit

STANDARD = Limit("focusflow-organization", 300)
"""Counted for the whole organisation."""
DASHBOARD = Limit("focusflow-dashboard", 60)
"""Counted for each of its managers, so that one open dashboard does not blind the others."""
_STRANGERS = Limit("focusflow-strangers", 300)


def allowed(action: str, limit: Limit = STANDARD) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let only those through whose role allows it: 404 for outsiders, 403 for members without the role."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def entered(*args: Any, slug: str, **kwargs: Any) -> Any:
            g.seat = _enter(slug, limit)
            check(g.seat.role, action)
            return view(*args, **kwargs)

        return entered

    return decorate


def seat() -> Record:
    """The caller's place: id, slug, name, timezone, owner_id of the organisation, and his role in it."""
    return g.seat


def _enter(slug: str, limit: Limit) -> Record:
    who = caller()
    try:
        found = seat_of(who.id, slug)
    except NotFound:
        _count(_STRANGERS, f"u{who.id}")  # a stranger's requests may not use up the organisation's limit
        raise
    _count(limit, f"o{found.id}" if limit is STANDARD else f"o{found.id}:u{who.id}")
    return found


def _count(limit: Limit, who: str) -> None:
    if not settings.rate_limits or "standing" in g:
        return
    g.standing = counter.take(limit, who)
    if g.standing.is_over:
        raise TooMany(retry_after=float(g.standing.headers["Retry-After"]))
