"""GitHub: what arrives, what leaves, and what a run costs."""

from __future__ import annotations

import time
from typing import Any

import pytest

from connectors.base import ConnectorError
from connectors.github import GitHub
from connectors.github.items import issue_item, mention_item, read, review_item
from connectors.text import Malformed
from tests.connectors.github_stand import Stand, issue
from tests.connectors.stub import Reply
from tests.connectors.test_cut_short import cut_short_everywhere


@pytest.fixture
def stand(stub: Any) -> Stand:
    stub.answer = Stand()
    return stub.answer


def thread(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": str(number), "unread": True, "reason": "mention", "updated_at": "2026-01-01T00:00:00Z",
        "subject": {
            "title": f"Thread {number}", "type": "Issue",
            "url": f"https://api.github.com/repos/acme/shop/issues/{number}",
            "latest_comment_url": f"https://api.github.com/repos/acme/shop/issues/comments/{number}9",
        },
        "repository": {"full_name": "acme/shop", "html_url": "https://github.com/acme/shop"}, **more,
    }


def counted(stub: Any) -> int:
    asked = len(stub.asked)
    stub.asked.clear()
    return asked


# -- recorded payloads


@pytest.mark.parametrize("name", ["issues_assigned", "issues_repo", "user_issues"])
def test_every_recorded_issue_becomes_an_item(payload, name):
    members = payload(f"github/{name}")
    items, skipped, ids = read(members, issue_item)
    assert skipped == 0 and None not in ids
    assert len(items) == len({m["id"] for m in members})
    for raw, item in zip(members, items, strict=True):
        assert item.external_id == f"issue:{raw['id']}"
        assert item.title == " ".join(raw["title"].split())
        assert item.url == raw["html_url"]
        assert (item.source, item.type, item.priority) == ("github", "task", "normal")
        assert item.is_open == (raw["state"] == "open")
        assert f"#{raw['number']}" in item.description


def test_recorded_search_results_become_review_requests(payload):
    found = payload("github/search_issues")["items"]
    items, skipped, _ = read(found, review_item)
    assert skipped == 0
    assert [i.external_id for i in items] == [f"review:{raw['id']}" for raw in found]
    assert {(i.type, i.priority) for i in items} == {("task", "high")}


def test_recorded_notifications_become_mentions(payload):
    for raw in payload("github/notifications"):
        item = mention_item({**raw, "reason": "mention"})
        assert item.title == raw["subject"]["title"]
        assert item.url.startswith(raw["repository"]["html_url"] + "/")
        assert (item.type, item.priority) == ("update", "normal")


def test_a_notification_that_names_little_still_arrives(payload):
    item = mention_item({**payload("github/notification_minimal"), "reason": "mention"})
    assert (item.title, item.url) == ("Feature/coveralls", None)


@pytest.mark.parametrize("raw", [
    None, 7, "text", [], {}, {"id": 1}, {"id": "x", "title": "T", "html_url": "https://a.b/c", "state": "open"},
    {"id": True, "title": "T", "html_url": "https://a.b/c", "state": "open"},
    {"id": 1, "title": None, "html_url": "https://a.b/c", "state": "open"},
    {"id": 1, "title": " \n", "html_url": "https://a.b/c", "state": "open"},
    {"id": 1, "title": "T", "html_url": "javascript:alert(1)", "state": "open"},
    {"id": 1, "title": "T", "html_url": "https://a.b/c", "state": 5},
])
def test_a_malformed_member_is_named_so(raw):
    with pytest.raises(Malformed):
        issue_item(raw)


def test_text_that_a_database_refuses_is_mended():
    item = issue_item({**issue(1), "title": "a\x00b\ud800 c\n\td", "body": "x" * 100_000})
    assert item.title == "ab? c d"
    assert len(item.description) == 4000


# -- runs


def test_a_first_sync_brings_what_is_open(stand, stub, inbox, credentials):
    stand.issues = [issue(n) for n in range(1, 251)] + [issue(300, state="closed")]
    stand.reviews = [issue(400, html_url="https://github.com/acme/shop/pull/400")]
    stand.threads = [thread(500), thread(501, reason="subscribed"), thread(7)]
    inbox.run(GitHub(), credentials)
    assert inbox.ids == {f"issue:{1000 + n}" for n in range(1, 251)} | {"review:1400", "mention:500"}
    assert inbox.items["review:1400"].priority == "high"
    assert inbox.items["mention:500"].url == "https://github.com/acme/shop/issues/500#issuecomment-5009"
    assert counted(stub) == 7  # newest, three pages, newest again, reviews, mentions


def test_the_newest_come_first(stand, credentials):
    stand.issues = [issue(n) for n in range(1, 251)]
    first = next(page for page in GitHub().pull(credentials, {}) if page.items)
    assert first.items[0].external_id == "issue:1250"


