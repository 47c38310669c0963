"""The sandbox's Jira Cloud, as the official client and plain HTTP see it."""

from __future__ import annotations

import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import jira as official
import pytest

from sandbox.app import serve

SHARED = Path(__file__).resolve().parents[3] / "shared" / "payloads" / "jira"
SITE = "3c0f5a52-8d1e-4a7b-9f60-b1d2c3e4f5a6"
API = f"/jira/ex/jira/{SITE}/rest/api/3"
SCOPE = "read:jira-work read:jira-user offline_access"


@pytest.fixture(autouse=True)
def fresh(control):
    control("jira", "POST", "/reset")


@pytest.fixture
def mara(http, bearer):
    http.headers.update(bearer("jira"))
    return http


@pytest.fixture
def client(base, bearer):
    token = bearer("jira")["Authorization"].removeprefix("Bearer ")
    options = {"rest_api_version": "3"}
    return official.JIRA(f"{base}/jira/ex/jira/{SITE}", token_auth=token, options=options, max_retries=0, timeout=5)


def search(http, jql, **params):
    answer = http.get(f"{API}/search/jql", params={"jql": jql, "fields": "summary,status", **params})
    assert answer.status_code == 200, answer.text
    return [issue["key"] for issue in answer.json()["issues"]]


def connect(visitor, **more):
    return visitor.connect("jira", "/oauth/authorize", "/oauth/token", SCOPE, **more)


def test_the_official_client_reads_it(client):
    assert client.myself()["timeZone"] == "Europe/Stockholm"
    issues = client.search_issues(
        "assignee = currentUser() AND statusCategory != Done ORDER BY updated DESC",
        maxResults=0,
        fields="summary,priority,status,updated,description",
    )
    assert 20 < len(issues) < 60
    assert {issue.fields.priority.name for issue in issues} >= {"Highest", "High", "Medium", "Low"}
    stamps = [issue.fields.updated for issue in issues]
    assert stamps == sorted(stamps, reverse=True) and stamps[0][-5] in "+-"
    assert client.issue(issues[0].key).fields.summary == issues[0].fields.summary


@pytest.mark.skipif(not SHARED.is_dir(), reason="no recorded payloads here")
def test_issues_have_the_fields_of_recorded_ones(mara):
    theirs = json.loads((SHARED / "search_jql.json").read_text())["issues"][0]
    names = ",".join(theirs["fields"])
    answer = mara.get(f"{API}/search/jql", params={"jql": "assignee = currentUser()", "fields": names}).json()
    ours = next(each for each in answer["issues"] if each["fields"]["assignee"])
    assert set(ours) == set(theirs) and set(ours["fields"]) == set(theirs["fields"])
    for name in ("issuetype", "creator", "project", "priority", "status"):
        assert set(theirs["fields"][name]) - {"entityId"} <= set(ours["fields"][name])
    theirs = json.loads((SHARED / "myself.json").read_text())
    assert set(theirs) == set(mara.get(f"{API}/myself").json())


def test_pages_follow_a_token_until_the_last(mara, control):
    control("jira", "POST", "/items", count=250)
    asked = {"jql": "assignee = currentUser() ORDER BY updated", "fields": "summary", "maxResults": 100}
    seen, token = [], None
    for size, last in ((100, False), (100, False), (50, True)):
        page = mara.get(f"{API}/search/jql", params=asked | ({"nextPageToken": token} if token else {})).json()
        assert (len(page["issues"]), page["isLast"]) == (size, last) and "total" not in page
        seen += [issue["key"] for issue in page["issues"]]
        token = page.get("nextPageToken")
    assert token is None and len(set(seen)) == 250
    wrong = mara.get(f"{API}/search/jql", params={"jql": "project = OPS", "nextPageToken": "abc"})
    assert wrong.status_code == 400


def test_the_old_search_is_gone(mara):
    assert mara.get(f"{API}/search", params={"jql": "project = OPS"}).status_code == 410
    assert mara.post(f"{API}/search", json={"jql": "project = OPS"}).status_code == 410


@pytest.mark.parametrize(
    ("jql", "words"),
    [
        ("ORDER BY updated DESC", "Unbounded"),
        ('updated >= "2026-11-20T10:00:00Z"', "yyyy-MM-dd HH:mm"),
        ("colour = blue", "does not exist"),
        ("assignee = currentUser( AND", "Expecting"),
        ("assignee = currentUser() AND", "Expecting"),
    ],
)
def test_what_jira_refuses_is_refused(mara, jql, words):
    answer = mara.get(f"{API}/search/jql", params={"jql": jql})
    assert answer.status_code == 400 and words in answer.json()["errorMessages"][0]


