"""One run over one Slack account.

Which messages wait is known from three searches: what names the user, what was written to the user, and what the user
wrote. A message waits until the user has written in its channel, or in its thread, after it. The cursor remembers what
waits, because an answer shows only as a message of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors import text
from connectors.base import Credentials, Cursor, Item, Page, Sweep
from connectors.faults import unreadable
from connectors.members import read, sweep
from connectors.slack.api import NAME, Api
from connectors.slack.items import channel_of, is_direct, message_item, order, reminder_item, saved_item, ts_of
from connectors.text import Malformed

PER_PAGE = 100
MOST_PAGES = 10
FIRST_DAYS = timedelta(days=14)
OVERLAP = 15 * 60
"""Seconds: Slack's search index lags."""
LIST_EVERY = timedelta(hours=6)
MOST_WAITING = 500


class Run:
    """What is remembered between runs: when each search last saw what, where the user wrote last, and what waits."""

    def __init__(self, api: Api, credentials: Credentials, cursor: Cursor) -> None:
        self.api = api
        self.me = cursor.get("me") or credentials.extra.get("user_id") or ""
        self.begun = datetime.now(UTC)
        self.begin = self.begun - FIRST_DAYS
        self.listed_at = cursor.get("listed_at")
        self.is_due = text.moment(self.listed_at) + LIST_EVERY <= self.begun
        self.seen: dict[str, str] = {**cursor.get("seen", {})}
        self.wrote: dict[str, str] = {**cursor.get("wrote", {})}
        self.waiting: dict[str, list[str]] = {**cursor.get("waiting", {})}

    def page(self, items: list[Item], skipped: int = 0, sweeps: tuple[Sweep, ...] = ()) -> Page:
        cursor = {
            "me": self.me, "seen": {**self.seen}, "wrote": {**self.wrote}, "waiting": {**self.waiting},
            "listed_at": self.listed_at,
        }
        return Page(items, cursor, skipped, sweeps)

    def pages(self) -> Iterator[Page]:
        if not self.me:
            self.me = str(self.api.ask("auth.test").get("user_id") or "")
            if not self.me.isalnum():
                raise unreadable(NAME)
        self.own()
        yield from self.messages("mention", f"<@{self.me}>")
        yield from self.messages("dm", "to:me")
        yield self.answered()
        yield from self.reminders()
        yield from self.saved()
        if self.is_due:
            self.listed_at = text.stamp(self.begun)
        yield self.page([])

    # -- messages

    def own(self) -> None:
        """Where the user wrote last."""
        newest = self.seen.get("own", "")
        for matches in self.searched("own", "from:me"):
            for raw in matches:
                try:
                    channel, ts = channel_of(text.member(raw)), ts_of(raw)
                except Malformed:
                    continue
                newest = max(newest, ts, key=order)
                # Words in one thread of a channel answer nothing that stands beside it.
                thread = "" if is_direct(raw) else _thread(raw)
                key = f"{channel}-{thread}" if thread else channel
                self.wrote[key] = max(self.wrote.get(key, ""), ts, key=order)
        self.seen["own"] = newest
        oldest = str(int(self.begin.timestamp()))
        self.wrote = {key: ts for key, ts in self.wrote.items() if order(ts) > order(oldest)}

    def messages(self, scope: str, query: str) -> Iterator[Page]:
        """What names the user, or was written to the user, and has no answer yet."""
        newest = self.seen.get(scope, "")
        found: set[str] = set()
        skipped, count = 0, 0
        for matches in self.searched(scope, query):
            count += 1
            items: dict[str, Item] = {}
            for raw in matches:
                try:
                    message = text.member(raw)
                    channel, ts = channel_of(message), ts_of(message)
                    newest = max(newest, ts, key=order)
                    if message.get("user") == self.me or is_direct(message) != (scope == "dm"):
                        continue
                    identity = f"dm:{channel}" if scope == "dm" else f"mention:{channel}-{ts}"
                    place = channel if scope == "dm" or not _thread(message) else f"{channel}-{_thread(message)}"
                    if self.is_answered(place, ts):
                        continue
                    found.add(identity)
                    if order(self.waiting.get(identity, ["", ""])[1]) <= order(ts) and identity not in items:
                        # Of one conversation the newest message stands for all.
                        items[identity] = message_item(message, scope, "update", self.me, identity)
                        self.waiting[identity] = [place, ts]
                except Malformed:
                    skipped += 1
            yield self.page(list(items.values()), skipped)
        self.seen[scope] = newest
        if self.is_due and count == 1 and not skipped:
            # What was deleted is found no more; what waits from before the window is none of this search's business.
            begin = int(self.begin.timestamp())
            waiting = {i: at for i, at in self.waiting.items() if i.startswith(f"{scope}:")}
            gone = {i for i, (_, ts) in waiting.items() if order(ts)[0] >= begin and i not in found}
            self.waiting = {i: at for i, at in self.waiting.items() if i not in gone}
            yield self.page([], sweeps=sweep(scope, waiting.keys() - gone))

    def searched(self, name: str, query: str) -> Iterator[list[Any]]:
        """Matches, newest first, back to where the last run began."""
        oldest = int(self.begin.timestamp())
        if self.seen.get(name) and not self.is_due:
            oldest = max(oldest, order(self.seen[name])[0] - OVERLAP)
        # `after:` leaves out its own day, and takes days in the user's zone.
        after = datetime.fromtimestamp(oldest, UTC) - timedelta(days=2)
        for number in range(1, MOST_PAGES + 1):
            found = self.api.ask(
                "search.messages", query=f"{query} after:{after:%Y-%m-%d}", sort="timestamp", sort_dir="desc",
                count=PER_PAGE, page=number,
            ).get("messages")
            if not isinstance(found, dict) or not isinstance(found.get("matches"), list):
                raise unreadable(NAME)
            matches = found["matches"]
            yield [raw for raw in matches if _second(raw) >= oldest]
            paging = found.get("paging") or {}
            if number >= int(paging.get("pages") or 0) or any(_second(raw) < oldest for raw in matches):
                return

    def answered(self) -> Page:
        """What has its answer now leaves."""
        done = []
        for identity, (place, ts) in list(self.waiting.items()):
            if self.is_answered(place, ts):
                del self.waiting[identity]
                done.append(Item(identity, "Answered", None, "slack", "update", is_open=False))
        newest = sorted(self.waiting.items(), key=lambda each: order(each[1][1]))[-MOST_WAITING:]
        self.waiting = dict(newest)
        return self.page(done)

    def is_answered(self, place: str, ts: str) -> bool:
        """Whether the user wrote after it in its place, or in the thread that began with it."""
        return any(order(self.wrote.get(key, "")) > order(ts) for key in (place, f"{place}-{ts}"))

    # -- reminders and saved items: complete each time

    def reminders(self) -> Iterator[Page]:
        listed = self.api.ask("reminders.list").get("reminders")
        if not isinstance(listed, list):
            raise unreadable(NAME)
        items, skipped = read(listed, reminder_item)
        yield self.page(items, skipped, sweep("reminder", {item.external_id for item in items}, not skipped))

    def saved(self) -> Iterator[Page]:
        seen: set[str] = set()
        whole, token = True, ""
        for _ in range(MOST_PAGES):
            parameters = {"cursor": token} if token else {}
            answer = self.api.ask("stars.list", limit=PER_PAGE, **parameters)
            if not isinstance(answer.get("items"), list):
                raise unreadable(NAME)
            items, skipped = read(answer["items"], lambda raw: saved_item(raw, self.me))
            seen.update(item.external_id for item in items)
            whole = whole and not skipped
            metadata = answer.get("response_metadata")
            token = str(metadata.get("next_cursor") or "") if isinstance(metadata, dict) else ""
            yield self.page(items, skipped)
            if not token:
                break
        yield self.page([], sweeps=sweep("saved", seen, whole and not token))


def _thread(message: dict[str, Any]) -> str:
    """The thread that a message stands in; searches give it only in the address."""
    thread = message.get("thread_ts")
    if isinstance(thread, str) and thread:
        return thread
    _, found, rest = str(message.get("permalink") or "").partition("thread_ts=")
    return rest.split("&", 1)[0] if found else ""


def _second(raw: object) -> int:
    try:
        return order(ts_of(text.member(raw)))[0]
    except Malformed:
        return 1 << 40
