"""The members of one page of a provider's list: each is read by itself, and a bad one stops nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from connectors.base import Item, Sweep
from connectors.text import Malformed


def read(members: Iterable[Any], item_of: Callable[[Any], Item | None]) -> tuple[list[Item], int]:
    """Items, each once, and how many members could not be read. A member that is no work becomes None."""
    items: dict[str, Item] = {}
    skipped = 0
    for raw in members:
        try:
            item = item_of(raw)
        except Malformed:
            skipped += 1
            continue
        if item is not None:
            items[item.external_id] = item
    return list(items.values()), skipped


def sweep(scope: str, ids: Iterable[str], is_whole: bool = True) -> tuple[Sweep, ...]:
    """Proof of absence, where the listing was whole. `ids` are external ids."""
    return (Sweep(f"{scope}:", frozenset(ids)),) if is_whole else ()
