"""The caller's own account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.cast import PASSWORD, Front, Person
from tests.connect import Provider, come_back, connect, consent
from tests.post import Post
from tests.web.tymblok.test_auth import USER_KEYS, error, login, renew, works

ANOTHER = "NewPass456!"
FOREIGN = {
    "id": 1, "uid": "00000000-0000-4000-8000-000000000000", "email": "x@example.com", "username": "root",
    "emailVerified": True, "isEmailVerified": True, "email_verified_at": "2026-01-01T00:00:00Z",
    "plan": "pro_monthly", "planId": "pro_monthly", "tier": "studio", "stripeCustomerId": "cus_x",
    "role": "admin", "isAdmin": True, "is_staff": True, "userType": "manager", "organization": 1,
    "createdAt": "2020-01-01", "created_at": "2020-01-01T00:00:00Z", "deletedAt": None,
    "passwordHash": "x", "password_hash": "x", "theme": "dark",
    "__proto__": {"plan": "pro_monthly"}, "constructor": {"prototype": {}},
}  # fmt: skip
"""What nobody may set at an endpoint that does not document it."""


def test_the_profile_is_as_documented(alice: Person) -> None:
    user = alice.get("/users/me").json["data"]
    assert set(user) == USER_KEYS and user == alice.data["user"]


def test_name_picture_and_time_zone_can_be_changed(alice: Person) -> None:
    changes = {"name": "Zoë Ångström 张伟", "avatarUrl": "https://example.com/a.png?x=1", "timezone": "Asia/Kathmandu"}
    answer = alice.patch("/users/me", changes)
    assert answer.status_code == 200 and answer.json["data"].items() >= changes.items()
    assert alice.get("/users/me").json["data"] == answer.json["data"]
    assert alice.patch("/users/me", {"avatarUrl": None}).json["data"]["avatarUrl"] is None
    assert alice.patch("/users/me", {}).json["data"]["name"] == "Zoë Ångström 张伟"


@pytest.mark.parametrize("name", ["Cher", "Jean  Luc Picard", "Anna-Lena von der Wiesenburg"])
def test_a_name_comes_back_as_it_was_given(alice: Person, name: str) -> None:
    assert alice.patch("/users/me", {"name": name}).json["data"]["name"] == name


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", None),
        ("name", "x" * 201),
        ("name", 5),
        ("avatarUrl", "javascript:alert(1)"),
        ("avatarUrl", "data:text/html,x"),
        ("avatarUrl", "not an address"),
        ("avatarUrl", "https://example.com/" + "x" * 2000),
        ("timezone", "Mars/Olympus"),
        ("timezone", "America"),
        ("timezone", "../etc/passwd"),
        ("timezone", "localtime"),
        ("timezone", "europe/stockholm"),
        ("timezone", "Europe/Stockholm\n"),
        ("timezone", None),
    ],
)
def test_a_wrong_value_is_named_and_changes_nothing(alice: Person, field: str, value: object) -> None:
    answer = alice.patch("/users/me", {"name": "Changed", field: value} if field != "name" else {field: value})
    assert error(answer) == (400, "VALIDATION_ERROR")
    assert [detail["field"] for detail in answer.json["error"]["details"]] == [field]
    assert alice.get("/users/me").json["data"] == alice.data["user"]


def test_what_is_not_documented_cannot_be_set(alice: Person) -> None:
    before = alice.get("/users/me").json["data"]
    assert alice.patch("/users/me", FOREIGN).status_code == 200
    assert alice.get("/users/me").json["data"] == before
    assert alice.get("/categories").status_code == 200
    for n in range(3):
        assert alice.post("/categories", {"name": f"c{n}", "color": "#fff", "icon": "x"}).status_code == 201
    assert alice.post("/categories", {"name": "c4", "color": "#fff", "icon": "x"}).status_code == 403, "still free"


def test_registering_sets_nothing_that_is_not_documented(front: Front, address: str) -> None:
    body = {**FOREIGN, "email": f"plain-{address}@example.com", "password": PASSWORD, "name": "Plain"}
    user = front.call("POST", "/tymblok/v1/auth/register", body).json["data"]["user"]
    assert user["emailVerified"] is False and user["theme"] == "system"
    assert user["id"] != FOREIGN["uid"] and user["createdAt"] > "2024"


# -- password


def change(person: Person, current: str = PASSWORD, new: str = ANOTHER) -> object:
    return person.put("/users/me/password", {"currentPassword": current, "newPassword": new})


def test_a_new_password_replaces_the_old_and_is_told_by_mail(front: Front, alice: Person, post: Post) -> None:
    answer = change(alice)
    assert answer.status_code == 200 and answer.json["data"] == {"message": "Password changed successfully"}
    assert login(front, alice.email).status_code == 401 and login(front, alice.email, ANOTHER).status_code == 200
    post.deliver(alice.email)
    assert len(post.to(alice.email, "Your Daybook password was changed")) == 1


def test_a_new_password_ends_every_other_login(front: Front, alice: Person) -> None:
    other = login(front, alice.email).json["data"]
    change(alice)
    assert works(front, alice.token) and renew(front, alice.data["refreshToken"]).status_code == 200
    assert not works(front, other["accessToken"])
    assert error(renew(front, other["refreshToken"])) == (401, "AUTH_TOKEN_INVALID")


def test_a_wrong_current_password_changes_nothing(front: Front, alice: Person) -> None:
    assert error(change(alice, current="wrong password")) == (401, "AUTH_INVALID_CREDENTIALS")
    assert login(front, alice.email).status_code == 200


@pytest.mark.parametrize("new", ["short", "", "x" * 1025, None, 12345678])
def test_a_new_password_has_the_rules_of_the_first(alice: Person, new: object) -> None:
    answer = change(alice, new=new)
    assert error(answer) == (400, "VALIDATION_ERROR")
    assert {detail["field"] for detail in answer.json["error"]["details"]} == {"newPassword"}


def test_the_current_password_cannot_be_guessed_without_end(front: Front, alice: Person) -> None:
    statuses = [change(alice, current=f"guess {n}").status_code for n in range(15)]
    assert statuses.count(401) <= 10 and 429 in statuses, "a borrowed session may not try the whole dictionary"


# -- deletion


def test_deleting_answers_with_the_day_of_the_purge(alice: Person) -> None:
    data = alice.delete("/users/me").json["data"]
    assert data["message"] == "Account scheduled for deletion"
    ahead = datetime.fromisoformat(data["deletionDate"]) - datetime.now(UTC)
    assert abs(ahead - timedelta(days=30)) < timedelta(minutes=1)


def test_deleting_closes_every_door(front: Front, alice: Person, github: Provider, post: Post) -> None:
    other = login(front, alice.email).json["data"]
    front.call("POST", "/tymblok/v1/auth/forgot-password", {"email": alice.email})
    post.deliver(alice.email)
    reset_token = post.token(alice.email, "Reset your Daybook password")
    started = alice.post("/integrations/github/connect", {}).json["data"]["authUrl"]
    assert alice.delete("/users/me").status_code == 200
    for data in (alice.data, other):
        assert not works(front, data["accessToken"])
        assert error(renew(front, data["refreshToken"])) == (401, "AUTH_TOKEN_INVALID")
    assert error(login(front, alice.email)) == (401, "AUTH_INVALID_CREDENTIALS")
    reset = {"token": reset_token, "password": ANOTHER}
    assert error(front.call("POST", "/tymblok/v1/auth/reset-password", reset)) == (400, "AUTH_TOKEN_INVALID")
    assert "was not connected" in come_back(alice, consent(started)).text
    assert error(alice.delete("/users/me")) == (401, "AUTH_TOKEN_INVALID"), "twice is once"


def test_a_deleted_accounts_email_is_not_free_before_the_purge(front: Front, alice: Person) -> None:
    alice.delete("/users/me")
    body = {"email": alice.email, "password": PASSWORD, "name": "Somebody else"}
    assert error(front.call("POST", "/tymblok/v1/auth/register", body)) == (409, "CONFLICT")


def test_deletion_is_told_by_mail_with_the_way_back(alice: Person, post: Post) -> None:
    alice.delete("/users/me")
    post.deliver(alice.email)
    (mail,) = post.to(alice.email, "Your Daybook account is closed")
    assert "/account/restore?token=" in mail["text"]


def test_deleting_leaves_others_alone(alice: Person, bob: Person, github: Provider) -> None:
    connect(bob, "github", "jun")
    before = bob.get("/inbox").json["data"]
    alice.delete("/users/me")
    assert bob.get("/inbox").json["data"] == before and bob.get("/users/me").status_code == 200
