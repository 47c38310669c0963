"""One run over one Jira account, in every site that the user let us into.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors import text
from connectors.base import Credentials, Cursor, Item, Page, Sweep
from connectors.jira.api import BadQuery, Cloud, Site, sites, speaking
from connectors.jira.items import issue_item, mention_items, place
from connectors.members import read, sweep
from connectors.text import Malformed

MOST_PAGES = 50
OVERLAP = timedelta(minutes=15)
"""Jira's search index lags."""
LOOK_AGAIN = timedelta(hours=6)
RETRY_SWEEP = timedelta(hours=5)
"""A sweep that proved nothing is tried again an hour later."""
CLOCKS = timedelta(seconds=60)
"""How far Jira's clock and ours may differ."""
FIRST_MENTIONS = timedelta(days=14)
ISSUE_FIELDS = ("summary", "status", "priority", "description", "updated", "assignee")
MENTION_FIELDS = ("summary", "status", "comment")


class Run:
    """A small account is listed whole each time, since Jira has no conditional requests and one page costs the same.

    A large one is asked for its changes, and listed whole every few hours.
    """

    def __init__(self, credentials: Credentials, cursor: Cursor) -> None:
        self.credentials = credentials
        self.cursor: Cursor = {"sites": {}, **deepcopy(cursor)}
        self.begun = datetime.now(UTC)
        self.seen: set[str] = set()
        self.is_whole = True

    def pages(self) -> Iterator[Page]:
        if text.moment(self.cursor.get("looked_at")) + LOOK_AGAIN <= self.begun:
            self.look()
        for id in self.cursor["sites"]:
            yield from self.site(id)
        if self.is_whole:
            yield self.page([], sweeps=sweep("issue", self.seen))
        yield self.page([], looked_at=self.cursor.pop("looking_at", self.cursor.get("looked_at")))

    def look(self) -> None:
        """Which sites there are, who the user is there, and in which zone Jira reads dates for this user."""
        known = self.cursor["sites"]
        found = {}
        for site in sites(self.credentials):
            with speaking():
                me = Cloud(site.id, self.credentials.access_token).myself()
                found[site.id] = {
                    **known.get(site.id, {}), "url": site.url, "account": str(me["accountId"]),
                    "zone": _zone(me.get("timeZone")), "is_due": True,
                }
        self.cursor["sites"] = found
        self.cursor["looking_at"] = text.stamp(self.begun)

    def page(self, items: list[Item], skipped: int = 0, sweeps: tuple[Sweep, ...] = (), **cursor: Any) -> Page:
        self.cursor.update(cursor)
        return Page(items, deepcopy(self.cursor), skipped, sweeps)

    def site(self, id: str) -> Iterator[Page]:
        state = self.cursor["sites"][id]
        site, cloud = Site(id, state["url"]), Cloud(id, self.credentials.access_token)
        since = text.moment(state.get("since"))
        is_first = "since" not in state
        if is_first or state.get("is_due") or state.get("pages", 1) <= 1:
            yield from self.listing(cloud, site, state, None if is_first else since - OVERLAP)
        else:
            self.is_whole = False
            mine = "(assignee = currentUser() OR assignee WAS currentUser())"
            changed = f"{mine} AND updated >= {_quoted(since - OVERLAP, state['zone'])}"
            count = 0
            for issues, _ in _searched(cloud, f"{changed} ORDER BY updated ASC", ISSUE_FIELDS):
                count += 1
                items, skipped, _ = _read(issues, site, state["account"])
                yield self.page(items, skipped)
            if count > 1:
                state["is_due"] = True  # pages that shift while they are read may hide one
        yield from self.mentions(cloud, site, state, since)
        state["since"] = state.pop("begun", text.stamp(self.begun))

    def listing(self, cloud: Cloud, site: Site, state: dict[str, Any], since: datetime | None) -> Iterator[Page]:
        """Everything open, newest first, with what was closed lately; complete, so that it proves what is gone.

        Where it took more than a page and something was touched meanwhile, the pages may have shifted under our feet:
        then it is read once more.
        """
        which = "statusCategory != Done"
        if since is not None:
            which = f"({which} OR updated >= {_quoted(since, state['zone'])})"
        jql = f"assignee = currentUser() AND {which} ORDER BY created DESC"
        token = state.get("token") if since is None else None
        if since is None:
            # What is new while a listing lies cut short stands before the page that it goes on with.
            state.setdefault("begun", text.stamp(self.begun))
        for _ in range(2):
            begun, count = datetime.now(UTC), 0
            whole = token is None
            seen: set[str | None] = set()
            for issues, following in _searched(cloud, jql, ISSUE_FIELDS, token):
                count += 1
                token = state["token"] = following
                items, skipped, ids = _read(issues, site, state["account"])
                seen.update(ids)
                yield self.page(items, skipped)
            whole = whole and token is None and None not in seen
            if count == 1:
                break
            changed = f"assignee = currentUser() AND updated >= {_quoted(begun, state['zone'])} ORDER BY updated ASC"
            issues, _ = cloud.search(changed, ISSUE_FIELDS, None)
            items, skipped, _ = _read(issues, site, state["account"])
            yield self.page(items, skipped)
            if not any(_updated(raw) >= begun - CLOCKS for raw in issues):
                break
            whole = False
        self.seen.update(f"issue:{place(site)}{each}" for each in seen)
        self.is_whole = self.is_whole and whole
        state.pop("token", None)
        state.update(pages=count, is_due=False)
        if not whole:
            self.cursor["looking_at"] = text.stamp(self.begun - RETRY_SWEEP)

    def mentions(self, cloud: Cloud, site: Site, state: dict[str, Any], since: datetime) -> Iterator[Page]:
        """Issues whose comments name the user, as far as they changed."""
        since = max(since - OVERLAP, self.begun - FIRST_MENTIONS)
        jql = f"comment ~ currentUser() AND updated >= {_quoted(since, state['zone'])} ORDER BY updated ASC"
        for issues, _ in _searched(cloud, jql, MENTION_FIELDS):
            items: list[Item] = []
            skipped = 0
            for raw in issues:
                try:
                    items.extend(mention_items(raw, site, state["account"], self.begun - FIRST_MENTIONS))
                except Malformed:
                    skipped += 1
            yield self.page(items, skipped)


