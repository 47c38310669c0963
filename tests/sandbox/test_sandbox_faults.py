"""Faults: each does on the wire what it says, and only as often as it was asked for."""

from __future__ import annotations

import json
import time

import httpx2
import pytest


@pytest.fixture(autouse=True)
def fresh(control):
    control("github", "POST", "/reset")


@pytest.fixture
def mara(http, bearer):
    http.headers.update(bearer("github"))
    return http


@pytest.fixture
def fault(control):
    return lambda **spec: control("github", "POST", "/faults", **spec)


def test_a_fault_lasts_as_long_as_it_was_asked_for(mara, fault):
    fault(kind="status", status=500, times=2, path="/issues", skip=1)
    statuses = [mara.get("/github/issues").status_code for _ in range(4)]
    assert statuses == [200, 500, 500, 200]
    assert mara.get("/github/user").status_code == 200


def test_a_fault_without_end_is_taken_away(mara, fault, control):
    fault(kind="status", status=503, times=None)
    assert {mara.get("/github/user").status_code for _ in range(5)} == {503}
    assert control("github", "GET", "/faults")[0]["used"] == 5
    control("github", "DELETE", "/faults")
    assert mara.get("/github/user").status_code == 200


def test_a_fault_may_be_for_one_account_or_method(http, bearer, fault):
    fault(kind="status", account="jun", times=None)
    assert http.get("/github/user", headers=bearer("github", "jun")).status_code == 500
    assert http.get("/github/user", headers=bearer("github", "mara")).status_code == 200
    fault(kind="status", method="PATCH", times=None)
    assert http.get("/github/user", headers=bearer("github", "mara")).status_code == 200


def test_an_unknown_fault_is_explained(http):
    answer = http.post("/github/_control/faults", json={"kind": "earthquake"})
    assert answer.status_code == 400 and "secondary_limit" in answer.json()["error"]


def test_a_gateway_answers_in_html(mara, fault):
    fault(kind="html")
    answer = mara.get("/github/issues")
    assert answer.status_code == 502 and answer.headers["Content-Type"].startswith("text/html")
    assert "Bad Gateway" in answer.text


def test_both_limits_look_like_githubs(mara, fault):
    fault(kind="rate_limit", retry_after=90)
    answer = mara.get("/github/issues")
    assert answer.status_code == 403 and answer.headers["X-RateLimit-Remaining"] == "0"
    assert 80 < int(answer.headers["X-RateLimit-Reset"]) - time.time() <= 91
    fault(kind="secondary_limit", retry_after=7)
    answer = mara.get("/github/issues")
    assert answer.status_code == 403 and answer.headers["Retry-After"] == "7"
    assert "secondary rate limit" in answer.json()["message"]
    fault(kind="secondary_limit", status=429)
    assert mara.get("/github/issues").status_code == 429


def test_the_body_breaks_off(mara, fault):
    fault(kind="short")
    with pytest.raises(httpx2.RemoteProtocolError):
        mara.get("/github/issues")
    fault(kind="reset")
    with pytest.raises(httpx2.ReadError):
        mara.get("/github/issues")
    assert mara.get("/github/issues").status_code == 200


def test_broken_and_empty_bodies(mara, fault):
    for kind in ("truncated", "garbage"):
        fault(kind=kind)
        answer = mara.get("/github/issues")
        assert answer.status_code == 200
        with pytest.raises(json.JSONDecodeError):
            answer.json()
    fault(kind="empty")
    answer = mara.get("/github/issues")
    assert answer.status_code == 200 and answer.content == b""


def test_unauthorized_delay_and_timeout(mara, fault):
    fault(kind="unauthorized")
    assert mara.get("/github/issues").status_code == 401
    fault(kind="delay", seconds=0.3)
    began = time.perf_counter()
    assert mara.get("/github/user").status_code == 200
    assert time.perf_counter() - began >= 0.3
    fault(kind="timeout", seconds=3)
    with pytest.raises(httpx2.ReadTimeout):
        mara.get("/github/user", timeout=0.2)


def paged(http, **params):
    return [
        [issue["id"] for issue in http.get("/github/issues", params={"per_page": 10, "page": page, **params}).json()]
        for page in range(1, 5)
    ]


def test_an_item_comes_twice_across_pages(mara, fault):
    fault(kind="duplicates")
    pages = paged(mara)
    assert pages[1][0] == pages[0][-1] and len(pages[1]) == 11
    assert len({id for page in pages for id in page}) == 40


