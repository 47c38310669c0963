"""A run that is cut short after any of its pages, and goes on from that page's cursor, ends as if nothing had been."""

from __future__ import annotations

import pytest

from connectors.registry import CONNECTORS
from tests.connectors.conftest import Inbox

FEW, MORE_THAN_A_PAGE = 8, {"google-calendar": 260}


# Jira, Google and Slack are not shown to be right here yet when a later run is cut short: the two inboxes differ, and
# whether an item was lost or only stays until the next sweep is not known.
OPEN = [(provider, "next") for provider in ("jira", "google-calendar", "slack")]
CASES = [
    pytest.param(provider, when, marks=pytest.mark.xfail(reason="see OPEN") if (provider, when) in OPEN else ())
    for provider in CONNECTORS
    for when in ("first", "next")
]


@pytest.mark.parametrize(("provider", "when"), CASES)
def test_a_run_that_is_cut_short_goes_on_and_misses_nothing(sandbox, connect, control_of, provider, when):
    control, connector = control_of(provider), CONNECTORS[provider]
    control.post("/reset")
    control.post("/rate", json={"resource": "search", "limit": 1_000_000})  # GitHub's, which this test would use up
    credentials = connect(provider)
    count = MORE_THAN_A_PAGE.get(provider, 120)
    if when == "next":
        control.post("/items", json={"account": "mara", "count": FEW})
    before = Inbox()
    if when == "next":
        before.run(connector, credentials)
    # Later runs add to what is there: what was taken away upstream may stay until the next sweep.
    control.post("/items", json={"account": "mara", "count": count, "keep": when == "next"})
    fresh = Inbox().run(connector, credentials)
    length = len(list(connector.pull(credentials, before.cursor)))
    assert length > 2
    for place in range(1, length):
        inbox = Inbox()
        inbox.items, inbox.cursor = dict(before.items), dict(before.cursor)
        for number, page in enumerate(connector.pull(credentials, inbox.cursor), 1):
            inbox.take(page)
            if number == place:
                break
        inbox.run(connector, credentials)
        assert inbox.ids == fresh.ids, f"cut short after page {place} of {length}"
