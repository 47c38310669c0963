"""Accounts, tokens and the subscription through Flow Sudoku's door."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.cast import PASSWORD, Front, Person

BASE = "/flow-sudoku/v1"


def test_a_player_signs_up_signs_in_and_is_known(front: Front) -> None:
    body = {"email": "a-player@example.com", "password": PASSWORD}
    with time_machine.travel(datetime(2025, 11, 16, 21, tzinfo=UTC), tick=False):
        made = front.call("POST", f"{BASE}/auth/signup", body)
        assert made.status_code == 201
        user = made.json["user"]
        assert user == {**user, "email": body["email"], "tier": "free", "created_at": "2025-11-16T21:00:00Z"}
        assert user["id"].startswith("user_")
        again = front.call("POST", f"{BASE}/auth/signin", {**body, "email": "A-PLAYER@example.com"})
        assert (again.status_code, again.json["user"]) == (200, user)
        me = front.call("GET", f"{BASE}/auth/me", token=again.json["access_token"])
        assert me.json == {**user, "subscription_status": "active", "subscription_expires_at": None}


def test_an_account_of_another_door_signs_in(alice: Person) -> None:
    answer = alice.at("flow-sudoku").get("/auth/me")
    assert (answer.status_code, answer.json["email"]) == (200, alice.email)


@pytest.mark.parametrize(
    "body", [{}, {"email": "a@example.com"}, {"email": "a", "password": PASSWORD}, {"email": None, "password": 1}]
)
def test_a_malformed_sign_up_is_refused(front: Front, body: dict) -> None:
    answer = front.call("POST", f"{BASE}/auth/signup", body)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "INVALID_REQUEST")


def test_an_email_signs_up_once_and_only_its_password_opens_it(front: Front, alice: Person) -> None:
    taken = front.call("POST", f"{BASE}/auth/signup", {"email": alice.email.upper(), "password": PASSWORD})
    assert (taken.status_code, taken.json["error"]["code"]) == (409, "CONFLICT")
    for email, password in ((alice.email, "wrong-Password"), ("no-" + alice.email, PASSWORD)):
        body = {"email": email, "password": password}
        answer = front.call("POST", f"{BASE}/auth/signin", body)
        assert answer.status_code == 401
        assert answer.json == {
            "error": {"code": "INVALID_CREDENTIALS", "message": "Email or password is incorrect"}
        }


def test_a_refresh_token_gives_access_for_thirty_days(alice: Person) -> None:
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with time_machine.travel(start, tick=False):
        player = alice.at("flow-sudoku")
        tokens = player.data

    def renew() -> tuple[int, dict]:
        answer = alice.front.call("POST", f"{BASE}/auth/refresh", {"refresh_token": tokens["refresh_token"]})
        return answer.status_code, answer.json

    with time_machine.travel(start + timedelta(minutes=61), tick=False):
        assert player.get("/auth/me").json["error"]["code"] == "UNAUTHORIZED"
        status, renewed = renew()
        assert status == 200
        assert renewed["refresh_token"] == tokens["refresh_token"]
        player.token = renewed["access_token"]
        assert player.get("/auth/me").status_code == 200
    with time_machine.travel(start + timedelta(days=30, seconds=1), tick=False):
        status, refused = renew()
        assert (status, refused["error"]["code"]) == (401, "UNAUTHORIZED")
    for token in ("no-such-token", player.token):
        answer = alice.front.call("POST", f"{BASE}/auth/refresh", {"refresh_token": token})
        assert (answer.status_code, answer.json["error"]["code"]) == (401, "UNAUTHORIZED")


def test_any_paid_plan_is_the_studio_tier(alice: Person) -> None:
    player = alice.at("flow-sudoku")
    assert player.get("/subscription/status").json == {
        "tier": "free", "status": "active", "current_period_end": None, "cancel_at_period_end": False
    }
    for plan in ("pro_monthly", "pro_yearly"):
        alice.upgrade(plan)
        assert player.get("/subscription/status").json["tier"] == "studio"
        assert player.get("/auth/me").json["tier"] == "studio"


@pytest.mark.parametrize(("path", "limit"), [("/auth/me", 5), ("/sessions", 20), ("/subscription/status", 10)])
def test_each_kind_of_endpoint_has_its_limit_for_each_player(alice: Person, bob: Person, path: str, limit: int) -> None:
    with time_machine.travel(datetime(2026, 3, 1, 12, tzinfo=UTC), tick=False):
        player, other = alice.at("flow-sudoku"), bob.at("flow-sudoku")
        assert [player.get(path).status_code for _ in range(limit + 2)] == [200] * limit + [429] * 2
        answer = player.get(path)
        assert answer.json["error"]["code"] == "RATE_LIMIT"
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert other.get(path).status_code == 200


def test_five_tries_a_minute_sign_in_from_one_address(front: Front) -> None:
    body = {"email": "five-tries@example.com", "password": PASSWORD}
    with time_machine.travel(datetime(2026, 3, 1, 12, tzinfo=UTC), tick=False):
        statuses = [front.call("POST", f"{BASE}/auth/signin", body).status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2


def test_without_a_good_token_nothing_is_shown(front: Front) -> None:
    for method, path in (
        ("GET", "/auth/me"), ("POST", "/sessions"), ("GET", "/sessions"), ("GET", "/subscription/status")
    ):
        for token in (None, "not-a-jwt"):
            answer = front.call(method, BASE + path, token=token)
            assert (answer.status_code, answer.json["error"]["code"]) == (401, "UNAUTHORIZED")
