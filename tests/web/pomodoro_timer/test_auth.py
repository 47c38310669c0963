"""Accounts and tokens through Pomodoro Timer's door."""

from __future__ import annotations

import itertools
from http.cookies import Morsel, SimpleCookie

import pytest
from werkzeug.test import TestResponse

from tests.cast import Front

BASE = "/pomodoro-timer/api/v1"
_numbers = itertools.count(1)


@pytest.fixture
def account(front: Front) -> dict:
    number = next(_numbers)
    body = {"username": f"timer{number}", "email": f"timer{number}@dev.com", "password": "test123"}
    answer = front.call("POST", f"{BASE}/auth/register", body)
    assert answer.status_code == 201
    assert answer.json["status"] == 201
    assert answer.json["message"] == "Successfully Sign Up"
    assert answer.json["data"] == {
        "id": answer.json["data"]["id"], "username": body["username"], "email": body["email"]
    }
    return body


def log_in(front: Front, account: dict, **change: str) -> TestResponse:
    return front.call("POST", f"{BASE}/auth/login", {**account, **change})


def cookie_of(answer: TestResponse) -> Morsel:
    (line,) = answer.headers.getlist("Set-Cookie")
    return SimpleCookie(line)["refreshToken"]


def renew(front: Front, value: str, **headers: str) -> TestResponse:
    return front.call("POST", f"{BASE}/auth/refresh", headers={"Cookie": f"refreshToken={value}", **headers})


def refused(answer: TestResponse, status: int, text: str) -> bool:
    return (answer.status_code, answer.json) == (status, {"status": status, "errors": text})


def test_a_login_answers_as_documented_and_sets_exactly_the_documented_cookie(front: Front, account: dict) -> None:
    answer = log_in(front, account)
    assert answer.status_code == 200
    assert answer.json["message"] == "Successfully Logged In"
    assert answer.json["data"]["username"] == account["username"]
    assert answer.json["data"]["expiresIn"] == 3600
    cookie = cookie_of(answer)
    shown = {name: value for name, value in cookie.items() if value}
    assert len(cookie.value) >= 43
    assert shown == {
        "httponly": True,
        "secure": True,
        "samesite": "Strict",
        "path": "/pomodoro-timer/api/v1/auth/refresh",
        "max-age": "2592000",
    }


@pytest.mark.parametrize(
    "change", [{"password": "wrong"}, {"username": "somebody"}, {"email": "nobody@dev.com"}, {"password": "TEST123"}]
)
def test_email_username_and_password_must_be_of_one_account(front: Front, account: dict, change: dict) -> None:
    assert refused(log_in(front, account, **change), 401, "Invalid Username or Password")


def test_two_accounts_cannot_be_mixed_to_log_in(front: Front, account: dict) -> None:
    other = {"username": "mixed-" + account["username"], "email": "mixed-" + account["email"], "password": "test123"}
    assert front.call("POST", f"{BASE}/auth/register", other).status_code == 201
    assert refused(log_in(front, account, username=other["username"]), 401, "Invalid Username or Password")
    assert log_in(front, account, username=account["username"].upper()).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "a", "email": "not-an-email", "password": "test123"},
        {"username": "a", "email": "a@dev.com", "password": "test12"},
        {"username": "", "email": "a@dev.com", "password": "test123"},
        {"username": ["a"], "email": "a@dev.com", "password": "test123"},
        {"username": "a" * 151, "email": "a@dev.com", "password": "test123"},
    ],
)
def test_what_cannot_be_registered_is_an_invalid_format(front: Front, body: dict) -> None:
    assert refused(front.call("POST", f"{BASE}/auth/register", body), 400, "Invalid Format")


def test_an_email_and_a_username_are_registered_once(front: Front, account: dict) -> None:
    taken = front.call("POST", f"{BASE}/auth/register", {**account, "username": "x-" + account["username"]})
    assert refused(taken, 409, "This email is already registered")
    taken = front.call("POST", f"{BASE}/auth/register", {**account, "email": "x-" + account["email"]})
    assert refused(taken, 409, "This username is already taken")


def test_the_cookie_gives_new_access_tokens(front: Front, account: dict) -> None:
    value = cookie_of(log_in(front, account)).value
    for _ in range(2):
        answer = renew(front, value)
        assert (answer.status_code, answer.json["message"]) == (200, "Successfully Refresh Token")
        assert answer.json["data"]["expiresIn"] == 3600
        assert "Set-Cookie" not in answer.headers
    logout = front.call("POST", f"{BASE}/auth/logout", token=answer.json["data"]["token"])
    assert logout.status_code == 200


@pytest.mark.parametrize("value", ["", "no-such-token", "a" * 5000, "%00"])
def test_another_cookie_gives_nothing(front: Front, value: str) -> None:
    assert refused(renew(front, value), 401, "Refresh Token Invalid")


def test_a_page_of_another_site_cannot_spend_the_cookie(front: Front, account: dict) -> None:
    value = cookie_of(log_in(front, account)).value
    for origin in ("https://evil.example", "null", "http://localhost.evil.example", "https://localhost:8443", ""):
        assert refused(renew(front, value, Origin=origin), 401, "Refresh Token Invalid")
    for origin in ("http://localhost", "http://daybook.test"):
        assert renew(front, value, Origin=origin).status_code == 200


def test_a_logout_clears_the_cookie_and_ends_both_tokens_of_that_login_alone(front: Front, account: dict) -> None:
    first, second = log_in(front, account), log_in(front, account)
    token = first.json["data"]["token"]
    answer = front.call("POST", f"{BASE}/auth/logout", token=token, headers={"Cookie": "refreshToken=of-somebody"})
    assert (answer.status_code, answer.json) == (200, {"status": 200, "message": "OK"})
    cleared = cookie_of(answer)
    assert cleared.value == ""
    assert {name: value for name, value in cleared.items() if value} == {
        "httponly": True,
        "secure": True,
        "samesite": "Strict",
        "path": "/pomodoro-timer/api/v1/auth/refresh",
        "max-age": "0",
    }
    assert refused(renew(front, cookie_of(first).value), 401, "Refresh Token Invalid")
    assert refused(front.call("POST", f"{BASE}/auth/logout", token=token), 401, "Acces Token Invalid")
    assert renew(front, cookie_of(second).value).status_code == 200


def test_without_a_good_access_token_nobody_logs_out(front: Front) -> None:
    assert refused(front.call("POST", f"{BASE}/auth/logout"), 401, "Acces Token Invalid")
    assert refused(front.call("POST", f"{BASE}/auth/logout", token="not-a-jwt"), 401, "Acces Token Invalid")


def test_a_stranger_path_or_method_is_refused_in_the_contracts_shape(front: Front) -> None:
    assert refused(front.call("GET", f"{BASE}/nothing"), 404, "Not found")
    assert front.call("GET", f"{BASE}/auth/login").json["status"] == 405
    answer = front.call("POST", f"{BASE}/auth/login", data="a=b", content_type="application/x-www-form-urlencoded")
    assert refused(answer, 415, "Send the body as application/json")
