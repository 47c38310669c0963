"""Consent and the exchange of codes, on GitHub's addresses unless a rule needs another provider's."""

from __future__ import annotations

import base64
import hashlib
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

CALLBACK = "http://127.0.0.1:8000/oauth/github/callback"
VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
AUTHORIZE, TOKEN = "/github/login/oauth/authorize", "/github/login/oauth/access_token"


def asked(**more):
    return {
        "client_id": "sandbox-github",
        "redirect_uri": CALLBACK,
        "scope": "repo,notifications",
        "state": "s1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **more,
    }


def code_for(http, **more):
    answer = http.get(AUTHORIZE, params=asked(decision="allow", account="mara", **more))
    assert answer.status_code == 302, answer.text
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def exchange(http, given, /, **more):
    body = {
        "client_id": "sandbox-github",
        "client_secret": "sandbox-github-secret",
        "code": given,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        **more,
    }
    return http.post(TOKEN, data=body, headers={"Accept": "application/json"})


def test_the_page_says_who_asks_for_what_and_offers_the_accounts(http):
    page = http.get(AUTHORIZE, params=asked()).text
    assert "sandbox-github" in page
    assert "See your notifications" in page
    for person in ("Mara Lindqvist", "佐藤 純", "Олена Коваль"):
        assert person in page
    assert "Authorize" in page and "Cancel" in page and "<script" not in page


def test_a_click_leads_back_with_code_and_state(http):
    url = f"{AUTHORIZE}?{urlencode(asked())}"
    answer = http.post(url, data={"decision": "allow", "account": "jun"})
    assert answer.status_code == 302
    target = urlsplit(answer.headers["Location"])
    assert f"{target.scheme}://{target.netloc}{target.path}" == CALLBACK
    query = parse_qs(target.query)
    assert query["state"] == ["s1"] and query["code"]


def test_cancelling_leads_back_with_an_error(http):
    answer = http.get(AUTHORIZE, params=asked(decision="deny"))
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["error"] == ["access_denied"] and query["state"] == ["s1"] and "code" not in query


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/oauth/github/callback",
        "http://127.0.0.1.evil.example:8000/oauth/github/callback",
        "http://127.0.0.1:8000@evil.example/oauth/github/callback",
        "http://127.0.0.1:8000/elsewhere",
        "http://127.0.0.1:8000/oauth/../x/callback",
        "http://127.0.0.1:8000/oauth/github/callback#x",
        "//127.0.0.1:8000/oauth/github/callback",
        "",
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_registered(http, target):
    answer = http.get(AUTHORIZE, params=asked(redirect_uri=target, decision="allow", account="mara"))
    assert answer.status_code == 400 and "Location" not in answer.headers


def test_an_unknown_app_is_stopped(http):
    assert http.get(AUTHORIZE, params=asked(client_id="somebody")).status_code == 400


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"scope": "repo admin:everything"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ],
)
def test_a_wrong_request_is_told_to_the_app(http, change, error):
    answer = http.get(AUTHORIZE, params=asked(**change))
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["error"] == [error]


def test_a_code_becomes_a_token_that_opens_the_account(http):
    reply = exchange(http, code_for(http)).json()
    assert reply["token_type"] == "bearer" and reply["scope"] == "repo,notifications"
    user = http.get("/github/user", headers={"Authorization": f"token {reply['access_token']}"}).json()
    assert user["login"] == "mara-lindqvist"


def test_github_answers_in_form_encoding_unless_asked_for_json(http):
    body = {
        "client_id": "sandbox-github",
        "client_secret": "sandbox-github-secret",
        "code": code_for(http),
        "code_verifier": VERIFIER,
    }
    answer = http.post(TOKEN, data=body)
    assert answer.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    assert parse_qs(answer.text)["access_token"][0].startswith("gho_")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_secret": "wrong"}, "incorrect_client_credentials"),
        (
            {"client_id": "sandbox-github-other", "client_secret": "sandbox-github-other-secret"},
            "bad_verification_code",
        ),
        ({"redirect_uri": CALLBACK + "/"}, "redirect_uri_mismatch"),
        ({"code_verifier": "w" * 50}, "bad_verification_code"),
        ({"code_verifier": ""}, "bad_verification_code"),
        ({"code": "guessed"}, "bad_verification_code"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_github_refuses_with_status_200(http, change, error):
    answer = exchange(http, code_for(http), **change)
    assert answer.status_code == 200
    assert answer.json()["error"] == error and "access_token" not in answer.json()


def test_a_verifier_without_a_challenge_is_refused(http):
    code = code_for(http, code_challenge="", code_challenge_method="")
    assert exchange(http, code).json()["error"] == "bad_verification_code"


def test_a_code_that_comes_twice_costs_its_tokens(http):
    code = code_for(http)
    headers = {"Authorization": f"token {exchange(http, code).json()['access_token']}"}
    assert http.get("/github/user", headers=headers).status_code == 200
    assert exchange(http, code).json()["error"] == "bad_verification_code"
    assert http.get("/github/user", headers=headers).status_code == 401


def test_a_code_lives_ten_minutes(base, http):
    code = code_for(http)
    kept = base.app.extensions["sandbox"].stands["github"].consent.codes[code]
    assert 590 < kept.expires_at - time.time() <= 600
    kept.expires_at -= 600
    assert exchange(http, code).json()["error"] == "bad_verification_code"


def test_authlib_gets_along_with_it(visitor):
    reply, _ = visitor.connect("github", "/login/oauth/authorize", "/login/oauth/access_token", "repo notifications")
    assert reply["access_token"].startswith("gho_") and "refresh_token" not in reply


def test_tokens_outlive_a_restart(http, bearer):
    from sandbox.app import serve

    headers = bearer("github")
    with serve() as other:
        assert http.get(f"{other}/github/user", headers=headers).json()["login"] == "mara-lindqvist"
        forged = {"Authorization": headers["Authorization"][:-1] + "A"}
        forged["Authorization"] += "" if forged != headers else "B"
        assert http.get(f"{other}/github/user", headers=forged).status_code == 401
