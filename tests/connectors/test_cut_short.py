"""A run that is cut short after any of its pages, and goes on from that page's cursor, ends as if nothing had been."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from connectors.base import Page
from connectors.registry import CONNECTORS
from tests.connectors.conftest import Inbox

MORE_THAN_A_PAGE = {"google-calendar": 260}
BEFORE = {"a first run": 0, "a later run": 8, "a later run of a large account": 110}
CASES = [(provider, when) for provider in CONNECTORS for when in BEFORE]


@pytest.mark.parametrize(("provider", "when"), CASES)
def test_a_run_that_is_cut_short_goes_on_and_misses_nothing(sandbox, connect, control_of, provider, when):
    control, connector = control_of(provider), CONNECTORS[provider]
    control.post("/reset")
    control.post("/rate", json={"resource": "search", "limit": 1_000_000})  # GitHub's, which this test would use up
    credentials = connect(provider)
    before = Inbox()
    if BEFORE[when]:
        control.post("/items", json={"account": "mara", "count": BEFORE[when]})
        before.run(connector, credentials)
    # Later runs add to what is there: what was taken away upstream may stay until the next sweep.
    count = MORE_THAN_A_PAGE.get(provider, 120)
    control.post("/items", json={"account": "mara", "count": count, "keep": bool(BEFORE[when])})
    fresh = Inbox().run(connector, credentials)
    assert cut_short_everywhere(connector, credentials, before) == fresh.ids


def test_comments_are_not_missed_when_a_run_is_cut_short_among_them(connect, control_of):
    control, credentials = control_of("google-calendar"), connect("google-calendar")
    control.post("/reset")
    made = [
        control.post("/items", json={"account": "mara", "kind": "file", "title": f"Plan {number}"}).json()["id"]
        for number in range(3)
    ]
    before = Inbox().run(CONNECTORS["google-calendar"], credentials)
    for id in made:
        control.post("/items", json={"account": "mara", "kind": "comment", "file": id, "text": "see", "assign": True})
    ids = cut_short_everywhere(CONNECTORS["google-calendar"], credentials, before)
    assert all(any(id.startswith(f"comment:{file}") for id in ids) for file in made)


def cut_short_everywhere(connector: Any, credentials: Any, before: Inbox) -> set[str]:
    """The ids that the next run leads to, whether it is cut short after any of its pages or not."""
    pages = whole_pull(connector, credentials, before.cursor)
    assert len(pages) > 2
    whole = taken(before, pages)
    for place in range(1, len(pages)):
        # What a run is given at its start is all that it may go on with, so the cut itself needs no request.
        inbox = taken(before, pages[:place]).run(connector, credentials)
        assert inbox.ids == whole.ids, f"cut short after page {place} of {len(pages)}"
    return whole.ids


def whole_pull(connector: Any, credentials: Any, cursor: dict[str, Any]) -> list[Page]:
    """All pages of a run, which changes neither the cursor that it was given nor those that it gave."""
    given, pages, copies = deepcopy(cursor), [], []
    for page in connector.pull(credentials, cursor):
        pages.append(page)
        copies.append(deepcopy(page.cursor))
    assert cursor == given
    assert [page.cursor for page in pages] == copies
    return pages


def taken(before: Inbox, pages: list[Page]) -> Inbox:
    inbox = Inbox()
    inbox.items, inbox.cursor = dict(before.items), deepcopy(before.cursor)
    for page in pages:
        inbox.take(page)
    return inbox
