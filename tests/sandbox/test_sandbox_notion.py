"""The sandbox's Notion, as the official client and plain HTTP see it."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from pathlib import Path

import notion_client
import pytest
from notion_client.helpers import collect_paginated_api

SHARED = Path(__file__).resolve().parents[3] / "shared" / "payloads" / "notion"
VERSION = {"Notion-Version": "2025-09-03"}


@pytest.fixture(autouse=True)
def fresh(control):
    control("notion", "POST", "/reset")


@pytest.fixture
def token(bearer):
    return bearer("notion")["Authorization"].removeprefix("Bearer ")


@pytest.fixture
def client(base, token):
    options = {"retry": False, "timeout_ms": 5000, "log_level": logging.CRITICAL}
    return notion_client.Client(auth=token, base_url=f"{base}/notion", **options)


def sources(client):
    found = collect_paginated_api(client.search, filter={"property": "object", "value": "data_source"}, page_size=2)
    return {each["title"][0]["plain_text"]: each for each in found}


def me(client):
    return client.users.me()["bot"]["owner"]["user"]["id"]


def mine(client, source, **more):
    people = next(name for name, each in source["properties"].items() if each["type"] == "people")
    condition = {"property": people, "people": {"contains": me(client)}}
    return collect_paginated_api(client.data_sources.query, data_source_id=source["id"], filter=condition, **more)


def text(page):
    return "".join(piece["plain_text"] for piece in page["properties"]["Name"]["title"])


def test_the_official_client_finds_assigned_pages(client):
    found = sources(client)
    assert set(found) == {"Tasks", "Content calendar", "Hiring", "Hiring archive", "Meeting notes"}
    tasks = mine(client, found["Tasks"], page_size=5)
    assert len(tasks) == 13 and len({page["id"] for page in tasks}) == 13
    assert any(text(page) == "" for page in tasks), "one has no title"
    assert any(len(page["properties"]["Name"]["title"]) == 3 for page in tasks), "one has a title in pieces"
    assert {page["properties"]["Status"]["status"]["name"] for page in tasks} >= {"Not started", "In progress", "Done"}
    assert all(page["last_edited_time"].endswith(":00.000Z") for page in tasks)
    assert [page["properties"]["Published"]["checkbox"] for page in mine(client, found["Content calendar"])].count(
        True
    ) == 1


@pytest.mark.skipif(not SHARED.is_dir(), reason="no recorded payloads here")
def test_answers_have_the_fields_of_recorded_ones(client):
    def recorded(name):
        return json.loads((SHARED / name).read_text())

    found = sources(client)
    assert set(recorded("data_source.json")) == set(client.data_sources.retrieve(data_source_id=found["Tasks"]["id"]))
    page = mine(client, found["Tasks"])[0]
    assert set(recorded("page.json")) == set(client.pages.retrieve(page_id=page["id"]))
    assert set(recorded("users_me.json")) == set(client.users.me())
    assert set(recorded("users_me.json")["bot"]) == set(client.users.me()["bot"])
    assert set(recorded("data_source_query.json")) == set(
        client.data_sources.query(data_source_id=found["Tasks"]["id"])
    )


def test_filters_by_edit_time_and_state(client, control):
    source = sources(client)["Tasks"]
    item = control("notion", "POST", "/items", title=["Fresh ", "and bold"], account="mara", priority="High")
    since = item["edited"][:16] + ":00Z"
    condition = {"timestamp": "last_edited_time", "last_edited_time": {"on_or_after": since}}
    newest = client.data_sources.query(data_source_id=source["id"], filter=condition)["results"]
    assert item["id"] in [page["id"] for page in newest]
    both = {"and": [condition, {"property": "Status", "status": {"does_not_equal": "Done"}}]}
    assert item["id"] in [
        page["id"] for page in client.data_sources.query(data_source_id=source["id"], filter=both)["results"]
    ]
    control("notion", "POST", f"/items/{item['id']}/close")
    assert item["id"] not in [
        page["id"] for page in client.data_sources.query(data_source_id=source["id"], filter=both)["results"]
    ]
    control("notion", "POST", f"/items/{item['id']}/reopen")
    control("notion", "PATCH", f"/items/{item['id']}", assignee="jun")
    assert item["id"] not in [page["id"] for page in mine(client, source)]
    control("notion", "PATCH", f"/items/{item['id']}", in_trash=True)
    assert client.pages.retrieve(page_id=item["id"])["in_trash"] is True
    control("notion", "DELETE", f"/items/{item['id']}")
    with pytest.raises(notion_client.APIResponseError) as caught:
        client.pages.retrieve(page_id=item["id"])
    assert caught.value.code == "object_not_found"


def test_what_notion_refuses_is_refused(client, http, token):
    source = sources(client)["Tasks"]["id"]
    for wrong in (
        {"filter": {"property": "Colour", "status": {"equals": "Done"}}},
        {"filter": {"property": "Status", "select": {"equals": "Done"}}},
        {"start_cursor": "5f2b9a4e-7c1d-4b6e-9a57-b1d2c3e4f5a6"},
        {"page_size": 101},
        {"sorts": [{"property": "Colour", "direction": "ascending"}]},
    ):
        with pytest.raises(notion_client.APIResponseError) as caught:
            client.data_sources.query(data_source_id=source, **wrong)
        assert caught.value.code == "validation_error"
    bearer = {"Authorization": f"Bearer {token}"}
    assert http.post("/notion/v1/search", headers=bearer, json={}).json()["code"] == "missing_version"
    assert http.post("/notion/v1/v1/search", headers=bearer | VERSION).json()["code"] == "invalid_request_url"
    assert http.get("/notion/v1/users/me", headers=VERSION).json()["code"] == "unauthorized"


def test_the_old_version_knows_databases(base, token):
    old = notion_client.Client(auth=token, base_url=f"{base}/notion", notion_version="2022-06-28")
    found = old.search(filter={"property": "object", "value": "database"})["results"]
    assert {each["object"] for each in found} == {"database"} and len(found) == 4
    answer = old.request(path=f"databases/{found[0]['id']}/query", method="POST", body={})
    assert answer["type"] == "page_or_database"
    assert answer["results"][0]["parent"]["type"] == "database_id"


def test_faults_while_paging(client, control):
    control("notion", "POST", "/items", count=30)
    source = sources(client)["Tasks"]
    control("notion", "POST", "/faults", kind="duplicates", path="*/query")
    assert len(mine(client, source, page_size=10)) == 31
    control("notion", "POST", "/faults", kind="empty_page", path="*/query")
    assert len(mine(client, source, page_size=10)) == 30
    control("notion", "POST", "/faults", kind="stale_cursor", path="*/query")
    with pytest.raises(notion_client.APIResponseError) as caught:
        mine(client, source, page_size=10)
    assert caught.value.code == "validation_error" and caught.value.status == 400
    control("notion", "POST", "/faults", kind="rate_limit", retry_after=4, path="*/query")
    with pytest.raises(notion_client.APIResponseError) as caught:
        mine(client, source)
    assert caught.value.code == "rate_limited" and caught.value.headers["Retry-After"] == "4"


def test_the_app_authenticates_itself_by_basic(visitor, http, base):
    reply, _ = visitor.connect(
        "notion", "/oauth/authorize", "/oauth/token", None, parameters={"owner": "user"},
        token_endpoint_auth_method="client_secret_basic",
    )  # fmt: skip
    assert reply["access_token"].startswith("ntn_") and reply["refresh_token"] is None
    assert reply["owner"]["user"]["person"]["email"] == "mara.lindqvist@example.com"
    posted = http.post(
        "/notion/v1/oauth/token", json={"client_id": "sandbox-notion", "client_secret": "sandbox-notion-secret"}
    )
    assert posted.status_code == 401 and posted.json()["error"] == "invalid_client"
    client = notion_client.Client(base_url=f"{base}/notion")
    app = {"client_id": "sandbox-notion", "client_secret": "sandbox-notion-secret"}
    client.oauth.revoke(**app, token=reply["access_token"])
    headers = {"Authorization": f"Bearer {reply['access_token']}"} | VERSION
    assert http.get("/notion/v1/users/me", headers=headers).status_code == 401


def test_the_clients_own_exchange_works(visitor, base):
    session = visitor.session("notion", None, code_challenge_method=None)
    url, _ = session.create_authorization_url(f"{base}/notion/v1/oauth/authorize", owner="user")
    code = visitor.consent(url).partition("code=")[2].partition("&")[0]
    reply = notion_client.Client(base_url=f"{base}/notion").oauth.token(
        client_id="sandbox-notion",
        client_secret="sandbox-notion-secret",
        grant_type="authorization_code",
        code=code,
        redirect_uri="http://127.0.0.1:8000/oauth/notion/callback",
    )
    assert reply["workspace_name"] == "Harborline" and reply["bot_id"]


def test_webhooks_shake_hands_and_are_signed(control, receiver):
    control("notion", "POST", "/webhook", url=receiver.url, event="verification")
    item = control("notion", "POST", "/items", title="Pushed", account="mara")
    control("notion", "POST", "/webhook", url=receiver.url, item=item["id"])
    (_, hello, greeting), (_, headers, body) = receiver.kept
    assert (
        json.loads(greeting) == {"verification_token": "sandbox-notion-webhook"} and "X-Notion-Signature" not in hello
    )
    made = hmac.new(b"sandbox-notion-webhook", body, hashlib.sha256).hexdigest()
    assert headers["X-Notion-Signature"] == f"sha256={made}"
    event = json.loads(body)
    assert event["type"] == "page.properties_updated" and event["entity"] == {"id": item["id"], "type": "page"}