def test_dates_are_read_in_the_users_zone_and_have_minutes(http, bearer, control):
    item = control("jira", "POST", "/items", title="Now", account="jun")
    updated = datetime.fromisoformat(item["updated"])
    tokyo = updated.astimezone(ZoneInfo("Asia/Tokyo"))
    http.headers.update(bearer("jira", "jun"))
    assert item["key"] in search(http, f'updated >= "{tokyo:%Y-%m-%d %H:%M}"')
    assert item["key"] not in search(http, f'updated >= "{tokyo + timedelta(minutes=1):%Y-%m-%d %H:%M}"')
    # The same moment written in UTC is nine hours earlier on Tokyo's clock.
    assert item["key"] in search(
        http, f'updated <= "{tokyo + timedelta(minutes=1):%Y-%m-%d %H:%M}" AND key = {item["key"]}'
    )
    utc = updated.astimezone(UTC)
    assert item["key"] not in search(http, f'updated <= "{utc:%Y-%m-%d %H:%M}"')
    assert item["key"] in search(http, "updated >= -5m AND project in (FERRY, OPS)")


def test_mentions_are_found_in_comments(mara, control):
    before = search(mara, "comment ~ currentUser()", maxResults=100)
    assert len(before) >= 5
    item = control("jira", "POST", "/items", title="Ask", account="jun", mention="mara", comment="was meinst du?")
    found = mara.get(
        f"{API}/search/jql", params={"jql": f"comment ~ currentUser() AND key = {item['key']}", "fields": "comment"}
    )
    body = found.json()["issues"][0]["fields"]["comment"]["comments"][0]["body"]
    mention, _, text = body["content"][0]["content"]
    assert mention["type"] == "mention" and "Mara" in mention["attrs"]["text"] and text["text"] == "was meinst du?"


def test_closing_reopening_reassigning_deleting(mara, control):
    item = control("jira", "POST", "/items", title="Round trip", account="mara", priority="High")
    path, mine = f"/items/{item['key']}", "assignee = currentUser() AND statusCategory != Done"
    assert item["key"] in search(mara, mine, maxResults=100)
    control("jira", "POST", f"{path}/close")
    assert item["key"] not in search(mara, mine, maxResults=100)
    control("jira", "POST", f"{path}/reopen")
    control("jira", "PATCH", path, assignee="jun")
    assert item["key"] not in search(mara, mine, maxResults=100)
    assert item["key"] in search(mara, "assignee was currentUser() AND updated >= -1m", maxResults=100)
    control("jira", "DELETE", path)
    assert mara.get(f"{API}/issue/{item['key']}").status_code == 404


def test_search_lags_behind_where_it_is_told_to(mara, control):
    item = control("jira", "POST", "/items", title="Old title", account="mara")
    control("jira", "POST", "/lag", seconds=60)
    control("jira", "PATCH", f"/items/{item['key']}", title="New title")
    params = {"jql": f"key = {item['key']}", "fields": "summary"}
    control("jira", "POST", "/lag", seconds=0)
    assert mara.get(f"{API}/search/jql", params=params).json()["issues"][0]["fields"]["summary"] == "New title"
    control("jira", "POST", "/lag", seconds=60)
    control("jira", "POST", f"/items/{item['key']}/close")
    assert search(mara, f"key = {item['key']} AND statusCategory != Done") == [item["key"]]
    assert mara.get(f"{API}/issue/{item['key']}").json()["fields"]["status"]["name"] == "Done"


def test_version_two_has_text_and_version_three_a_document(mara, control):
    item = control("jira", "POST", "/items", title="Text", description="one\n\ntwo")
    three = mara.get(f"{API}/issue/{item['key']}").json()["fields"]["description"]
    two = mara.get(f"{API.removesuffix('3')}2/issue/{item['key']}").json()["fields"]["description"]
    assert two == "one\n\ntwo" and [part["type"] for part in three["content"]] == ["paragraph", "paragraph"]


def test_consent_leads_to_the_site_and_its_cloud_id(visitor, http):
    reply, _ = connect(visitor, parameters={"audience": "api.atlassian.com", "prompt": "consent"})
    assert reply["expires_in"] == 3600 and len(reply["access_token"]) > 1000 and reply["refresh_token"]
    site = http.get(
        "/jira/oauth/token/accessible-resources", headers={"Authorization": f"Bearer {reply['access_token']}"}
    ).json()
    assert [each["id"] for each in site] == [SITE] and "read:jira-work" in site[0]["scopes"]
    short, _ = visitor.connect("jira", "/oauth/authorize", "/oauth/token", "read:jira-work")
    assert "refresh_token" not in short


