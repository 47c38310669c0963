"""The sandbox's GitHub, as real clients and plain HTTP see it."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from pathlib import Path

import github as pygithub
import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "payloads" / "github"


@pytest.fixture
def mara(http, bearer):
    http.headers.update(bearer("github"))
    return http


@pytest.fixture(autouse=True)
def fresh(control):
    control("github", "POST", "/reset")


def listed(http, path="/github/issues", **params):
    """All pages of a list, following Link."""
    found, answer = [], http.get(path, params={"per_page": 100, **params})
    while True:
        assert answer.status_code == 200, answer.text
        found += answer.json()
        if "next" not in answer.links:
            return found
        answer = http.get(answer.links["next"]["url"])


def test_a_full_day_of_work_is_waiting(mara):
    issues = listed(mara)
    assert 120 < len(issues) < 300
    assert sum("pull_request" in issue for issue in issues) > 20
    assert {issue["state"] for issue in issues} == {"open"}
    titles = "".join(issue["title"] for issue in issues)
    for letters in "внのزय결ü時🌊":
        assert letters in titles, letters
    assert min(len(issue["title"]) for issue in issues) == 1
    assert max(len(issue["title"]) for issue in issues) > 200


def test_the_same_items_come_after_a_restart(mara, control):
    before = [(issue["id"], issue["title"]) for issue in listed(mara)]
    control("github", "POST", "/reset")
    assert [(issue["id"], issue["title"]) for issue in listed(mara)] == before


def test_a_new_account_is_empty(http, bearer):
    headers = bearer("github", "olena")
    assert http.get("/github/issues", headers=headers).json() == []
    emails = http.get("/github/user/emails", headers=headers).json()
    assert [each["verified"] for each in emails if each["primary"]] == [False]


@pytest.mark.skipif(not SHARED.is_dir(), reason="no recorded payloads here")
def test_issues_have_the_fields_of_recorded_ones(mara):
    recorded = json.loads((SHARED / "issues_repo.json").read_text())
    ours = next(issue for issue in listed(mara) if "pull_request" not in issue)
    theirs = next(issue for issue in recorded if "pull_request" not in issue)
    assert set(theirs) <= set(ours)
    assert set(theirs["user"]) <= set(ours["user"])
    pull = next(issue for issue in listed(mara) if "pull_request" in issue)
    full = mara.get(pull["pull_request"]["url"]).json()
    assert set(json.loads((SHARED / "pull_full.json").read_text())) <= set(full)
    notification = mara.get("/github/notifications").json()[0]
    theirs = json.loads((SHARED / "notifications.json").read_text())[0]
    assert set(theirs) <= set(notification)
    assert set(theirs["repository"]) <= set(notification["repository"])


def test_pages_are_linked_under_the_same_prefix(base, mara):
    answer = mara.get("/github/issues", params={"per_page": 50, "state": "all"})
    assert len(answer.json()) == 50
    assert answer.links["next"]["url"].startswith(f"{base}/github/issues?")
    assert "state=all" in answer.links["next"]["url"] and "prev" not in answer.links
    last = mara.get(answer.links["last"]["url"])
    assert 0 < len(last.json()) <= 50 and "next" not in last.links and "prev" in last.links
    assert len(mara.get("/github/issues", params={"per_page": 1000}).json()) == 100


def test_an_unchanged_list_costs_nothing(mara):
    first = mara.get("/github/issues")
    again = mara.get("/github/issues", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and again.content == b""
    assert again.headers["X-RateLimit-Remaining"] == first.headers["X-RateLimit-Remaining"]
    third = mara.get("/github/issues")
    assert int(third.headers["X-RateLimit-Remaining"]) == int(first.headers["X-RateLimit-Remaining"]) - 1


def test_a_change_shows_in_the_etag_and_in_since(mara, control):
    first = mara.get("/github/issues", params={"sort": "updated"})
    newest = first.json()[0]
    item = control("github", "POST", "/items", title="Brandneu ✨", account="mara")
    answer = mara.get("/github/issues", params={"sort": "updated"}, headers={"If-None-Match": first.headers["ETag"]})
    assert answer.status_code == 200 and answer.json()[0]["id"] == item["id"]
    since = [issue["id"] for issue in listed(mara, since=item["updated_at"])]
    assert since == [item["id"]] and newest["id"] not in since


def test_closing_reopening_unassigning_and_deleting(mara, control):
    item = control("github", "POST", "/items", title="Round trip", account="mara")
    path = f"/items/{item['id']}"

    def state():
        return {issue["id"]: issue["state"] for issue in listed(mara, state="all")}.get(item["id"])

    assert state() == "open"
    control("github", "POST", f"{path}/close")
    assert state() == "closed" and item["id"] not in [issue["id"] for issue in listed(mara)]
    control("github", "POST", f"{path}/reopen")
    assert state() == "open"
    control("github", "PATCH", path, assignee=None)
    assert state() is None
    control("github", "PATCH", path, assignee="mara", title="Renamed")
    assert "Renamed" in [issue["title"] for issue in listed(mara)]
    control("github", "DELETE", path)
    assert state() is None


def test_search_finds_review_requests(mara, control):
    query = {"q": "is:open is:pr review-requested:@me archived:false", "per_page": 100}
    before = mara.get("/github/search/issues", params=query)
    assert before.json()["total_count"] == len(before.json()["items"]) > 10
    assert before.headers["X-RateLimit-Limit"] == "30"
    item = control("github", "POST", "/items", title="Please look", kind="review")
    after = mara.get("/github/search/issues", params=query).json()
    assert after["total_count"] == before.json()["total_count"] + 1
    control("github", "POST", f"/items/{item['id']}/close")
    ids = [found["id"] for found in mara.get("/github/search/issues", params=query).json()["items"]]
    assert item["id"] not in ids
    assert mara.get("/github/search/issues", params={"q": "is:open colour:blue"}).status_code == 422


def test_notifications_can_be_polled_by_date(mara, control):
    first = mara.get("/github/notifications", params={"all": "true"})
    assert {"mention", "review_requested", "assign"} <= {each["reason"] for each in first.json()}
    assert first.headers["X-Poll-Interval"] == "60"
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert mara.get("/github/notifications", params={"all": "true"}, headers=since).status_code == 304
    item = control("github", "POST", "/items", title="@mara-lindqvist?", kind="mention")
    answer = mara.get("/github/notifications", params={"all": "true"}, headers=since)
    assert answer.status_code == 200 and answer.json()[0]["subject"]["title"] == item["title"]
    thread = answer.json()[0]["id"]
    assert mara.patch(f"/github/notifications/threads/{thread}").status_code == 205
    assert thread not in [each["id"] for each in mara.get("/github/notifications").json()]


def test_private_repositories_need_the_scope(http, bearer):
    few = http.get("/github/issues?per_page=100", headers=bearer("github", scopes=["user:email"]))
    assert few.headers["X-OAuth-Scopes"] == "user:email"
    assert few.json() and not any(issue["repository"]["private"] for issue in few.json())
    assert http.get("/github/notifications", headers=bearer("github", scopes=["user:email"])).status_code == 403


def test_the_quota_ends_and_begins_anew(mara, control):
    control("github", "POST", "/rate", remaining=1, reset_seconds=1)
    assert mara.get("/github/user").status_code == 200
    answer = mara.get("/github/user")
    assert answer.status_code == 403 and answer.headers["X-RateLimit-Remaining"] == "0"
    assert "rate limit exceeded" in answer.json()["message"]
    threading.Event().wait(1.1)
    assert mara.get("/github/user").status_code == 200


def test_tokens_are_taken_back(http, bearer, control):
    headers, secret = bearer("github"), ("sandbox-github", "sandbox-github-secret")
    token = headers["Authorization"].removeprefix("Bearer ")
    path = "/github/applications/sandbox-github/grant"
    assert http.request("DELETE", path, json={"access_token": token}).status_code == 401
    assert http.request("DELETE", path, json={"access_token": token}, auth=secret).status_code == 204
    assert http.get("/github/user", headers=headers).status_code == 401
    headers = bearer("github")
    control("github", "POST", "/tokens/revoke", account="mara")
    assert http.get("/github/user", headers=headers).json()["message"] == "Bad credentials"


@pytest.mark.parametrize("page_kb", [150, 445])
def test_five_thousand_items_in_fifty_pages(mara, control, page_kb):
    assert control("github", "POST", "/items", count=5000, page_kb=page_kb) == {"count": 5000}
    answer = mara.get("/github/issues", params={"per_page": 100})
    assert abs(len(answer.content) / 1000 - page_kb) < page_kb * 0.1
    assert "page=50" in answer.links["last"]["url"]
    assert len({issue["id"] for issue in listed(mara)}) == 5000


def test_pygithub_reads_it(base, bearer):
    token = bearer("github")["Authorization"].removeprefix("Bearer ")
    client = pygithub.Github(
        base_url=f"{base}/github", auth=pygithub.Auth.Token(token), per_page=100, seconds_between_requests=0, retry=None
    )
    me = client.get_user()
    assert me.login == "mara-lindqvist" and me.name == "Mara Lindqvist"
    issues = list(me.get_issues(state="all", sort="updated"))
    assert len(issues) > 150
    pull = next(issue for issue in issues if issue.pull_request)
    assert pull.as_pull_request().base.ref == "main"
    assert issues[0].repository.full_name.count("/") == 1
    assert client.search_issues("is:open is:pr review-requested:@me").totalCount > 10
    assert {each.reason for each in me.get_notifications()} >= {"mention", "review_requested"}
    assert client.get_rate_limit().resources.search.limit == 30
    status, _, body = client.requester.requestJson("GET", "/issues", parameters={"per_page": 100})
    assert status == 200 and len(json.loads(body)) == 100
    with pytest.raises(pygithub.BadCredentialsException):
        pygithub.Github(base_url=f"{base}/github", auth=pygithub.Auth.Token("gho_no"), retry=None).get_user().login  # noqa: B018


def test_webhooks_are_signed(control, receiver):
    item = control("github", "POST", "/items", title="Pushed", account="mara")
    sent = control(
        "github", "POST", "/webhook", url=f"{receiver.url}/webhooks/github", item=item["id"], action="assigned", times=2
    )
    assert [each["status"] for each in sent] == [200, 200]
    (path, headers, body), (_, again, _) = receiver.kept
    assert path == "/webhooks/github" and headers["X-GitHub-Event"] == "issues"
    assert headers["X-GitHub-Delivery"] == again["X-GitHub-Delivery"]
    made = hmac.new(b"sandbox-github-webhook", body, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={made}"
    payload = json.loads(body)
    assert payload["action"] == "assigned" and payload["issue"]["title"] == "Pushed"
    assert payload["assignee"]["login"] == "mara-lindqvist"


def test_changes_are_pushed_where_somebody_listens(http, receiver):
    from sandbox.app import serve

    with serve(webhook_base=receiver.url) as base:
        item = http.post(f"{base}/github/_control/items", json={"title": "Now", "account": "mara"}).json()
        http.post(f"{base}/github/_control/items/{item['id']}/close")
        for _ in range(100):
            if len(receiver.kept) == 2:
                break
            threading.Event().wait(0.02)
    assert [json.loads(body)["action"] for _, _, body in receiver.kept] == ["opened", "closed"]
    assert {path for path, _, _ in receiver.kept} == {"/webhooks/github"}