def test_an_unchanged_account_costs_three_conditional_requests(stand, stub, inbox, credentials):
    stand.issues = [issue(n) for n in range(1, 251)]
    stand.threads = [thread(500)]
    inbox.run(GitHub(), credentials)
    counted(stub)
    pages = list(GitHub().pull(credentials, inbox.cursor))
    assert [len(page.items) for page in pages] == [0]
    assert [a.headers.get("if-none-match") is not None for a in stub.asked] == [True] * 3


def test_one_connection_carries_a_whole_run(stand, stub, inbox, credentials):
    stand.issues = [issue(n) for n in range(1, 251)]
    inbox.run(GitHub(), credentials)
    assert len({asked.port for asked in stub.asked}) == 1


def test_closed_leaves_and_reopened_returns(stand, inbox, credentials):
    stand.issues = [issue(n) for n in range(1, 5)]
    inbox.run(GitHub(), credentials)
    stand.touch(2, state="closed")
    assert "issue:1002" not in inbox.run(GitHub(), credentials).ids
    stand.touch(2, state="open", title="Again")
    assert inbox.run(GitHub(), credentials).items["issue:1002"].title == "Again"


def test_closing_is_said_not_only_concluded(stand, inbox, credentials):
    stand.issues = [issue(n) for n in range(1, 5)]
    inbox.run(GitHub(), credentials)
    stand.touch(2, state="closed")
    said = [i for page in GitHub().pull(credentials, inbox.cursor) for i in page.items if not i.is_open]
    assert [i.external_id for i in said] == ["issue:1002"]


def test_what_is_unassigned_leaves_a_small_account_at_once(stand, inbox, credentials):
    stand.issues = [issue(n) for n in range(1, 5)]
    inbox.run(GitHub(), credentials)
    stand.drop(3)
    assert inbox.run(GitHub(), credentials).ids == {"issue:1001", "issue:1002", "issue:1004"}


def test_what_is_unassigned_leaves_a_large_account_with_the_next_sweep(stand, stub, inbox, credentials):
    stand.issues = [issue(n) for n in range(1, 451)]
    inbox.run(GitHub(), credentials)
    stand.drop(3)
    counted(stub)
    assert "issue:1003" in inbox.run(GitHub(), credentials).ids
    assert counted(stub) == 3
    inbox.cursor["swept_at"] = "2026-01-01T00:00:00Z"
    assert inbox.run(GitHub(), credentials).ids == {f"issue:{1000 + n}" for n in range(1, 451) if n != 3}


def test_more_changes_than_a_page_are_all_read(stand, inbox, credentials):
    stand.issues = [issue(n) for n in range(1, 451)]
    inbox.run(GitHub(), credentials)
    for n in range(1, 301):
        stand.touch(n, title=f"New {n}")
    inbox.run(GitHub(), credentials)
    assert all(inbox.items[f"issue:{1000 + n}"].title == f"New {n}" for n in range(1, 301))


def test_more_changes_in_one_second_than_a_page_are_all_read(stand, inbox, credentials):
    stand.issues = [issue(n) for n in range(1, 451)]
    inbox.run(GitHub(), credentials)
    for each in stand.issues:
        each.update(title="Moved", updated_at="2026-06-01T00:00:00Z")
    inbox.run(GitHub(), credentials)
    assert {item.title for item in inbox.items.values()} == {"Moved"} and len(inbox.ids) == 450


def test_what_is_closed_while_paging_hides_nothing(stand, stub, inbox, credentials):
    stand.issues = [issue(n) for n in range(1, 351)]

    def close_two(asked: Any) -> None:
        if asked.query.get("page") == "1" and asked.query.get("state") == "open" and asked.query["sort"] == "created":
            stand.touch(350, state="closed")
            stand.touch(340, state="closed")

    stand.after = close_two
    inbox.run(GitHub(), credentials)
    assert inbox.ids == {f"issue:{1000 + n}" for n in range(1, 351) if n not in (340, 350)}


def test_what_is_updated_while_sweeping_hides_nothing(stand, inbox, credentials):
    stand.issues = [issue(n) for n in range(1, 351)]
    inbox.run(GitHub(), credentials)
    inbox.cursor["swept_at"] = "2026-01-01T00:00:00Z"
    seen = []

    def touch_one(asked: Any) -> None:
        if asked.query.get("direction") == "asc":
            seen.append(asked)
            stand.touch(len(seen), title="Touched")

    stand.after = touch_one
    inbox.run(GitHub(), credentials)
    assert inbox.ids == {f"issue:{1000 + n}" for n in range(1, 351)} and len(seen) >= 4


def test_a_cut_short_first_sync_resumes_where_it_stopped(stand, stub, inbox, credentials):
    stand.issues = [issue(n) for n in range(1, 551)]
    for page in GitHub().pull(credentials, {}):
        inbox.take(page)
        if len(inbox.ids) == 300:
            break
    counted(stub)
    inbox.run(GitHub(), credentials)
    assert len(inbox.ids) == 550
    assert counted(stub) == 6  # pages 4 to 6, newest again, reviews, mentions


