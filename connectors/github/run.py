"""One run over one GitHub account: what is new, page by page, and a cursor from which a cut-short run resumes.

https://docs.github.com/en/rest/issues/issues · /search/search · /activity/notifications
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors import text
from connectors.base import Cursor, Item, Page, Sweep
from connectors.github.api import PER_PAGE, Answer, Api
from connectors.github.items import is_elsewhere, issue_item, key_of, mention_item, packed, read, review_item, unpacked
from connectors.members import sweep

MOST_PAGES = 100
"""A first sync or a sweep goes this far: of more than 10,000 open issues the newest arrive."""
MOST_SEARCH_PAGES = 10
"""GitHub's own limit: 1,000 results of one search."""
NOTIFICATIONS_PER_PAGE = 50
MOST_NOTIFICATION_PAGES = 20
FEW_PAGES = 3
"""An account this small is swept whenever something changed, so that what was unassigned is gone at once."""
OVERLAP = timedelta(minutes=2)
SETTLING = timedelta(seconds=30)
SWEEP_EVERY = timedelta(hours=6)
FIRST_SWEEP_AFTER = timedelta(hours=1)


class Run:
    """The cursor that goes with each page is a copy, so that pages may be kept."""

    def __init__(self, api: Api, cursor: Cursor) -> None:
        self.api = api
        self.cursor: Cursor = {**cursor}
        self.validators: dict[str, dict[str, str]] = {**cursor.get("validators", {})}
        self.held = unpacked(cursor.get("held"))
        self.is_first = "since" not in cursor

    def pages(self) -> Iterator[Page]:
        yield from self.first_issues() if self.is_first else self.changed_issues()
        yield from self.reviews()
        yield from self.mentions()
        yield self.page([])

    def page(self, items: list[Item], skipped: int = 0, sweeps: tuple[Sweep, ...] = (), **cursor: Any) -> Page:
        self.cursor.update(cursor)
        return Page(items, {**self.cursor, "validators": {**self.validators}}, skipped, sweeps)

    # -- issues and pull requests assigned to the user

    def first_issues(self) -> Iterator[Page]:
        """Everything open, newest first."""
        begun = self.cursor.get("first")
        if begun is None:
            probe = self.newest(None)
            since = max((_updated(raw) for raw in probe.members), default=text.LONG_AGO)
            begun = {"since": text.stamp(min(since, _now())), "validators": probe.validators, "page": 1}
        seen: set[int | None] = set()
        number = begun["page"]
        while True:
            answer = self.api.members(
                "/issues", filter="assigned", state="open", sort="created", direction="desc",
                per_page=PER_PAGE, page=number,
            )
            items, skipped, ids = read(answer.members, issue_item)
            seen.update(ids)
            self.hold(items)
            yield self.page(items, skipped, first={**begun, "page": number + 1}, held=packed(self.held))
            if not answer.has_next or number >= MOST_PAGES:
                break
            number += 1
        # A closed issue moves the rest of the list up, and one at the edge of a page slips through unseen.
        moved = number > 1 and self.newest(begun["validators"]).body is not None
        del self.cursor["first"]
        self.validators["issues"] = begun["validators"]
        self.cursor.update(since=begun["since"], open_pages=number)
        if number == 1:
            yield self.page([], sweeps=_absence("issue", seen), swept_at=text.stamp(_now()))
        elif moved and number < MOST_PAGES:
            yield from self.sweep_issues()
        else:
            yield self.page([], swept_at=text.stamp(_now() - SWEEP_EVERY + FIRST_SWEEP_AFTER))

    def newest(self, validators: dict[str, str] | None) -> Answer:
        """The last hundred changes of any state: while this is the same, nothing was assigned, changed or closed."""
        return self.api.members(
            "/issues", validators, filter="assigned", state="all", sort="updated", direction="desc", per_page=PER_PAGE
        )

    def changed_issues(self) -> Iterator[Page]:
        answer = self.newest(self.validators.get("issues"))
        if answer.body is not None:
            yield from self.take(answer)
        is_due = text.moment(self.cursor.get("swept_at")) + SWEEP_EVERY <= _now()
        if is_due:
            for name in ("reviews", "mentions"):
                self.validators.pop(name, None)  # a sweep that was held back is offered again
        if is_due or (answer.body is not None and self.cursor.get("open_pages", 1) <= FEW_PAGES):
            yield from self.sweep_issues()
        if answer.body is not None:
            # Not before: a run that is cut short in the sweep must find the same change again.
            self.validators["issues"] = answer.validators

    def take(self, newest: Answer) -> Iterator[Page]:
        """What changed since the last run, out of the one page where that is enough."""
        since = text.moment(self.cursor["since"])
        begin = max(since - OVERLAP, text.LONG_AGO)
        dated = [(_updated(raw), raw) for raw in newest.members]
        if not newest.has_next or any(text.LONG_AGO < at < begin for at, _ in dated):
            fresh = [raw for at, raw in dated if at >= begin or at == text.LONG_AGO]
            pages: Any = [(*read(fresh, issue_item), max([since, *(at for at, _ in dated)]))]
        else:
            pages = self.ascending("all", begin)
        for items, skipped, _, reached in pages:
            self.hold(items)
            since = min(max(since, reached), max(since, _now()))  # a date in the future must not end all syncs
            yield self.page(items, skipped, since=text.stamp(since), held=packed(self.held))

    def sweep_issues(self) -> Iterator[Page]:
        """Everything open, once more and complete: what is not among it was closed, unassigned or deleted."""
        seen: set[int | None] = set()
        held: set[int] = set()
        for count, (items, skipped, ids, _) in enumerate(self.ascending("open", text.LONG_AGO), 1):
            seen.update(ids)
            held.update(key_of(item) for item in items)
            yield self.page(items, skipped)
            if count == MOST_PAGES:
                seen.add(None)
                break
        if None not in seen:
            self.ask_for_mentions(held)
            self.held = held
        self.cursor.update(open_pages=count, held=packed(self.held))
        yield self.page([], sweeps=_absence("issue", seen), swept_at=text.stamp(_now()))

    def ascending(self, state: str, since: datetime) -> Iterator[tuple[list[Item], int, list[int | None], datetime]]:
        """Oldest change first, each page beginning at the last moment seen: nothing can slip between two pages.

        Page numbers are needed only where one second holds more than a page.
        """
        before: set[str] = set()
        number = 1
        while True:
            answer = self.api.members(
                "/issues", filter="assigned", state=state, sort="updated", direction="asc",
                since=text.stamp(since), per_page=PER_PAGE, page=number,
            )
            versions = {_version(raw): raw for raw in answer.members}
            reached = max(since, _settled(answer))
            yield *read([raw for version, raw in versions.items() if version not in before], issue_item), reached
            if not answer.has_next:
                return
            before = set(versions)
            step = reached - timedelta(seconds=1)
            if step > since:
                since, number = step, 1
            else:
                number += 1

    def hold(self, items: list[Item]) -> None:
        """Remember what is assigned, so that a mention of it is not a second item."""
        keys = {key_of(item): item.is_open for item in items}
        begun = {key for key, is_open in keys.items() if is_open}
        self.ask_for_mentions(begun)
        self.held |= begun
        self.held -= keys.keys() - begun

    def ask_for_mentions(self, keys: set[int]) -> None:
        """What is assigned by now may have come as a mention before: then these are read anew, if not in this run then
        in the next."""
        if keys - self.held:
            self.validators.pop("mentions", None)

    # -- pull requests that wait for the user's review

    def reviews(self) -> Iterator[Page]:
        """Complete each time it changed, and therefore a sweep each time."""
        seen: set[int | None] = set()
        keys: set[int] = set()
        validators: dict[str, str] = {}
        for number in range(1, MOST_SEARCH_PAGES + 1):
            answer = self.api.members(
                "/search/issues", self.validators.get("reviews") if number == 1 else None, "items",
                q="is:open is:pr review-requested:@me archived:false", sort="created", order="desc",
                per_page=PER_PAGE, page=number,
            )
            if answer.body is None:
                return
            validators = validators or answer.validators
            items, skipped, ids = read(answer.members, review_item)
            seen.update(ids)
            keys.update(key_of(item) for item in items)
            yield self.page(items, skipped)
            if not answer.has_next:
                break
        # A search may be cut off by time or at 1,000, and its pages may shift: then it proves no absence.
        total = answer.body.get("total_count")
        if answer.body.get("incomplete_results") is True or (isinstance(total, int) and len(seen) < total):
            seen.add(None)
        self.validators["reviews"] = validators
        yield self.page([], sweeps=_absence("review", seen), held_reviews=packed(keys))

    # -- notifications

    def mentions(self) -> Iterator[Page]:
        """Unread threads that mention the user. What is read at GitHub, or in the inbox as an issue by now, leaves."""
        held = self.held | unpacked(self.cursor.get("held_reviews"))
        known = self.validators.get("mentions")
        seen: set[int | None] = set()
        validators: dict[str, str] = {}
        for number in range(1, MOST_NOTIFICATION_PAGES + 1):
            answer = self.api.members(
                "/notifications", known if number == 1 else None, all="false",
                per_page=NOTIFICATIONS_PER_PAGE, page=number,
            )
            if answer.body is None:
                return
            validators = validators or answer.validators
            items, skipped, ids = read([raw for raw in answer.members if not is_elsewhere(raw, held)], mention_item)
            seen.update(ids)
            yield self.page(items, skipped)
            if not answer.has_next:
                break
        else:
            seen.add(None)
        self.validators["mentions"] = validators
        yield self.page([], sweeps=_absence("mention", seen))


def _absence(scope: str, ids: set[int | None]) -> tuple[Sweep, ...]:
    """Proof, where every id is known."""
    return sweep(scope, (f"{scope}:{number}" for number in ids), None not in ids)


def _settled(answer: Answer) -> datetime:
    """The last change on an ascending page that was not made while the page was: such a member shows a time ahead of
    its place, and to go on from there would leave out what stands between."""
    moving = datetime.fromtimestamp(answer.at, UTC) - SETTLING
    times = [_updated(raw) for raw in reversed(answer.members)]
    return next((at for at in times if text.LONG_AGO < at < moving), text.LONG_AGO)


def _updated(raw: object) -> datetime:
    return text.moment(raw.get("updated_at")) if isinstance(raw, dict) else text.LONG_AGO


def _version(raw: object) -> str:
    if isinstance(raw, dict) and raw.get("id"):
        return f"{raw['id']} {raw.get('updated_at')}"
    return repr(raw)[:500]


def _now() -> datetime:
    return datetime.now(UTC)