def test_a_refresh_token_is_good_once(visitor, base, http):
    first, session = connect(visitor)
    second = session.refresh_token(f"{base}/jira/oauth/token", refresh_token=first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    body = {
        "grant_type": "refresh_token",
        "client_id": "sandbox-jira",
        "client_secret": "sandbox-jira-secret",
        "refresh_token": first["refresh_token"],
    }
    again = http.post("/jira/oauth/token", json=body)
    assert again.status_code == 403 and again.json()["error"] == "invalid_grant"
    latest = http.post("/jira/oauth/token", json=body | {"refresh_token": second["refresh_token"]})
    assert latest.status_code == 403, "reuse took back the whole family"
    headers = {"Authorization": f"Bearer {second['access_token']}"}
    assert http.get(f"{API}/myself", headers=headers).status_code == 401


def test_rotation_goes_on_over_a_restart(visitor, base, http):
    first, session = connect(visitor)
    second = session.refresh_token(f"{base}/jira/oauth/token", refresh_token=first["refresh_token"])
    with serve() as other:
        old, new = ({"Authorization": f"Bearer {reply['access_token']}"} for reply in (first, second))
        assert http.get(f"{other}{API}/myself", headers=old).status_code == 200
        assert http.get(f"{other}{API}/myself", headers=new).status_code == 200
        third = session.refresh_token(f"{other}/jira/oauth/token", refresh_token=second["refresh_token"])
        assert third["refresh_token"] not in (first["refresh_token"], second["refresh_token"])
        http.post(f"{other}/jira/_control/tokens/revoke", json={"account": "mara"})
        body = {"grant_type": "refresh_token", "refresh_token": third["refresh_token"]}
        app = {"client_id": "sandbox-jira", "client_secret": "sandbox-jira-secret"}
        assert http.post(f"{other}/jira/oauth/token", data=body | app).status_code == 403
    with serve() as other:
        http.post(f"{other}/jira/_control/tokens/expire", json={})
        assert http.get(f"{other}{API}/myself", headers=new).status_code == 401, "though this one never saw it before"


def test_parallel_refreshes_have_one_winner(visitor, http, control):
    first, _ = connect(visitor)
    body = {
        "grant_type": "refresh_token",
        "client_id": "sandbox-jira",
        "client_secret": "sandbox-jira-secret",
        "refresh_token": first["refresh_token"],
    }
    control("jira", "DELETE", "/requests")
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: http.post("/jira/oauth/token", json=body).status_code, range(8)))
    assert sorted(statuses) == [200] + [403] * 7
    assert control("jira", "GET", "/requests")["counts"] == {"POST /oauth/token 200": 1, "POST /oauth/token 403": 7}


def test_expired_tokens_are_refreshed_and_revoked_ones_are_not(visitor, base, http, control):
    first, session = connect(visitor)
    headers = {"Authorization": f"Bearer {first['access_token']}"}
    control("jira", "POST", "/tokens/expire", account="mara")
    assert http.get(f"{API}/myself", headers=headers).status_code == 401
    second = session.refresh_token(f"{base}/jira/oauth/token", refresh_token=first["refresh_token"])
    headers = {"Authorization": f"Bearer {second['access_token']}"}
    assert http.get(f"{API}/myself", headers=headers).status_code == 200
    body = {"client_id": "sandbox-jira", "client_secret": "sandbox-jira-secret", "token": second["refresh_token"]}
    assert http.post("/jira/oauth/revoke", data=body).status_code == 200
    assert http.get(f"{API}/myself", headers=headers).status_code == 401


def test_the_client_maps_faults_as_it_does_with_the_real_one(client, control):
    control("jira", "POST", "/faults", kind="rate_limit", retry_after=3, path="*/search/jql")
    with pytest.raises(official.JIRAError) as caught:
        client.search_issues("assignee = currentUser()", fields="summary")
    assert caught.value.status_code == 429 and caught.value.response.headers["Retry-After"] == "3"
    control("jira", "POST", "/faults", kind="duplicates")
    control("jira", "POST", "/items", count=150)
    issues = client.search_issues("assignee = currentUser()", maxResults=0, fields="summary")
    assert len(issues) == 151 and len({issue.id for issue in issues}) == 150


def test_webhooks_are_signed(control, base):
    stand = base.app.extensions["sandbox"].stands["jira"]
    item = control("jira", "POST", "/items", title="Pushed", account="mara")
    sent = next(stand.deliveries({"item": item["key"], "event": "jira:issue_updated", "action": "issue_assigned"}))
    made = hmac.new(b"sandbox-jira-webhook", sent.body, hashlib.sha256).hexdigest()
    assert sent.headers["X-Hub-Signature"] == f"sha256={made}" and sent.path == "/webhooks/jira"
    payload = json.loads(sent.body)
    assert payload["webhookEvent"] == "jira:issue_updated" and payload["issue"]["key"] == item["key"]
    assert payload["issue"]["fields"]["assignee"]["accountId"].startswith("712020:")
