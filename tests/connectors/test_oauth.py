"""Consent addresses, code exchange and refresh, for all six."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

import connectors.oauth
import connectors.transport
from connectors.base import ConnectorError, Credentials
from connectors.faults import NotConfigured
from connectors.oauth import authorize_address, client_of, exchange, refresh, revoke_token
from settings import PROVIDERS, settings
from tests.connectors.stub import Asked, Reply

VERIFIER = "v" * 64
CALLBACK = "http://127.0.0.1:8000/oauth/x/callback"


def asked_of(address: str) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_consent_carries_state_and_pkce(stub, provider):
    address = authorize_address(provider, CALLBACK, "state&=ü", VERIFIER, ("one:two", "three"))
    asked = asked_of(address)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
    assert address.startswith(client_of(provider).authorize_url + "?")
    assert asked["state"] == "state&=ü" and asked["redirect_uri"] == CALLBACK and asked["response_type"] == "code"
    assert (asked["code_challenge"], asked["code_challenge_method"]) == (challenge, "S256")
    assert asked["client_id"] == f"sandbox-{provider}"
    assert "sandbox-" + provider + "-secret" not in address


@pytest.mark.parametrize(("provider", "extra"), [
    ("github", {"scope": "a b"}),
    ("jira", {"scope": "a b", "audience": "api.atlassian.com", "prompt": "consent"}),
    ("google", {"scope": "a b", "access_type": "offline", "prompt": "consent"}),
    ("slack", {"user_scope": "a,b"}),
    ("notion", {"owner": "user"}),
    ("linear", {"scope": "a,b"}),
])
def test_each_provider_is_asked_in_its_own_way(stub, provider, extra):
    asked = asked_of(authorize_address(provider, CALLBACK, "s", VERIFIER, ("a", "b")))
    assert extra.items() <= asked.items()
    assert ("scope" in asked) == ("scope" in extra)


def test_where_github_and_slack_stand_in_the_sandbox(stub):
    assert client_of("github").authorize_url == f"{stub.url}/github/login/oauth/authorize"
    assert client_of("github").token_url == f"{stub.url}/github/login/oauth/access_token"
    assert client_of("slack").api_url == f"{stub.url}/slack/api/"
    assert client_of("google-calendar").webhook_secret == "sandbox-google-webhook"
    assert client_of("jira").token_url == f"{stub.url}/jira/oauth/token"


def test_production_never_uses_the_sandbox(monkeypatch):
    live = settings.model_copy(update={"daybook_env": "production", "github_client_id": ""})
    monkeypatch.setattr(connectors.oauth, "settings", live)
    with pytest.raises(NotConfigured, match="github is not configured on this server"):
        client_of("github")
    with pytest.raises(NotConfigured):
        authorize_address("github", CALLBACK, "s", VERIFIER, ())


def test_the_operators_own_client_is_used_where_there_is_one(monkeypatch):
    own = {"github_client_id": "Iv1.own", "github_client_secret": SecretStr("hidden")}
    monkeypatch.setattr(connectors.oauth, "settings", settings.model_copy(update=own))
    client = client_of("github")
    assert (client.client_id, client.client_secret) == ("Iv1.own", "hidden")
    assert client.token_url == "https://github.com/login/oauth/access_token"
    assert "hidden" not in repr(client)


TOKEN = {"access_token": "a1", "refresh_token": "r1", "expires_in": 3600, "token_type": "Bearer", "scope": "x y"}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_code_becomes_credentials(stub, provider):
    stub.answer = lambda asked: Reply(TOKEN)
    made = exchange(provider, "code-1", CALLBACK, VERIFIER)
    (asked,) = stub.asked
    assert asked.path == urlsplit(client_of(provider).token_url).path and asked.headers["accept"] == "application/json"
    form = asked.form
    assert (form["grant_type"], form["code"], form["redirect_uri"]) == ("authorization_code", "code-1", CALLBACK)
    assert form["code_verifier"] == VERIFIER
    basic = base64.b64encode(f"sandbox-{provider}:sandbox-{provider}-secret".encode()).decode()
    if provider == "notion":
        assert asked.headers["authorization"] == f"Basic {basic}" and "client_secret" not in form
    else:
        assert form["client_secret"] == f"sandbox-{provider}-secret"
    assert (made.access_token, made.refresh_token, made.scope) == ("a1", "r1", "x y")
    assert abs(made.expires_at - datetime.now(UTC) - timedelta(hours=1)) < timedelta(seconds=10)


def test_slacks_user_token_is_the_one_that_counts(stub, payload):
    stub.answer = lambda asked: Reply(payload("slack/doc_oauth_v2_access"))
    made = exchange("slack", "code", CALLBACK, VERIFIER)
    assert (made.access_token, made.scope, made.extra) == (
        "xoxp-1234", "chat:write", {"user_id": "U1234", "team_id": "T9TK3CUKW"}
    )


def test_slacks_reply_with_a_user_token_alone(stub):
    stub.answer = lambda asked: Reply(
        {"ok": True, "authed_user": {"id": "U1", "access_token": "xoxe", "refresh_token": "r", "expires_in": 43200}}
    )
    made = exchange("slack", "code", CALLBACK, VERIFIER)
    assert (made.access_token, made.refresh_token) == ("xoxe", "r") and made.expires_at


@pytest.mark.parametrize("reply", [
    Reply({"error": "bad_verification_code", "error_description": "<b>no</b>"}),
    Reply({"ok": False, "error": "invalid_code"}),
    Reply({"error": "invalid_request"}, 400),
    Reply({"error": {"nested": True}}, 400),
])
def test_a_refused_code_is_said_plainly(stub, reply):
    stub.answer = lambda asked: reply
    with pytest.raises(ConnectorError) as caught:
        exchange("github", "code", CALLBACK, VERIFIER)
    assert caught.value.message.startswith(("GitHub refused the connection", "GitHub has ended this connection"))
    assert "<b>" not in caught.value.message


# -- refresh


OLD = Credentials("a0", "r0", datetime(2026, 1, 1, tzinfo=UTC), "x", {"cloud_id": "c1"})


def test_a_rotated_refresh_token_replaces_the_old_one(stub):
    stub.answer = lambda asked: Reply(TOKEN)
    made = refresh("jira", OLD)
    assert stub.asked[0].form["refresh_token"] == "r0" and stub.asked[0].form["grant_type"] == "refresh_token"
    assert (made.access_token, made.refresh_token, made.extra) == ("a1", "r1", {"cloud_id": "c1"})


def test_a_refresh_token_that_is_not_sent_again_is_kept(stub):
    stub.answer = lambda asked: Reply({"access_token": "a1", "expires_in": "3599"})
    made = refresh("google", OLD)
    assert (made.access_token, made.refresh_token, made.scope) == ("a1", "r0", "x") and made.expires_at


@pytest.mark.parametrize("reply", [
    Reply({"error": "invalid_grant"}, 400), Reply({"error": "invalid_grant"}, 403),
    Reply({"error": "bad_refresh_token"}), Reply({"ok": False, "error": "invalid_refresh_token"}),
])
def test_only_an_ended_grant_asks_to_reconnect(stub, reply):
    stub.answer = lambda asked: reply
    with pytest.raises(ConnectorError) as caught:
        refresh("jira", OLD)
    assert caught.value.kind == "reconnect"


def test_without_a_refresh_token_only_the_user_can_help(stub):
    with pytest.raises(ConnectorError) as caught:
        refresh("jira", Credentials("a"))
    assert caught.value.kind == "reconnect" and not stub.asked


LATER: list[tuple[str, Reply]] = [
    ("a 500", Reply({"error": "server_error"}, 500)),
    ("an HTML 502", Reply(b"<html>Bad Gateway</html>", 502, {"Content-Type": "text/html"})),
    ("a 429", Reply({"error": "rate_limited"}, 429, {"Retry-After": "7"})),
    ("an HTML 429", Reply(b"<html>", 429, {"Retry-After": "7"})),
    ("an HTML 401", Reply(b"<html>", 401)),
    ("a wrong client", Reply({"error": "invalid_client"}, 401)),
    ("a short body", Reply(TOKEN, harm="short")),
    ("a reset", Reply(TOKEN, harm="reset")),
    ("no answer", Reply(TOKEN, harm="hang")),
    ("an empty body", Reply(b"")),
    ("broken JSON", Reply(b'{"access_token": "a')),
    ("a list", Reply([1])),
    ("no token", Reply({"token_type": "Bearer"})),
    ("a token that is no text", Reply({"access_token": 5, "expires_in": 5})),
    ("a redirect", Reply(b"", 302, {"Location": "http://localhost:1/token"})),
    ("too much", Reply(b" " * (6 * 1024 * 1024))),
    ("a time to live that is no number", Reply({"access_token": "a", "expires_in": "soon"})),
]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("reply", [reply for _, reply in LATER], ids=[name for name, _ in LATER])
def test_everything_else_is_later(stub, provider, reply):
    stub.answer = lambda asked: reply
    with pytest.raises(ConnectorError) as caught:
        refresh(provider, OLD)
    assert caught.value.kind == "later" and connectors.oauth.NAMES[provider] in caught.value.message
    assert reply.status != 429 or caught.value.retry_after == 7
    assert len(stub.asked) == 1


def test_a_server_that_is_away_is_later(monkeypatch):
    away = settings.model_copy(update={"sandbox_url": "http://127.0.0.1:1", "jira_client_id": ""})
    monkeypatch.setattr(connectors.oauth, "settings", away)
    with pytest.raises(ConnectorError, match="Jira could not be reached"):
        refresh("jira", OLD)


def test_a_slow_provider_is_given_up(stub, monkeypatch):
    monkeypatch.setattr(connectors.transport, "READ_SECONDS", 0.2)
    stub.answer = lambda asked: Reply(TOKEN, seconds=1)
    with pytest.raises(ConnectorError, match="Linear did not answer in time"):
        refresh("linear", OLD)


def test_revoking_what_is_gone_already_is_no_error(stub):
    answers: list[Any] = [Reply({}), Reply({"error": "invalid_token"}, 400)]
    stub.answer = lambda asked: answers.pop(0)
    revoke_token("linear", "a1")
    revoke_token("linear", "a1")
    first: Asked = stub.asked[0]
    assert first.path == "/linear/oauth/revoke" and first.form["token"] == "a1"
    stub.answer = lambda asked: Reply(b"", 503)
    with pytest.raises(ConnectorError):
        revoke_token("linear", "a1")