def _searched(
    cloud: Cloud, jql: str, fields: tuple[str, ...], token: str | None = None
) -> Iterator[tuple[list[Any], str | None]]:
    """Pages of issues, each with the token of the next. A token that has grown stale begins anew."""
    seen: set[str] = set()
    for _ in range(MOST_PAGES):
        try:
            issues, following = cloud.search(jql, fields, token)
        except BadQuery:
            if token is None or seen:
                raise
            issues, following = cloud.search(jql, fields, None)
        if not issues and following is not None:
            issues, following = cloud.search(jql, fields, token)  # an empty page before the last is asked for again
        yield issues, following
        if following is None or following in seen:
            return
        seen.add(following)
        token = following


def _read(issues: list[Any], site: Site, me: str) -> tuple[list[Item], int, list[str | None]]:
    ids = [str(raw.get("id") or "") if isinstance(raw, dict) else "" for raw in issues]
    return *read(issues, lambda raw: issue_item(raw, site, me)), [each if each.isdigit() else None for each in ids]


def _updated(raw: object) -> datetime:
    fields = raw.get("fields") if isinstance(raw, dict) else None
    return text.moment(fields.get("updated")) if isinstance(fields, dict) else text.LONG_AGO


def _zone(name: object) -> str:
    """The zone of the user's profile; for one that is unknown here, the one whose clocks are furthest behind."""
    try:
        return str(ZoneInfo(str(name)))
    except (KeyError, ValueError):
        return "Etc/GMT+12"


def _quoted(moment: datetime, zone: str) -> str:
    """A date as JQL has it: minutes on the user's own clock, rounded down.

    In the hour that a clock shows twice it must not be taken for the later one, so it goes back before both.
    """
    here = ZoneInfo(zone)
    wall = moment.astimezone(here).replace(tzinfo=None)
    if wall.replace(tzinfo=here, fold=1) > moment:
        wall = (moment - timedelta(hours=3)).astimezone(here).replace(tzinfo=None)
    return f'"{wall:%Y-%m-%d %H:%M}"'
