"""Accounts and tokens through Produktifin's door."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.cast import PASSWORD, Front, Person
from tests.post import Post

BASE = "/produktifin/v1"


def refused(answer, status: int, text: str) -> bool:
    return (answer.status_code, answer.json) == (status, {"error": text})


def test_somebody_signs_up_and_logs_in(front: Front) -> None:
    body = {"email": "john-the-runner@example.com", "password": "mypassword", "name": "John van der Doe"}
    made = front.call("POST", f"{BASE}/auth/signup", body)
    assert made.status_code == 201
    assert made.json["id"].startswith("u_")
    assert (made.json["email"], made.json["name"]) == (body["email"], body["name"])
    login = front.call("POST", f"{BASE}/auth/login", {"email": "John-The-Runner@Example.com", "password": "mypassword"})
    assert login.status_code == 200
    assert set(login.json) == {"token", "refresh_token"}
    for token in (made.json["token"], login.json["token"]):
        assert front.call("GET", f"{BASE}/history", token=token).json == {"sessions": [], "total": 0}


@pytest.mark.parametrize("field", ["email", "password", "name"])
def test_the_first_missing_field_is_named(front: Front, field: str) -> None:
    body = {"email": "john-the-runner@example.com", "password": "mypassword", "name": "John Doe"}
    del body[field]
    assert refused(front.call("POST", f"{BASE}/auth/signup", body), 400, f"Missing required field: {field}")
    assert refused(front.call("POST", f"{BASE}/auth/signup"), 400, "Missing required field: email")


def test_a_field_that_is_wrong_is_named_with_the_reason(front: Front, alice: Person) -> None:
    body = {"email": "john", "password": "mypassword", "name": "John Doe"}
    assert refused(front.call("POST", f"{BASE}/auth/signup", body), 400, "email: Invalid email format")
    body = {"email": alice.email, "password": "mypassword", "name": "John Doe"}
    assert refused(front.call("POST", f"{BASE}/auth/signup", body), 409, "This email is already registered")
    raw = front.call("POST", f"{BASE}/auth/login", data=b"{", content_type="application/json")
    assert raw.status_code == 400


def test_a_wrong_password_and_an_unknown_email_are_told_alike(front: Front, alice: Person) -> None:
    for body in ({"email": alice.email, "password": "wrong"}, {"email": "no-" + alice.email, "password": PASSWORD}):
        assert refused(front.call("POST", f"{BASE}/auth/login", body), 401, "Invalid email or password")


def test_no_token_and_a_bad_token_are_told_alike(front: Front) -> None:
    for token in (None, "not-a-jwt", "a.b.c"):
        assert refused(front.call("GET", f"{BASE}/history", token=token), 401, "Invalid or expired token")


def test_a_refresh_token_gives_access_tokens_for_thirty_days(alice: Person) -> None:
    token = alice.data["refresh_token"]

    def renew():
        return alice.front.call("POST", f"{BASE}/auth/refresh", {"refresh_token": token})

    later = datetime.now(UTC) + timedelta(hours=1, seconds=5)
    with time_machine.travel(later, tick=False):
        assert refused(alice.get("/history"), 401, "Invalid or expired token")
        alice.token = renew().json["token"]
        assert alice.get("/history").status_code == 200
        assert set(renew().json) == {"token"}
    with time_machine.travel(later + timedelta(days=30), tick=False):
        assert refused(renew(), 401, "Invalid or expired token")
    token = alice.token
    assert refused(renew(), 401, "Invalid or expired token")


def test_a_logout_ends_both_tokens_and_the_one_that_is_named(alice: Person, bob: Person) -> None:
    second = alice.at("produktifin")
    strange = {"refresh_token": bob.data["refresh_token"]}
    assert second.post("/auth/logout", strange).status_code == 200
    assert bob.front.call("POST", f"{BASE}/auth/refresh", strange).status_code == 200
    assert second.get("/history").status_code == 401
    third = alice.at("produktifin")
    assert third.post("/auth/logout", {"refresh_token": alice.data["refresh_token"]}).status_code == 200
    assert alice.get("/history").status_code == 401


def test_a_mailed_token_resets_the_password_once_and_ends_every_login(alice: Person, post: Post) -> None:
    assert alice.front.call("POST", f"{BASE}/auth/password/forgot", {"email": alice.email}).status_code == 200
    post.deliver(alice.email)
    body = {"token": post.token(alice.email, "Reset"), "new_password": "newStrongPass123"}
    short = alice.front.call("POST", f"{BASE}/auth/password/reset", {**body, "new_password": "short"})
    assert short.status_code == 400
    assert alice.front.call("POST", f"{BASE}/auth/password/reset", body).status_code == 200
    assert alice.get("/history").status_code == 401
    again = alice.front.call("POST", f"{BASE}/auth/password/reset", body)
    assert refused(again, 400, "This link is invalid or has expired")
    login = {"email": alice.email, "password": "newStrongPass123"}
    assert alice.front.call("POST", f"{BASE}/auth/login", login).status_code == 200


def test_whoever_resets_a_password_is_told_so_and_has_shown_that_the_address_is_read(
    alice: Person, post: Post
) -> None:
    home = alice.at("tymblok")
    assert home.get("/users/me").json["data"]["emailVerified"] is False
    alice.front.call("POST", f"{BASE}/auth/password/forgot", {"email": alice.email})
    post.deliver(alice.email)
    body = {"token": post.token(alice.email, "Reset"), "new_password": PASSWORD}
    assert alice.front.call("POST", f"{BASE}/auth/password/reset", body).status_code == 200
    assert alice.at("tymblok").get("/users/me").json["data"]["emailVerified"] is True
    post.deliver(alice.email)
    assert post.to(alice.email)[0]["subject"] == "Your Daybook password was changed"


def test_forgetting_never_tells_whether_there_is_an_account(front: Front, alice: Person) -> None:
    known = front.call("POST", f"{BASE}/auth/password/forgot", {"email": alice.email})
    unknown = front.call("POST", f"{BASE}/auth/password/forgot", {"email": "no-" + alice.email})
    assert (known.status_code, known.json) == (unknown.status_code, unknown.json)
    assert refused(front.call("POST", f"{BASE}/auth/password/forgot", {}), 400, "Missing required field: email")
