"""Answers that a client has already are not sent again."""

from __future__ import annotations

import pytest

from tests.cast import Front, Person
from tests.web.tymblok.test_stats import plan_done

READS = (
    "/users/me", "/settings", "/blocks", "/categories", "/inbox", "/integrations", "/stats/summary", "/stats/daily",
    "/stats/categories", "/stats/streak", "/stats/focus-score", "/subscriptions/plans", "/subscriptions/current",
)  # fmt: skip


@pytest.mark.parametrize("path", READS)
def test_what_did_not_change_is_not_sent_again(alice: Person, path: str) -> None:
    first = alice.get(path)
    tag = first.headers["ETag"]
    again = alice.call("GET", path, headers={"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert "X-RateLimit-Remaining" in again.headers
    assert alice.call("GET", path, headers={"If-None-Match": f'"x", {tag}'}).status_code == 304
    assert alice.call("GET", path, headers={"If-None-Match": '"x"'}).status_code == 200
    assert "no-store" not in first.headers["Cache-Control"]


def test_what_changed_is_sent(alice: Person) -> None:
    before = {path: alice.get(path).headers["ETag"] for path in ("/inbox", "/stats/summary", "/settings")}
    alice.post("/inbox", {"title": "New"})
    alice.patch("/settings", {"theme": "dark"})
    from datetime import UTC, datetime

    plan_done(alice, str(datetime.now(UTC).date()), 30)
    for path, tag in before.items():
        assert alice.call("GET", path, headers={"If-None-Match": tag}).status_code == 200


def test_a_refusal_has_no_tag(alice: Person, front: Front) -> None:
    assert "ETag" not in alice.get("/blocks/00000000-0000-4000-8000-000000000000").headers
    assert "ETag" not in alice.post("/inbox", {"title": "A"}).headers
    refused = front.call("GET", "/tymblok/v1/users/me", headers={"If-None-Match": "*"})
    assert (refused.status_code, refused.headers["Cache-Control"]) == (401, "no-store")
