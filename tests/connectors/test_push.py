"""Pushes: only the provider's own count, on the bytes as they came, within their window."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import time
from typing import Any

import pytest

import connectors.oauth
from connectors.faults import NotConfigured
from connectors.google.channels import channel_token
from connectors.push import BadDelivery, verify
from settings import settings
from tests.connectors.stub import Reply, Stub

SECRETS = {name: f"sandbox-{name}-webhook" for name in ("github", "jira", "google", "slack", "notion", "linear")}


@pytest.fixture(autouse=True)
def ours(stub):
    """The sandbox's secrets."""


def digest(provider: str, signed: bytes) -> str:
    return hmac.new(SECRETS[provider].encode(), signed, hashlib.sha256).hexdigest()


def signed(provider: str, payload: Any, at: float | None = None) -> tuple[dict[str, str], bytes]:
    at = time.time() if at is None else at
    if provider == "linear" and isinstance(payload, dict):
        payload = {**payload, "webhookTimestamp": int(at * 1000)}
    body = json.dumps(payload).encode()
    match provider:
        case "github":
            return {"X-Hub-Signature-256": f"sha256={digest(provider, body)}", "X-GitHub-Delivery": "d-1"}, body
        case "jira":
            headers = {"X-Hub-Signature": f"sha256={digest(provider, body)}", "X-Atlassian-Webhook-Identifier": "d-1"}
            return headers, body
        case "slack":
            stamp = str(int(at))
            mac = digest(provider, f"v0:{stamp}:".encode() + body)
            return {"X-Slack-Signature": f"v0={mac}", "X-Slack-Request-Timestamp": stamp}, body
        case "notion":
            return {"X-Notion-Signature": f"sha256={digest(provider, body)}"}, body
        case "linear":
            return {"Linear-Signature": digest(provider, body), "Linear-Delivery": "d-1"}, body
    token = channel_token("ch-1", SECRETS["google"])
    return {"X-Goog-Channel-ID": "ch-1", "X-Goog-Channel-Token": token, "X-Goog-Message-Number": "7"}, b""


@pytest.mark.parametrize("provider", SECRETS)
def test_what_is_signed_is_taken_whatever_the_case_of_its_headers(provider):
    headers, body = signed(provider, {"event_id": "d-1", "id": "d-1"})
    delivery = verify(provider, {key.upper(): value for key, value in headers.items()}, body)
    assert delivery.id == ("ch-1:7" if provider == "google" else "d-1") and delivery.answer is None


@pytest.mark.parametrize("provider", SECRETS)
def test_what_is_not_the_providers_is_refused(provider):
    headers, body = signed(provider, {"id": "d-1", "text": "é"})
    name = next(key for key in headers if "Signature" in key or key.endswith("Token"))
    for forged in ({}, {**headers, name: ""}, {**headers, name: headers[name][:-1] + "0x"}, {**headers, name: "ü"},
                   {k: v for k, v in headers.items() if k != name}, {**headers, name: "sha1=" + "0" * 40}):
        with pytest.raises(BadDelivery):
            verify(provider, forged, body)
    if provider != "google":
        for changed in (body + b" ", body.replace(b"d-1", b"d-2"), b""):
            with pytest.raises(BadDelivery):
                verify(provider, headers, changed)


@pytest.mark.parametrize(("provider", "window"), [("slack", 300), ("linear", 60)])
def test_what_comes_too_late_or_too_early_is_refused(provider, window):
    verify(provider, *signed(provider, {}, time.time() - window + 5))
    for at in (time.time() - window - 5, time.time() + window + 5, 0):
        with pytest.raises(BadDelivery):
            verify(provider, *signed(provider, {}, at))


@pytest.mark.parametrize("stamp", ["", "now", "-5", "1e9", "9" * 40, "٣"])
def test_a_time_that_is_none_is_refused(stamp):
    headers, body = signed("slack", {})
    with pytest.raises(BadDelivery):
        verify("slack", {**headers, "X-Slack-Request-Timestamp": stamp}, body)


@pytest.mark.parametrize("provider", ["github", "jira", "slack", "notion", "linear"])
@pytest.mark.parametrize("payload", [[], "text", None, 5, {"issue": 5, "comment": [], "changelog": {"items": 5}},
                                     {"event": 7, "authorizations": 5}, {"accessible_by": "x", "data": []}])
def test_a_signed_oddity_is_read_or_refused_but_never_fatal(provider, payload):
    with contextlib.suppress(BadDelivery):
        verify(provider, *signed(provider, payload))