def test_malformed_members_are_counted_and_prove_nothing(stand, inbox, credentials):
    stand.issues = [issue(1), issue(2), issue(3, title=""), issue(4)]
    stand.issues[2]["title"] = None
    inbox.run(GitHub(), credentials)
    assert inbox.ids == {"issue:1001", "issue:1002", "issue:1004"} and inbox.skipped >= 1
    stand.issues[0] = issue(1, id=None)
    inbox.run(GitHub(), credentials)
    assert "issue:1001" in inbox.ids


def test_a_mention_of_an_assigned_issue_is_not_doubled(stand, inbox, credentials):
    stand.issues = [issue(1)]
    stand.threads = [thread(1), thread(2)]
    inbox.run(GitHub(), credentials)
    assert inbox.ids == {"issue:1001", "mention:2"}
    stand.issues.append(issue(2))
    stand.touch(2)
    assert inbox.run(GitHub(), credentials).ids == {"issue:1001", "issue:1002"}


def test_nor_when_the_run_is_cut_short_between_the_two(stand, inbox, credentials):
    stand.issues = [issue(1)]
    stand.threads = [thread(1), thread(2)]
    inbox.run(GitHub(), credentials)
    stand.issues.append(issue(2))
    stand.touch(2)
    assert cut_short_everywhere(GitHub(), credentials, inbox) == {"issue:1001", "issue:1002"}


def test_a_mention_that_was_read_leaves(stand, inbox, credentials):
    stand.threads = [thread(1), thread(2)]
    inbox.run(GitHub(), credentials)
    stand.threads[0]["unread"] = False
    assert inbox.run(GitHub(), credentials).ids == {"mention:2"}


def test_a_review_that_was_given_leaves(stand, inbox, credentials):
    stand.reviews = [issue(1), issue(2)]
    inbox.run(GitHub(), credentials)
    stand.reviews.pop()
    assert inbox.run(GitHub(), credentials).ids == {"review:1001"}


def test_an_incomplete_search_proves_nothing(stand, inbox, credentials):
    stand.reviews = [issue(1), issue(2)]
    inbox.run(GitHub(), credentials)
    stand.before = lambda asked: (
        Reply({"total_count": 0, "incomplete_results": True, "items": []}) if "search" in asked.path else None
    )
    assert inbox.run(GitHub(), credentials).ids == {"review:1001", "review:1002"}


def test_a_date_in_the_future_does_not_end_all_syncs(stand, inbox, credentials):
    stand.issues = [issue(1, updated_at="2099-01-01T00:00:00Z"), issue(2)]
    inbox.run(GitHub(), credentials)
    assert inbox.cursor["since"] < "2098"


# -- faults that are GitHub's own


def failing(stub: Any, credentials: Any, reply: Reply) -> ConnectorError:
    stub.answer = lambda asked: reply
    with pytest.raises(ConnectorError) as caught:
        list(GitHub().pull(credentials, {}))
    assert "GitHub" in caught.value.message
    return caught.value


def test_a_secondary_limit_is_waited_for(stub, credentials):
    message = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}
    error = failing(stub, credentials, Reply(message, 403, {"Retry-After": "60"}))
    assert (error.kind, error.retry_after) == ("later", 60)
    assert failing(stub, credentials, Reply(message, 403)).retry_after == 60


def test_a_spent_quota_is_waited_for_until_its_reset(stub, credentials):
    reset = str(int(time.time()) + 90)
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Limit": "5000", "X-RateLimit-Reset": reset}
    error = failing(stub, credentials, Reply({"message": "API rate limit exceeded for user ID 1."}, 403, headers))
    assert error.kind == "later" and 80 < error.retry_after <= 91


def test_a_missing_permission_is_refused(stub, credentials):
    assert failing(stub, credentials, Reply({"message": "Resource not accessible"}, 403)).kind == "refused"


def test_a_refused_token_asks_to_connect_again(stub, credentials):
    assert failing(stub, credentials, Reply({"message": "Bad credentials"}, 401)).kind == "reconnect"


def test_an_answer_that_never_ends_is_refused(stub, credentials):
    failing(stub, credentials, Reply(b"[" + b" " * (6 * 1024 * 1024) + b"]"))


def test_a_redirect_to_another_host_gets_no_token(stub, credentials):
    failing(stub, credentials, Reply(b"", 301, {"Location": "http://localhost:1/issues"}))
    assert len(stub.asked) == 1


# -- profile and revocation


def test_the_recorded_profile(stub, payload, credentials):
    stub.answer = lambda asked: Reply(payload("github/user"))
    profile = GitHub().profile(credentials)
    assert (profile.external_id, profile.username, profile.name) == ("7149690", "zer0tonin", "Alice GIRARD")


def test_revoking_gives_back_this_token_alone(stub, credentials):
    stub.answer = lambda asked: Reply(None, 204)
    GitHub().revoke(credentials)
    (asked,) = stub.asked
    assert (asked.method, asked.path) == ("DELETE", "/github/applications/sandbox-github/token")
    assert asked.json == {"access_token": "token-1"} and asked.headers["authorization"].startswith("Basic ")
    stub.answer = lambda asked: Reply({"message": "Not Found"}, 404)
    GitHub().revoke(credentials)
