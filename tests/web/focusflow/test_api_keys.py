"""Personal API tokens: for people's own programs, at every door."""

from __future__ import annotations

from datetime import UTC, datetime

import time_machine

from sandbox.app import Address
from tests.cast import PASSWORD, Front, Person


def issue(person: Person, **more: object) -> dict:
    answer = person.post("/auth/api-keys/", {"name": "My script", **more})
    assert answer.status_code == 201, answer.text
    return answer.json


def test_a_key_opens_every_door_until_it_is_revoked(alice: Person, front: Front) -> None:
    made = issue(alice)
    doors = ("/focusflow/api/v1/tasks/", "/tymblok/v1/blocks", "/produktifin/v1/history")
    assert [front.call("GET", door, token=made["key"]).status_code for door in doors] == [200, 200, 200]
    assert alice.delete(f"/auth/api-keys/{made['id']}/").status_code == 204
    assert [front.call("GET", door, token=made["key"]).status_code for door in doors] == [401, 401, 401]
    assert alice.delete(f"/auth/api-keys/{made['id']}/").status_code == 404


def test_a_key_is_shown_once_and_stored_hashed(alice: Person) -> None:
    made = issue(alice, name="Once")
    listed = alice.get("/auth/api-keys/").json["results"]
    assert [each["name"] for each in listed] == ["Once"]
    assert made["key"] not in alice.get("/auth/api-keys/").text
    assert made["key"].startswith(listed[0]["prefix"])
    assert len(made["key"]) >= 40


def test_a_key_that_may_read_may_not_write(alice: Person, front: Front) -> None:
    key = issue(alice, scopes=["read"])["key"]
    assert front.call("GET", "/focusflow/api/v1/tasks/", token=key).status_code == 200
    answer = front.call("POST", "/focusflow/api/v1/tasks/", {"title": "x"}, token=key)
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "PERMISSION_DENIED")


def test_a_key_makes_no_further_keys(alice: Person, front: Front) -> None:
    made = issue(alice)
    path = "/focusflow/api/v1/auth/api-keys/"
    assert front.call("POST", path, {"name": "another"}, token=made["key"]).status_code == 403
    assert front.call("GET", path, token=made["key"]).status_code == 403
    assert front.call("DELETE", f"{path}{made['id']}/", token=made["key"]).status_code == 403


def test_a_key_is_no_owner_of_the_account(alice: Person, front: Front, sandbox: Address) -> None:
    key = issue(alice)["key"]
    address = {"successUrl": "tymblok://a", "cancelUrl": "tymblok://b"}
    tymblok, flow, tokens = "/tymblok/v1", "/focusflow/api/v1", "/produktifin/v1"
    refused = [
        ("DELETE", f"{tymblok}/users/me", None),
        ("PUT", f"{tymblok}/users/me/password", {"currentPassword": PASSWORD, "newPassword": "Another123!"}),
        ("POST", f"{tymblok}/subscriptions/checkout", {"priceId": "pro_monthly", **address}),
        ("POST", f"{tymblok}/subscriptions/portal", None),
        ("POST", f"{tymblok}/settings/calendar-feed", None),
        ("POST", f"{tokens}/calendar/feed", None),
        ("POST", f"{flow}/auth/calendar-feed/", None),
    ]
    for method, path, body in refused:
        answer = front.call(method, path, body, token=key)
        assert answer.status_code == 403, (method, path, answer.text)
        assert "login" in answer.text
    assert front.call("PATCH", f"{tymblok}/users/me", {"name": "Al"}, token=key).status_code == 200
    assert alice.get("/auth/profile/").status_code == 200


def test_a_key_neither_closes_the_account_nor_changes_its_password(alice: Person, front: Front) -> None:
    key = issue(alice)["key"]
    change = {"currentPassword": PASSWORD, "newPassword": "Another-Pass-9"}
    assert front.call("PUT", "/tymblok/v1/users/me/password", change, token=key).status_code == 403
    assert front.call("DELETE", "/tymblok/v1/users/me", token=key).status_code == 403
    assert front.call("GET", "/tymblok/v1/users/me", token=key).status_code == 200
    assert alice.at("tymblok").get("/users/me").status_code == 200


def test_a_key_expires(alice: Person, front: Front) -> None:
    key = issue(alice, expires_at="2090-01-01T00:00:00Z")["key"]
    assert front.call("GET", "/focusflow/api/v1/tasks/", token=key).status_code == 200
    with time_machine.travel(datetime(2090, 1, 1, tzinfo=UTC), tick=False):
        answer = front.call("GET", "/focusflow/api/v1/tasks/", token=key)
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "TOKEN_EXPIRED")


def test_wrong_keys_are_refused(alice: Person) -> None:
    for wrong in ({}, {"name": ""}, {"name": "x", "scopes": []}, {"name": "x", "scopes": ["admin"]}):
        assert alice.post("/auth/api-keys/", wrong).status_code == 400
    past = alice.post("/auth/api-keys/", {"name": "x", "expires_at": "2001-01-01T00:00:00Z"})
    assert list(past.json["error"]["details"]) == ["expires_at"]


def test_another_users_key_is_not_found(alice: Person, bob: Person) -> None:
    made = issue(alice)
    assert bob.delete(f"/auth/api-keys/{made['id']}/").status_code == 404
    assert bob.get("/auth/api-keys/").json["count"] == 0


def test_last_use_is_noted(alice: Person, front: Front) -> None:
    made = issue(alice)
    assert made["last_used_at"] is None
    front.call("GET", "/focusflow/api/v1/tasks/", token=made["key"])
    assert alice.get("/auth/api-keys/").json["results"][0]["last_used_at"] is not None