@pytest.mark.parametrize("provider", SECRETS)
def test_without_a_secret_nobody_can_sign(provider, monkeypatch):
    live = {"daybook_env": "production", f"{provider}_client_id": "own"}
    monkeypatch.setattr(connectors.oauth, "settings", settings.model_copy(update=live))
    body = b"{}"
    empty = hmac.new(b"", body, hashlib.sha256).hexdigest()
    with pytest.raises(NotConfigured):
        verify(provider, {"X-Hub-Signature-256": f"sha256={empty}", "Linear-Signature": empty}, body)


def test_an_unknown_provider_is_refused():
    with pytest.raises(BadDelivery):
        verify("gitlab", {}, b"{}")


def test_slacks_handshake_is_answered():
    delivery = verify("slack", *signed("slack", {"type": "url_verification", "challenge": "abc"}))
    assert delivery.answer == {"challenge": "abc"} and not delivery.accounts
    headers, body = signed("slack", {"type": "url_verification", "challenge": "abc"})
    with pytest.raises(BadDelivery):
        verify("slack", {**headers, "X-Slack-Signature": "v0=0"}, body)


def test_notions_handshake_brings_its_secret(payload):
    body = json.dumps(payload("webhooks/notion/verification")).encode()
    delivery = verify("notion", {}, body)
    assert (delivery.answer, delivery.token) == ({}, "secret_sample_verification_token")
    with pytest.raises(BadDelivery):
        verify("notion", {}, b'{"verification_token": "x", "id": "1"}')


def test_googles_greeting_wakes_nobody():
    headers, body = signed("google", None)
    assert verify("google", headers, body).channel == "ch-1"
    assert verify("google", {**headers, "X-Goog-Resource-State": "sync"}, body).answer == {}
    with pytest.raises(BadDelivery):
        verify("google", {**headers, "X-Goog-Channel-ID": "ch-2"}, body)


@pytest.mark.parametrize(("name", "accounts"), [
    ("issues.assigned", {"21031067"}), ("issues.unassigned", {"21031067"}),
    ("pull_request.review_requested", None), ("github_app_authorization.revoked", {"1"}), ("ping", set()),
])
def test_recorded_github_deliveries_name_whom_they_concern(payload, name, accounts):
    raw = payload(f"webhooks/github/{name}")
    headers, body = signed("github", raw)
    delivery = verify("github", {**headers, "X-GitHub-Event": name.split(".")[0]}, body)
    if accounts is None:
        assert {str(each["id"]) for each in raw["pull_request"]["requested_reviewers"]} <= delivery.accounts
    else:
        assert delivery.accounts == accounts


def test_names_in_a_comment_are_heard():
    text = "@Octo-Cat and (@ann): mail me@x.org, see a/@b and @-x"
    delivery = verify("github", *signed("github", {"comment": {"body": text}}))
    assert delivery.usernames == {"octo-cat", "ann"}


def test_recorded_jira_deliveries_name_whom_they_concern(payload):
    for name in ("issue_assigned", "issue_created", "issue_updated", "issue_deleted", "issue_resolved"):
        raw = payload(f"webhooks/jira/{name}")
        delivery = verify("jira", *signed("jira", raw))
        assignee = raw["issue"]["fields"].get("assignee")
        assert assignee is None or assignee["accountId"] in delivery.accounts


def test_recorded_linear_and_notion_deliveries_name_whom_they_concern(payload):
    raw = payload("webhooks/linear/issue_update")
    assert verify("linear", *signed("linear", raw)).accounts == {raw["data"]["assigneeId"]}
    raw = payload("webhooks/notion/page_properties_updated")
    assert {each["id"] for each in raw["accessible_by"]} <= verify("notion", *signed("notion", raw)).accounts


def test_slack_events_name_whom_they_concern():
    event = {"type": "message", "user": "U9", "text": "<@U2> hi"}
    raw = {"event_id": "Ev1", "team_id": "T1", "authorizations": [{"team_id": "T1", "user_id": "U1"}], "event": event}
    delivery = verify("slack", *signed("slack", raw))
    assert delivery.accounts == {"T1/U1", "T1/U2", "T1/U9"} and delivery.id == "Ev1"


@pytest.mark.parametrize("provider", ["github", "jira", "slack"])
def test_what_the_sandbox_sends_is_taken(sandbox, control_of, provider):
    taken: list[Any] = []
    receiver = Stub(lambda asked: (taken.append(asked), Reply({}))[1])
    try:
        control = control_of(provider)
        item = control.post("/items", json={"account": "mara", "title": "Fresh"}).json()["id"]
        sent = control.post("/webhook", json={"account": "mara", "url": receiver.url, "item": item}).json()
        assert sent["status"] == 200
        delivery = verify(provider, taken[0].headers, taken[0].body)
        assert delivery.id and (delivery.accounts or delivery.usernames)
    finally:
        receiver.close()
