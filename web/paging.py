"""Lists are bounded. A short list costs one statement; only a full page is counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from models.db import Record
from web.shape import Listing, PageInfo

FARTHEST = 2**31 - 1
"""The largest offset that both databases take; behind it is nothing."""


def sliced(
    offset: int,
    size: int,
    fetch: Callable[[int, int], Sequence[Record]],
    count: Callable[[], int],
    show: Callable[[Record], Any],
) -> tuple[list[Any], int]:
    """A slice and the total: `fetch(limit, offset)` gives rows, `count()` says how many, `show` makes one plain."""
    rows = fetch(size + 1, offset) if offset <= FARTHEST else []
    is_last = len(rows) <= size and (rows or offset == 0)
    total = offset + len(rows) if is_last else count()
    return [show(row) for row in rows[:size]], total


def paged(
    number: int,
    size: int,
    fetch: Callable[[int, int], Sequence[Record]],
    count: Callable[[], int],
    show: Callable[[Record], Any],
) -> Listing:
    """One page of a list, as `sliced`."""
    items, total = sliced((number - 1) * size, size, fetch, count, show)
    return Listing(items, PageInfo(number, size, total))
