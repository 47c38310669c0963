"""One run over one Notion account.

One search shows whether anything was edited, or went away, since the last listing. Only then, and every few hours, are
the databases that are shared with the connection asked for the rows of this user; complete, so that what is not there
has left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors import text
from connectors.base import Credentials, Cursor, Item, Page, Sweep
from connectors.members import read, sweep
from connectors.notion.api import Api, BadRequest, Gone, person_of
from connectors.notion.items import Source, page_item, source_of
from connectors.text import Malformed

MOST_PAGES = 20
MOST_SOURCES = 100
OVERLAP = timedelta(seconds=90)
LIST_EVERY = timedelta(hours=3)
NEWEST = {"direction": "descending", "timestamp": "last_edited_time"}
CREATED = {"direction": "descending", "timestamp": "created_time"}


class Run:
    def __init__(self, api: Api, credentials: Credentials, cursor: Cursor) -> None:
        self.api = api
        self.credentials = credentials
        self.cursor: Cursor = {**cursor}
        self.begun = datetime.now(UTC)

    def page(self, items: list[Item], skipped: int = 0, sweeps: tuple[Sweep, ...] = (), **cursor: Any) -> Page:
        self.cursor.update(cursor)
        return Page(items, {**self.cursor}, skipped, sweeps)

    def pages(self) -> Iterator[Page]:
        listed_at = text.moment(self.cursor.get("listed_at"))
        newest, following = self.api.listed(self.api.client.search, sort=NEWEST)
        if not newest and following is not None:  # a page may be empty though more follow; it says nothing of edits
            newest, _ = self.api.listed(self.api.client.search, sort=NEWEST, start_cursor=following)
        edits = [(str(_of(raw, "id")), str(_of(raw, "last_edited_time"))) for raw in newest]
        shown = hashlib.blake2s(repr(edits).encode("utf-8", "replace"), digest_size=12).hexdigest()
        # Edit times are cut to the minute: a second edit in the minute of the last listing shows no other time.
        lately = any(text.moment(edit) >= listed_at - OVERLAP for _, edit in edits)
        is_due = listed_at + LIST_EVERY <= self.begun or "listing" in self.cursor
        if is_due or lately or shown != self.cursor.get("shown"):
            yield from self.listing()
        yield self.page([], shown=shown)

    def listing(self) -> Iterator[Page]:
        me = self.cursor.get("me") or person_of(self.api, self.credentials)[0]
        resumed = self.cursor.get("listing")
        self.cursor["me"] = me
        begun = {"at": text.stamp(self.begun), "done": []} if resumed is None else resumed
        seen: set[str] = set()
        whole = resumed is None
        sources, skipped_sources = self.sources()
        whole = whole and not skipped_sources and len(sources) <= MOST_SOURCES
        for source in sources[:MOST_SOURCES]:
            if source.id in begun["done"]:
                continue
            for items, skipped, last in self.rows(source, me):
                seen.update(item.external_id for item in items)
                whole = whole and not skipped and not last
                yield self.page(items, skipped, listing=begun)
            begun = {**begun, "done": [*begun["done"], source.id]}
            yield self.page([], listing=begun)
        del self.cursor["listing"]
        yield self.page([], sweeps=sweep("page", seen, whole), listed_at=begun["at"])

    def sources(self) -> tuple[list[Source], int]:
        """The tables that say who is assigned."""
        found: dict[str, Source] = {}
        skipped = 0
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            following: dict[str, Any] = {"start_cursor": cursor} if cursor else {}
            raws, cursor = self.api.listed(
                self.api.client.search, filter={"property": "object", "value": "data_source"}, **following
            )
            for raw in raws:
                try:
                    source = source_of(raw)
                except Malformed:
                    skipped += 1
                    continue
                if source.people:
                    found[source.id] = source
            if cursor is None:
                break
        return list(found.values()), skipped

    def rows(self, source: Source, me: str) -> Iterator[tuple[list[Item], int, bool]]:
        """The user's rows of one table, newest first: items, how many could not be read, and whether more were left.

        By creation, since an edit moves a row in any order by edits, past a page that was read already. A cursor that
        has grown stale begins anew; doubles fall together by their id.
        """
        mine = [{"property": name, "people": {"contains": me}} for name in source.people]
        wanted = {"filter": mine[0] if len(mine) == 1 else {"or": mine}, "sorts": [CREATED]}
        cursor: str | None = None
        restarted = False
        for number in range(1, MOST_PAGES + 1):
            following: dict[str, Any] = {"start_cursor": cursor} if cursor else {}
            try:
                raws, cursor = self.api.listed(
                    self.api.client.data_sources.query, data_source_id=source.id, **wanted, **following
                )
            except Gone:
                return  # unshared between the search and now: none of its rows is there any more
            except BadRequest:
                if cursor is None or restarted:
                    raise
                cursor, restarted = None, True
                continue
            yield *read(raws, lambda raw: page_item(raw, source, me)), cursor is not None and number == MOST_PAGES
            if cursor is None:
                return


def _of(raw: object, key: str) -> object:
    return raw.get(key) if isinstance(raw, dict) else None
