"""One account, five doors: what is made at one is true at the others, and no token passes for another."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from werkzeug.test import TestResponse

from tests.cast import PASSWORD, Front, Person

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Door:
    """How a contract is entered: paths below `base`, and where tokens stand in its answers."""

    name: str
    base: str
    register: str
    login: str
    refresh: str
    look: tuple[str, str]
    """Something that only a caller who is known may do."""
    access_of: Callable[[Any], str]
    refresh_of: Callable[[Any], str]
    refresh_field: str = "refresh_token"

    def enter(self, email: str, username: str, *, path: str | None = None) -> TestResponse:
        body = {"email": email, "password": PASSWORD, "name": "Ada Byron", "username": username}
        return elsewhere().call("POST", self.base + (path or self.login), body)

    def tokens(self, email: str, username: str) -> tuple[str, str]:
        answer = self.enter(email, username)
        assert answer.status_code == 200, answer.text
        if self.name == "pomodoro-timer":
            return self.access_of(answer.json), answer.headers["Set-Cookie"].partition(";")[0].partition("=")[2]
        return self.access_of(answer.json), self.refresh_of(answer.json)

    def seen_with(self, token: str) -> TestResponse:
        method, path = self.look
        return elsewhere().call(method, self.base + path, token=token)

    def renewed_with(self, token: str) -> TestResponse:
        if self.name == "pomodoro-timer":
            return elsewhere().call("POST", self.base + self.refresh, headers={"Cookie": f"refreshToken={token}"})
        return elsewhere().call("POST", self.base + self.refresh, {self.refresh_field: token})


DOORS = (
    Door(
        "tymblok", "/tymblok/v1", "/auth/register", "/auth/login", "/auth/refresh", ("GET", "/users/me"),
        lambda body: body["data"]["accessToken"], lambda body: body["data"]["refreshToken"], "refreshToken",
    ),
    Door(
        "focusflow", "/focusflow/api/v1", "/auth/register/", "/auth/login/", "/auth/refresh/",
        ("GET", "/auth/profile/"),
        lambda body: body["tokens"]["access"], lambda body: body["tokens"]["refresh"], "refresh",
    ),
    Door(
        "produktifin", "/produktifin/v1", "/auth/signup", "/auth/login", "/auth/refresh", ("GET", "/history"),
        lambda body: body["token"], lambda body: body["refresh_token"],
    ),
    Door(
        "pomodoro-timer", "/pomodoro-timer/api/v1", "/auth/register", "/auth/login", "/auth/refresh",
        ("POST", "/auth/logout"), lambda body: body["data"]["token"], lambda _: "",
    ),
    Door(
        "flow-sudoku", "/flow-sudoku/v1", "/auth/signup", "/auth/signin", "/auth/refresh",
        ("GET", "/subscription/status"), lambda body: body["access_token"], lambda body: body["refresh_token"],
    ),
)  # fmt: skip
BY_NAME = {door.name: door for door in DOORS}


def elsewhere() -> Front:
    """A network address that nobody has used, so that no limit is in the way."""
    number = next(_numbers)
    return Front(f"10.{number // 62500 % 250}.{number // 250 % 250}.{number % 250 + 1}")


def api_key(person: Person) -> str:
    answer = person.at("focusflow").post("/auth/api-keys/", {"name": "script", "scopes": ["read", "write"]})
    assert answer.status_code == 201, answer.text
    return answer.json["key"]


@pytest.mark.parametrize("origin", DOORS, ids=lambda door: door.name)
def test_who_registers_at_one_door_is_known_at_all(origin: Door) -> None:
    number = next(_numbers)
    email = f"Ada{number}@Example.com"
    made = origin.enter(email, f"ada{number}", path=origin.register)
    assert made.status_code == 201, made.text
    for door in DOORS:
        assert door.enter(email.upper(), f"x{number}", path=door.register).status_code in (400, 409)
        access, refresh = door.tokens(email.lower(), f"ada{number}")
        assert door.renewed_with(refresh).status_code == 200
        assert door.seen_with(access).status_code == 200


@pytest.mark.parametrize("origin", DOORS, ids=lambda door: door.name)
def test_a_token_is_good_for_its_own_kind_and_door_alone(origin: Door, alice: Person) -> None:
    for door in DOORS:
        access, refresh = origin.tokens(alice.email, alice.username)
        is_home = door is origin
        seen = {
            "refresh as access": door.seen_with(refresh),
            "access as refresh": door.renewed_with(access),
            "refresh": door.renewed_with(refresh),
            "access": door.seen_with(access),
        }
        wanted = {
            "refresh as access": 401,
            "access as refresh": 401,
            "refresh": 200 if is_home else 401,
            "access": 200 if is_home else 401,
        }
        assert {what: answer.status_code for what, answer in seen.items()} == wanted, (origin.name, door.name)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_tokens_live_as_long_as_is_written_down(door: Door, alice: Person) -> None:
    access, refresh = door.tokens(alice.email, alice.username)
    part = access.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    assert claims["exp"] - claims["iat"] == (900 if door.name == "tymblok" else 3600)
    entered = datetime.fromtimestamp(claims["iat"], UTC)
    with time_machine.travel(entered + timedelta(days=30, seconds=1), tick=False):
        assert door.renewed_with(refresh).status_code == 401
    with time_machine.travel(entered + timedelta(days=30, seconds=-2), tick=False):
        assert door.renewed_with(refresh).status_code == 200


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_tokens_are_kept_by_no_cache_and_read_by_no_other_site(door: Door, alice: Person) -> None:
    origin = {"Origin": "https://evil.example"}
    body = {"email": alice.email, "password": PASSWORD, "username": alice.username}
    answer = elsewhere().call("POST", door.base + door.login, body, headers=origin)
    assert answer.status_code == 200, answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.mimetype == "application/json" and answer.headers["Content-Type"].lower() in (
        "application/json", "application/json; charset=utf-8"
    )  # fmt: skip
    asked = elsewhere().call(
        "OPTIONS", door.base + door.login, headers=origin | {"Access-Control-Request-Method": "POST"}
    )
    for each in (answer, asked):
        assert "Access-Control-Allow-Origin" not in each.headers
        assert "Access-Control-Allow-Credentials" not in each.headers


def test_a_personal_api_token_is_good_at_every_door_and_refreshes_nothing(alice: Person) -> None:
    key = api_key(alice)
    for door in DOORS:
        # To log out takes a login; an API key has none.
        assert door.seen_with(key).status_code == (403 if door.name == "pomodoro-timer" else 200), door.name
        assert door.renewed_with(key).status_code == 401, door.name
    assert elsewhere().call("POST", "/produktifin/v1/auth/logout", {}, token=key).status_code == 403
    assert elsewhere().call("POST", "/produktifin/v1/calendar/feed", token=key).status_code == 403


@pytest.mark.parametrize("closing", ["deletion", "password"])
def test_a_deletion_and_a_new_password_close_every_door(alice: Person, closing: str) -> None:
    before = {door.name: door.tokens(alice.email, alice.username) for door in DOORS}
    key = api_key(alice)
    if closing == "deletion":
        assert alice.delete("/users/me").status_code == 200
        assert BY_NAME["produktifin"].seen_with(key).status_code == 401
    else:
        change = {"currentPassword": PASSWORD, "newPassword": "Another-Pass-9"}
        assert alice.put("/users/me/password", change).status_code == 200
        assert alice.get("/users/me").status_code == 200
    for door in DOORS:
        access, refresh = before[door.name]
        assert door.seen_with(access).status_code == 401, door.name
        assert door.renewed_with(refresh).status_code == 401, door.name
        gone, unknown = door.enter(alice.email, "alice"), door.enter(f"no-{alice.email}", "alice")
        assert gone.status_code == unknown.status_code == 401
        words = [answer.json.get("error") or answer.json.get("errors") for answer in (gone, unknown)]
        assert words[0] == words[1]


def test_a_logout_at_one_door_leaves_the_others_open(alice: Person) -> None:
    tokens = {door.name: door.tokens(alice.email, alice.username)[0] for door in DOORS}
    assert BY_NAME["pomodoro-timer"].seen_with(tokens["pomodoro-timer"]).status_code == 200
    for door in DOORS:
        wanted = 401 if door.name == "pomodoro-timer" else 200
        assert door.seen_with(tokens[door.name]).status_code == wanted


def test_a_session_of_produktifin_is_in_focusflows_day_and_the_other_way_round(meet) -> None:
    with time_machine.travel(datetime(2026, 3, 2, 14, tzinfo=UTC), tick=False) as clock:
        alice = meet("alice")
        runner, worker = alice.at("produktifin"), alice.at("focusflow")
        session = runner.post("/pomodoro/session", {"tasks": [{"title": "Write API Spec"}]}).json["session_id"]
        clock.shift(timedelta(minutes=10))
        active = worker.get("/pomodoro/active/").json
        assert (active["elapsed_seconds"], active["is_break"]) == (600, False)
        task = worker.post("/tasks/", {"title": "Review"}).json
        assert worker.post(f"/tasks/{task['id']}/start/").status_code == 409
        clock.shift(timedelta(minutes=18))
        runner.patch(f"/pomodoro/session/{session}/finish")
        day = worker.get("/analytics/daily/").json
        assert (day["total_focus_seconds"], day["total_pomodoros"]) == (1500, 1)
        assert {each["title"] for each in worker.get("/tasks/").json["results"]} == {"Write API Spec", "Review"}
        assert worker.post(f"/tasks/{task['id']}/start/").status_code in (200, 201)
        clock.shift(timedelta(minutes=25))
        (newest, oldest) = runner.at("produktifin").get("/history").json["sessions"]
        assert oldest["id"] == session
        assert (newest["status"], newest["pomodoros"], newest["duration_total"]) == ("finished", 1, 25)
        assert runner.get(f"/history/{newest['id']}").json["tasks"] == [{"title": "Review", "is_done": False}]
        assert worker.post("/pomodoro/break/start/", {"break_type": "short"}).status_code == 201
        clock.shift(timedelta(minutes=5))
        assert len(runner.at("produktifin").get("/history").json["sessions"]) == 2


def test_a_task_that_is_paused_at_produktifin_is_paused_at_focusflow(alice: Person) -> None:
    runner, worker = alice.at("produktifin"), alice.at("focusflow")
    task = worker.post("/tasks/", {"title": "Review"}).json["id"]
    worker.post(f"/tasks/{task}/start/")
    status = lambda: worker.get(f"/tasks/{task}/").json["status"]  # noqa: E731
    (running,) = runner.get("/history", status="running").json["sessions"]
    uid = running["id"]
    assert runner.patch(f"/pomodoro/session/{uid}/pause").json["status"] == "paused"
    assert status() == "paused"
    assert runner.patch(f"/pomodoro/session/{uid}/resume").json["status"] == "running"
    assert status() == "in_progress"
    runner.patch(f"/pomodoro/session/{uid}/pause")
    assert runner.patch(f"/history/{uid}/resume").status_code == 200
    assert status() == "in_progress"


def test_a_plan_is_the_same_at_all_doors(alice: Person) -> None:
    player = alice.at("flow-sudoku")
    assert player.get("/subscription/status").json["tier"] == "free"
    alice.upgrade("pro_yearly")
    assert player.get("/subscription/status").json["tier"] == "studio"
    assert alice.get("/subscriptions/current").json["data"]["planId"] == "pro_yearly"


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_a_calendar_feed_is_opened_where_there_is_a_calendar_or_a_profile(door: Door, alice: Person) -> None:
    paths = {"tymblok": "/settings/calendar-feed", "focusflow": "/auth/calendar-feed/", "produktifin": "/calendar/feed"}
    if door.name not in paths:
        assert elsewhere().call("POST", door.base + "/calendar/feed").status_code == 404
        return
    person = alice.at(door.name)
    made = person.post(paths[door.name])
    assert made.status_code == 201
    address = made.json.get("url") or made.json["data"]["url"]
    assert elsewhere().call("GET", address.removeprefix("http://daybook.test")).status_code == 200
    assert person.delete(paths[door.name]).status_code == 204
    assert elsewhere().call("GET", address.removeprefix("http://daybook.test")).status_code == 404

