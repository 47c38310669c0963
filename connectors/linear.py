"""Linear: issues assigned to the user. https://linear.app/developers/graphql"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from connectors import text
from connectors.base import ConnectorError, Credentials, Cursor, Item, Page, Profile
from connectors.faults import TokenRefused, busy, clock, forbidden, guarded, of_status, spoken, unreadable, wait
from connectors.members import read, sweep
from connectors.oauth import client_of, revoke_token
from connectors.text import Malformed
from connectors.transport import BoundedHttpx2, timeout_httpx2

NAME = "Linear"
PER_PAGE = 100
MOST_PAGES = 50
OVERLAP = timedelta(minutes=15)
LIST_EVERY = timedelta(hours=6)
HIGH = (1, 2)
"""Urgent and high; 0 is no priority."""
ENDED = ("completed", "canceled", "cancelled", "duplicate")
LIMITS = ("requests", "complexity")

VIEWER = "query { viewer { id name displayName email avatarUrl organization { id name urlKey } } }"
# Archived issues vanish unless asked for; an issue costs what its connections cost, so none is asked for.
ASSIGNED = """
query Assigned($first: Int!, $after: String, $filter: IssueFilter) {
  viewer {
    assignedIssues(first: $first, after: $after, filter: $filter, includeArchived: true) {
      nodes { id identifier title description url priority updatedAt archivedAt trashed state { name type } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""


class Linear:
    """The connector."""

    provider = "linear"
    scopes: tuple[str, ...] = ("read",)

    def profile(self, credentials: Credentials) -> Profile:
        with _Api(credentials.access_token) as api, spoken(NAME):
            me = text.member(api.ask(VIEWER).get("viewer"))
            return Profile(
                external_id=text.named(me.get("id")),
                username=text.clean(me.get("displayName") or me.get("name"), 200) or None,
                avatar_url=text.link(me.get("avatarUrl")),
                name=text.clean(me.get("name"), 200) or None,
                email=text.clean(me.get("email"), 254) or None,
            )

    def pull(self, credentials: Credentials, cursor: Cursor) -> Iterator[Page]:
        with _Api(credentials.access_token) as api:
            yield from guarded(NAME, _pages(api, cursor))

    def revoke(self, credentials: Credentials) -> None:
        revoke_token("linear", credentials.access_token)


def issue_item(raw: object) -> Item:
    """An issue assigned to the user."""
    issue = text.member(raw)
    identity, state = issue.get("id"), issue.get("state")
    if not isinstance(identity, str) or not identity:
        raise Malformed("no id")
    words = (text.clean(issue.get("identifier"), 40), text.clean(issue.get("description")))
    gone = bool(issue.get("archivedAt")) or issue.get("trashed") is True
    return Item(
        external_id=f"issue:{text.clean(identity, 80)}",
        title=text.title(issue.get("title")),
        url=text.link(issue.get("url")),
        source="linear",
        type="task",
        priority="high" if issue.get("priority") in HIGH else "normal",
        description=text.clean("\n\n".join(each for each in words if each)) or None,
        is_open=not gone and not (isinstance(state, dict) and state.get("type") in ENDED),
    )


def _pages(api: _Api, cursor: Cursor) -> Iterator[Page]:
    """A small account is listed whole each time, in the one request that a list of changes would cost too.

    Linear's page cursors stand for issues, not for numbers: what is closed meanwhile shifts nothing.
    """
    begun = datetime.now(UTC)
    since, is_first = text.moment(cursor.get("since")), "since" not in cursor
    is_listing = is_first or cursor.get("pages", 1) <= 1 or text.moment(cursor.get("listed_at")) + LIST_EVERY <= begun
    changed = {"updatedAt": {"gte": text.stamp(since - OVERLAP)}}
    unfinished = {"state": {"type": {"nin": list(ENDED)}}}
    which = changed if not is_listing else unfinished if is_first else {"or": [unfinished, changed]}
    after = cursor.get("after") if is_first else None
    whole, newest = is_listing and after is None, since
    seen: set[str] = set()
    count = 0
    while count < MOST_PAGES:
        count += 1
        issues, following = api.assigned(which, after)
        items, skipped = read(issues, issue_item)
        edits = [text.moment(raw.get("updatedAt")) for raw in issues if isinstance(raw, dict)]
        newest = max([newest, *(min(edit, begun) for edit in edits)])
        seen.update(item.external_id for item in items)
        whole = whole and not skipped
        after = following
        yield Page(items, {**cursor, "after": after} if is_first else cursor, skipped)
        if after is None:
            break
    done = {"since": text.stamp(newest if not is_first or newest > text.LONG_AGO else begun)}
    kept = {"listed_at": cursor.get("listed_at"), "pages": cursor.get("pages", 1)}
    if is_listing:
        kept = {"listed_at": text.stamp(begun if whole else begun - LIST_EVERY + timedelta(hours=1)), "pages": count}
    whole = whole and after is None
    yield Page([], {**done, **kept}, sweeps=sweep("issue", seen, whole))


class _Api:
    """One connection of one user. Errors: ConnectorError."""

    def __init__(self, token: str) -> None:
        self._address = client_of("linear").api_url.rstrip("/") + "/graphql"
        self._http = httpx2.Client(
            transport=BoundedHttpx2(), timeout=timeout_httpx2(), follow_redirects=False,
            headers={"Authorization": f"Bearer {token}"},
        )

    def __enter__(self) -> _Api:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of one query. Errors come with 400 and 401, and beside data with 200."""
        with spoken(NAME):
            answer = self._http.post(self._address, json={"query": query, "variables": variables})
            try:
                body = answer.json()
            except ValueError:
                body = None
            errors = body.get("errors") if isinstance(body, dict) else None
            if errors or answer.status_code != 200:
                raise _refusal(answer, errors)
            if not isinstance(body, dict) or not isinstance(body.get("data"), dict):
                raise unreadable(NAME)
            return body["data"]

    def assigned(self, which: dict[str, Any], after: str | None) -> tuple[list[Any], str | None]:
        """One page of issues, and the cursor of the next. One that has grown stale begins anew."""
        try:
            data = self.ask(ASSIGNED, first=PER_PAGE, after=after, filter=which)
        except BadQuery:
            if after is None:
                raise
            data = self.ask(ASSIGNED, first=PER_PAGE, after=None, filter=which)
        with spoken(NAME):
            found = data["viewer"]["assignedIssues"]
            info = found["pageInfo"]
            if not isinstance(found["nodes"], list):
                raise unreadable(NAME)
            return found["nodes"], info["endCursor"] if info.get("hasNextPage") else None


class BadQuery(ConnectorError):
    """Linear took a query, or the cursor of a next page, for wrong."""


def _refusal(answer: httpx2.Response, errors: object) -> ConnectorError:
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    extensions = first.get("extensions")
    code = str(extensions.get("code", "")) if isinstance(extensions, dict) else ""
    if code == "RATELIMITED" or answer.status_code == 429:
        return busy(NAME, _until_reset(answer))
    if code in ("AUTHENTICATION_ERROR", "UNAUTHENTICATED") or answer.status_code == 401:
        return TokenRefused(NAME)
    if code == "FORBIDDEN" or answer.status_code == 403:
        return forbidden(NAME)
    if answer.status_code == 400:
        return BadQuery("Linear did not accept a query. It will be tried again.")
    if answer.status_code == 200:
        return ConnectorError("Linear answered in part only. It will be tried again.")
    return of_status(NAME, answer.status_code, answer.headers)


def _until_reset(answer: httpx2.Response) -> float | None:
    """Linear's resets are epoch milliseconds, one for each of its limits; the one that is used up counts."""
    seconds = wait(answer.headers)
    if seconds is not None:
        return seconds
    for limit in LIMITS:
        reset = answer.headers.get(f"x-ratelimit-{limit}-reset", "")
        if answer.headers.get(f"x-ratelimit-{limit}-remaining", "0") == "0" and reset.isdigit():
            return min(max(1.0, int(reset) / 1000 - clock(answer.headers)), 3600.0)
    return 60.0
