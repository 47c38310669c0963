"""The sandbox's Slack, as the official client and plain HTTP see it."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier

SHARED = Path(__file__).resolve().parents[3] / "shared" / "payloads" / "slack"
SCOPE = "search:read,reminders:read,stars:read,im:read,im:history,channels:read,channels:history,users:read"


@pytest.fixture(autouse=True)
def fresh(control):
    control("slack", "POST", "/reset")


@pytest.fixture
def token(bearer):
    return bearer("slack")["Authorization"].removeprefix("Bearer ")


@pytest.fixture
def client(base, token):
    return WebClient(token=token, base_url=f"{base}/slack/api/", timeout=5)


def error_of(call, **arguments):
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    return caught.value.response["error"]


def mentions(client, **more):
    return client.search_messages(query=f"<@{client.auth_test()['user_id']}>", count=100, **more)["messages"]


def test_the_official_client_finds_mentions(client):
    found = mentions(client)
    assert found["total"] == len(found["matches"]) == 11
    texts = [match["text"] for match in found["matches"]]
    assert any("&amp;&amp;" in text for text in texts) and any("<https://" in text for text in texts)
    stamps = [match["ts"] for match in found["matches"]]
    assert stamps == sorted(stamps, reverse=True) and "." in stamps[0]
    days = client.search_messages(query="to:me is:dm after:2020-01-01")["messages"]
    assert {match["type"] for match in days["matches"]} == {"im"}


def test_search_pages_by_number(client, control):
    control("slack", "POST", "/items", count=130)
    first, second = mentions(client), mentions(client, page=2)
    assert (len(first["matches"]), len(second["matches"])) == (100, 30)
    assert first["paging"] == {"count": 100, "total": 130, "page": 1, "pages": 2}
    assert not {match["ts"] for match in first["matches"]} & {match["ts"] for match in second["matches"]}


@pytest.mark.skipif(not SHARED.is_dir(), reason="no recorded payloads here")
def test_answers_have_the_fields_of_recorded_ones(client):
    def recorded(name):
        return json.loads((SHARED / name).read_text())

    match = mentions(client)["matches"][0]
    assert set(recorded("doc_search_messages.json")["messages"]["matches"][0]) <= set(match)
    assert set(recorded("doc_search_messages.json")["messages"]["matches"][0]["channel"]) <= set(match["channel"])
    reminder = client.reminders_list()["reminders"][0]
    assert set(recorded("shape_reminders_list.json")["reminders"][0]) - {"channel", "recurrence"} <= set(reminder)
    channel = client.conversations_list()["channels"][0]
    theirs = recorded("conversations_list.json")["channels"][0]
    optional = {"pending_shared", "parent_conversation", "shared_team_ids", "pending_connected_team_ids", "properties"}
    assert set(theirs) - optional - {"is_pending_ext_shared"} <= set(channel)
    message = client.conversations_history(channel=channel["id"])["messages"][0]
    assert {"user", "type", "ts", "text", "team", "blocks"} <= set(message)


def test_direct_messages_that_wait_for_an_answer(client, control):
    def waiting():
        me, found = client.auth_test()["user_id"], []
        for page in client.conversations_list(types="im", limit=3):
            for channel in page["channels"]:
                newest = client.conversations_history(channel=channel["id"], limit=1)["messages"][0]
                if newest["user"] != me:
                    found.append(newest["text"])
        return found

    assert len(waiting()) == 5
    item = control("slack", "POST", "/items", kind="dm", text="Bist du da?", account="mara", **{"from": "priya-n"})
    assert len(waiting()) == 6 and "Bist du da?" in waiting()
    control("slack", "POST", f"/items/{item['id']}/close")
    assert len(waiting()) == 5


def test_history_has_bounds_and_cursors(client):
    channel = next(each for each in client.conversations_list()["channels"] if each["name"] == "ops")["id"]
    pages = [page["messages"] for page in client.conversations_history(channel=channel, limit=2)]
    stamps = [message["ts"] for page in pages for message in page]
    assert len(stamps) >= 5 and stamps == sorted(stamps, reverse=True)
    newer = client.conversations_history(channel=channel, oldest=stamps[2])["messages"]
    assert [message["ts"] for message in newer] == stamps[:2]
    same = client.conversations_history(channel=channel, oldest=stamps[2], inclusive=True)["messages"]
    assert [message["ts"] for message in same] == stamps[:3]
    assert error_of(client.conversations_history, channel=channel, cursor="%%%") == "invalid_cursor"
    assert error_of(client.conversations_history, channel="C0") == "channel_not_found"


def test_reminders_and_saved_items_come_and_go(client, control):
    assert len(client.reminders_list()["reminders"]) == 4
    made = control("slack", "POST", "/items", kind="reminder", text="Water the plants", minutes=30)
    control("slack", "POST", f"/items/{made['id']}/close")
    assert [each["complete_ts"] > 0 for each in client.reminders_list()["reminders"] if each["id"] == made["id"]] == [
        True
    ]
    saved = control("slack", "POST", "/items", kind="saved", text="Keep & read < later")
    items = client.stars_list()["items"]
    assert len(items) == 5 and items[0]["message"]["text"] == "Keep &amp; read &lt; later"
    assert client.chat_getPermalink(channel=items[0]["channel"], message_ts=items[0]["message"]["ts"])["permalink"]
    control("slack", "POST", f"/items/{saved['id']}/close")
    assert len(client.stars_list()["items"]) == 4


def test_a_mention_is_answered_in_its_thread(client, control):
    item = control("slack", "POST", "/items", text="ready?", account="mara")
    control("slack", "POST", f"/items/{item['id']}", reply="yes", account="mara")
    thread = client.conversations_replies(channel=item["channel"], ts=item["ts"])["messages"]
    assert [message["text"] for message in thread][1:] == ["yes"]
    assert thread[1]["user"] == client.auth_test()["user_id"] and thread[1]["thread_ts"] == item["ts"]


def test_user_scope_alone_gives_no_token_on_the_top_level(visitor, base):
    session = visitor.session("slack", None)
    url, _ = session.create_authorization_url(f"{base}/slack/oauth/authorize", user_scope=SCOPE, code_verifier="v" * 43)
    back = visitor.consent(url)
    reply = session.fetch_token(f"{base}/slack/oauth/token", authorization_response=back, code_verifier="v" * 43)
    assert "access_token" not in reply and reply["team"]["name"] == "Harborline"
    assert reply["authed_user"]["scope"] == SCOPE
    client = WebClient(token=reply["authed_user"]["access_token"], base_url=f"{base}/slack/api/")
    assert client.auth_test()["user"] == "mara-lindqvist"


def test_a_bot_token_cannot_search(visitor, base, http):
    session = visitor.session("slack", "chat:write")
    url, _ = session.create_authorization_url(f"{base}/slack/oauth/authorize", user_scope="search:read")
    code = parse_qs(urlsplit(visitor.consent(url)).query)["code"][0]
    client = WebClient(base_url=f"{base}/slack/api/")
    arguments = {"client_id": "sandbox-slack", "client_secret": "sandbox-slack-secret", "code": code}
    reply = client.oauth_v2_access(**arguments, redirect_uri="http://127.0.0.1:8000/oauth/slack/callback")
    assert reply["access_token"].startswith("xoxb-") and reply["authed_user"]["access_token"].startswith("xoxp-")
    bot = WebClient(token=reply["access_token"], base_url=f"{base}/slack/api/")
    assert error_of(bot.search_messages, query="x") == "not_allowed_token_type"
    user = WebClient(token=reply["authed_user"]["access_token"], base_url=f"{base}/slack/api/")
    assert error_of(user.reminders_list) == "missing_scope"
    again = {"redirect_uri": "http://127.0.0.1:8000/oauth/slack/callback", **arguments}
    assert error_of(client.oauth_v2_access, **again) == "code_already_used"
    assert error_of(user.auth_test) == "token_revoked"


def test_errors_come_in_a_200(client, control, base, http):
    assert error_of(WebClient(token="xoxp-no", base_url=f"{base}/slack/api/").auth_test) == "invalid_auth"
    assert http.post("/slack/api/auth.test").json() == {"ok": False, "error": "not_authed"}
    control("slack", "POST", "/tokens/expire")
    assert error_of(client.auth_test) == "token_expired"


def test_limits_have_a_retry_after(client, control):
    control("slack", "POST", "/faults", kind="rate_limit", retry_after=7, path="/api/search.messages")
    with pytest.raises(SlackApiError) as caught:
        client.search_messages(query="x")
    assert caught.value.response.status_code == 429 and caught.value.response.headers["Retry-After"] == "7"
    assert caught.value.response["error"] == "ratelimited"


def test_revoking_ends_the_token(client):
    assert client.auth_revoke()["revoked"] is True
    assert error_of(client.auth_test) == "token_revoked"


def test_events_are_signed_and_shake_hands(control, receiver, base):
    item = control("slack", "POST", "/items", text="now", account="mara")
    sent = control("slack", "POST", "/webhook", url=receiver.url, item=item["id"], account="mara", retry=1)
    assert sent["status"] == 200
    _, headers, body = receiver.kept[0]
    verifier = SignatureVerifier("sandbox-slack-webhook")
    assert verifier.is_valid(body, headers["X-Slack-Request-Timestamp"], headers["X-Slack-Signature"])
    assert headers["X-Slack-Retry-Num"] == "1"
    event = json.loads(body)
    assert event["type"] == "event_callback" and event["event_id"].startswith("Ev")
    assert event["event"]["ts"] == item["ts"] and event["authorizations"][0]["user_id"] in event["event"]["text"]
    control("slack", "POST", "/webhook", url=receiver.url, event="url_verification", timestamp=int(time.time()) - 400)
    _, headers, body = receiver.kept[1]
    assert json.loads(body)["type"] == "url_verification" and json.loads(body)["challenge"]
    assert not verifier.is_valid(body, headers["X-Slack-Request-Timestamp"], headers["X-Slack-Signature"])
    old = f"v0:{headers['X-Slack-Request-Timestamp']}:".encode() + body
    made = hmac.new(b"sandbox-slack-webhook", old, hashlib.sha256).hexdigest()
    assert headers["X-Slack-Signature"] == f"v0={made}", "right, only too old"
