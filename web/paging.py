"""Lists are bounded. A short list costs one statement; only a full page is counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from models.db import Record
from web.shape import Listing, PageInfo


def paged(
    number: int,
    size: int,
    fetch: Callable[[int, int], Sequence[Record]],
    count: Callable[[], int],
    show: Callable[[Record], Any],
) -> Listing:
    """One page: `fetch(limit, offset)` gives rows, `count()` says how many there are, `show` makes one plain."""
    offset = (number - 1) * size
    rows = fetch(size + 1, offset)
    is_last = len(rows) <= size and (rows or offset == 0)
    total = offset + len(rows) if is_last else count()
    return Listing([show(row) for row in rows[:size]], PageInfo(number, size, total))