def test_an_update_while_paging_shifts_the_pages(mara, fault):
    calm = [id for page in paged(mara, sort="updated") for id in page]
    fault(kind="update_while_paging")
    pages = paged(mara, sort="updated")
    seen = [id for page in pages for id in page]
    assert pages[1][0] == pages[0][-1], "the page behind the change repeats an item"
    assert set(calm) - set(seen), "and what was changed is missed in this run"
    assert paged(mara, sort="updated")[0][0] in set(calm) - set(seen), "but stands first in the next"


def test_a_closing_while_paging_hides_an_item(mara, fault):
    calm = [id for page in paged(mara) for id in page]
    fault(kind="close_while_paging")
    seen = [id for page in paged(mara) for id in page]
    assert calm[10] not in seen


def test_requests_are_counted(mara, fault, control):
    control("github", "DELETE", "/requests")
    mara.get("/github/issues", params={"state": "all"})
    fault(kind="status", status=502)
    mara.get("/github/user")
    journal = control("github", "GET", "/requests")
    assert journal["count"] == 2
    assert [(each["method"], each["path"], each["status"]) for each in journal["requests"]] == [
        ("GET", "/issues", 200),
        ("GET", "/user", 502),
    ]
    assert journal["requests"][0]["query"] == "state=all" and journal["requests"][0]["account"] == "mara"
    assert journal["requests"][1]["fault"] == "status"


def test_a_fault_in_the_token_endpoint(http, fault):
    fault(kind="status", status=500, path="/login/oauth/access_token")
    assert http.post("/github/login/oauth/access_token", data={}).status_code == 500
    assert http.post("/github/login/oauth/access_token", data={}).status_code == 200


EVERYWHERE = {
    "github": ("GET", "/github/issues"),
    "jira": ("GET", "/jira/ex/jira/3c0f5a52-8d1e-4a7b-9f60-b1d2c3e4f5a6/rest/api/3/myself"),
    "google": ("GET", "/google/calendar/v3/users/me/calendarList"),
    "slack": ("POST", "/slack/api/auth.test"),
    "notion": ("GET", "/notion/v1/users/me"),
    "linear": ("POST", "/linear/graphql"),
}
LIMITED = {"github": 403, "jira": 429, "google": 403, "slack": 429, "notion": 429, "linear": 400}


@pytest.mark.parametrize("provider", EVERYWHERE)
def test_every_provider_has_every_fault_of_the_wire(http, bearer, control, provider):
    method, path = EVERYWHERE[provider]
    headers = bearer(provider) | {"Notion-Version": "2025-09-03"}

    def ask(**spec):
        if spec:
            control(provider, "POST", "/faults", **spec)
        body = {"query": "{ viewer { id } }"} if provider == "linear" else None
        return http.request(method, path, headers=headers, json=body)

    assert ask().status_code == 200
    assert ask(kind="status", status=500).status_code == 500
    assert ask(kind="status", status=503, retry_after=9).headers["Retry-After"] == "9"
    assert ask(kind="html").headers["Content-Type"].startswith("text/html")
    assert ask(kind="rate_limit", retry_after=3).status_code == LIMITED[provider]
    assert ask(kind="unauthorized").status_code == (200 if provider == "slack" else 401)
    assert ask(kind="empty").content == b""
    for kind in ("truncated", "garbage"):
        with pytest.raises(json.JSONDecodeError):
            ask(kind=kind).json()
    for kind in ("reset", "short"):
        with pytest.raises(httpx2.TransportError):
            ask(kind=kind)
    assert ask().status_code == 200
    used = [each["fault"] for each in control(provider, "GET", "/requests")["requests"]][-11:]
    kinds = "status status html rate_limit unauthorized empty truncated garbage reset short"
    assert used == [*kinds.split(), None]


@pytest.mark.parametrize("provider", EVERYWHERE)
def test_a_made_account_can_be_filled_anywhere(http, bearer, control, provider):
    control(provider, "POST", "/accounts", key=f"bench-{provider}", count=3)
    assert control(provider, "POST", "/items", account=f"bench-{provider}-2", count=7) == {"count": 7}
    method, path = EVERYWHERE[provider]
    headers = bearer(provider, f"bench-{provider}-2") | {"Notion-Version": "2025-09-03"}
    body = {"query": "{ viewer { id } }"} if provider == "linear" else None
    assert http.request(method, path, headers=headers, json=body).status_code == 200
    assert http.post(f"/{provider}/_control/items", json={"account": "nobody", "title": "x"}).status_code == 404
    assert http.post(f"/{provider}/_control/reset", json={}).json() == {"reset": provider}
