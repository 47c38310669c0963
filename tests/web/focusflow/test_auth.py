"""Accounts at FocusFlow's door."""

from __future__ import annotations

from collections.abc import Callable

from tests.cast import PASSWORD, Front, Person
from tests.web.focusflow.conftest import BASE

NEW = {"email": "new@example.com", "username": "new", "password": PASSWORD}


def test_a_wrong_registration_names_each_field(front: Front) -> None:
    answer = front.call("POST", f"{BASE}/auth/register/", {"email": "not-an-email", "username": "a b", "password": "x"})
    assert answer.status_code == 400
    error = answer.json["error"]
    assert error["code"] == "VALIDATION_ERROR"
    assert set(error["details"]) == {"email", "username", "password"}
    assert error["details"]["password"] == ["Password must be at least 8 characters"]


def test_an_email_or_a_name_in_use_is_refused_by_its_field(alice: Person) -> None:
    for field, taken in (("email", alice.email.upper()), ("username", alice.data["username"])):
        answer = alice.front.call("POST", f"{BASE}/auth/register/", {**NEW, field: taken})
        assert (answer.status_code, list(answer.json["error"]["details"])) == (400, [field])


def test_an_unknown_time_zone_is_refused_by_its_field(front: Front) -> None:
    for zone in ("Mars/Olympus_Mons", "localtime", "../etc/passwd", "utc\n", ""):
        answer = front.call("POST", f"{BASE}/auth/register/", {**NEW, "timezone": zone})
        assert (answer.status_code, list(answer.json["error"]["details"])) == (400, ["timezone"])


def test_the_refresh_token_stays_and_a_wrong_one_is_refused(alice: Person) -> None:
    tokens = alice.data["tokens"]
    for _ in range(2):
        answer = alice.front.call("POST", f"{BASE}/auth/refresh/", {"refresh": tokens["refresh"]})
        assert list(answer.json) == ["access"]
        assert alice.front.call("GET", f"{BASE}/auth/profile/", token=answer.json["access"]).status_code == 200
    for wrong in ("no-such-token", tokens["access"]):
        answer = alice.front.call("POST", f"{BASE}/auth/refresh/", {"refresh": wrong})
        assert (answer.status_code, answer.json["error"]["code"]) == (401, "AUTHENTICATION_FAILED")


def test_logging_out_ends_both_tokens_at_once(alice: Person, bob: Person) -> None:
    refresh = {"refresh": alice.data["tokens"]["refresh"]}
    assert bob.post("/auth/logout/", refresh).status_code == 401
    answer = alice.post("/auth/logout/", refresh)
    assert (answer.status_code, answer.data) == (205, b"")
    assert alice.get("/auth/profile/").status_code == 401
    assert alice.front.call("POST", f"{BASE}/auth/refresh/", refresh).status_code == 401


def test_pomodoro_settings_are_merged(alice: Person) -> None:
    change = {"first_name": "Al", "timezone": "Asia/Kathmandu", "pomodoro_settings": {"focus_duration": 30}}
    answer = alice.patch("/auth/profile/", change)
    lengths = {"focus_duration": 30, "short_break": 5, "long_break": 15, "long_break_interval": 4}
    assert answer.json["pomodoro_settings"] == lengths
    assert alice.get("/auth/profile/").json == answer.json
    for wrong in (0, -1, 1.5, "25", True, 10**9, None):
        answer = alice.patch("/auth/profile/", {"pomodoro_settings": {"focus_duration": wrong}})
        assert answer.status_code == 400
        assert list(answer.json["error"]["details"]) == ["pomodoro_settings.focus_duration"]


def test_nobody_changes_what_is_not_his_to_change(alice: Person) -> None:
    before = alice.get("/auth/profile/").json
    extra = {"id": 1, "email": "x@example.com", "user_type": "admin", "plan": "pro"}
    assert alice.patch("/auth/profile/", extra).json == before


def test_an_account_made_elsewhere_opens_this_door_and_its_token_does_not(
    meet: Callable[..., Person], front: Front
) -> None:
    tymblok = Person.register(front, "dora")
    assert tymblok.at("focusflow").get("/auth/profile/").json["email"] == tymblok.email
    assert front.call("GET", f"{BASE}/auth/profile/", token=tymblok.token).status_code == 401


def test_paths_answer_without_their_slash_too_and_never_redirect(alice: Person) -> None:
    for path in ("/auth/profile", "/projects", "/tasks", "/pomodoro/sessions", "/analytics/streaks"):
        assert alice.get(path).status_code == 200
        assert alice.get(path + "/", headers=None).status_code == 200


def test_the_version_header_is_accepted(alice: Person) -> None:
    headers = {"Accept": "application/json; version=2.0"}
    assert alice.call("GET", "/projects/", headers=headers).status_code == 200
