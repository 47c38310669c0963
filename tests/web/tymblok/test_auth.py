"""Accounts and tokens through Tymblok's door."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from werkzeug.test import TestResponse

from tests.cast import PASSWORD, Front, Person
from tests.parallel import at_once
from tests.post import Post

AUTH = "/tymblok/v1/auth"
ANOTHER = "NewSecurePass123!"
USER_KEYS = {
    "id", "email", "name", "avatarUrl", "theme", "highContrast", "reduceMotion", "textSize", "emailVerified",
    "createdAt", "timezone",
}  # fmt: skip


def error(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def login(front: Front, email: str, password: str = PASSWORD) -> TestResponse:
    return front.call("POST", f"{AUTH}/login", {"email": email, "password": password})


def renew(front: Front, token: str) -> TestResponse:
    return front.call("POST", f"{AUTH}/refresh", {"refreshToken": token})


def works(front: Front, access_token: str) -> bool:
    return front.call("GET", "/tymblok/v1/users/me", token=access_token).status_code == 200


def later(**span: float) -> time_machine.travel:
    return time_machine.travel(datetime.now(UTC) + timedelta(**span))


# -- register


def test_registering_answers_as_the_example(front: Front) -> None:
    body = {"email": "John@Example.com", "password": PASSWORD, "name": "John Doe"}
    answer = front.call("POST", f"{AUTH}/register", body)
    data = answer.json["data"]
    assert answer.status_code == 201 and set(data) == {"accessToken", "refreshToken", "expiresIn", "user"}
    assert data["expiresIn"] == 900 and set(data["user"]) == USER_KEYS
    user = data["user"]
    assert (user["email"], user["name"], user["avatarUrl"], user["theme"], user["emailVerified"]) == (
        "John@Example.com", "John Doe", None, "system", False,
    )  # fmt: skip
    assert user["createdAt"].endswith("Z") and works(front, data["accessToken"])
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("spelling", ["{}", " {} ", "upper", "title"])
def test_an_email_registers_once_however_it_is_spelled(front: Front, alice: Person, spelling: str) -> None:
    email = getattr(alice.email, spelling)() if spelling.isalpha() else spelling.format(alice.email)
    answer = front.call("POST", f"{AUTH}/register", {"email": email, "password": PASSWORD, "name": "Twin"})
    assert error(answer) == (409, "CONFLICT")


def test_twenty_registrations_at_once_make_one_account(front: Front, address: str) -> None:
    body = {"email": f"race-{address}@example.com", "password": PASSWORD, "name": "Race"}
    acts = [lambda n=n: Front(f"127.201.7.{n}").call("POST", f"{AUTH}/register", body) for n in range(1, 21)]
    assert sorted(answer.status_code for answer in at_once(*acts)) == [201] + [409] * 19


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "john"),
        ("email", "john@"),
        ("email", "a b@example.com"),
        ("email", "x" * 250 + "@example.com"),
        ("email", None),
        ("email", ["john@example.com"]),
        ("password", "Short1!"),
        ("password", ""),
        ("password", "x" * 1025),
        ("password", "ä" * 600),
        ("password", None),
        ("password", 12345678),
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 201),
        ("name", None),
    ],
)
def test_what_is_wrong_in_a_registration_is_named(front: Front, address: str, field: str, value: object) -> None:
    body = {"email": f"{address}@example.com", "password": PASSWORD, "name": "John Doe"} | {field: value}
    answer = front.call("POST", f"{AUTH}/register", body)
    assert error(answer) == (400, "VALIDATION_ERROR")
    assert [detail["field"] for detail in answer.json["error"]["details"]] == [field]


def test_all_that_is_missing_is_named_at_once(front: Front) -> None:
    answer = front.call("POST", f"{AUTH}/register", {})
    assert {detail["field"] for detail in answer.json["error"]["details"]} == {"email", "password", "name"}


@pytest.mark.parametrize("password", ["        ", "päßwörter", "密码密码密码密码", "x" * 1024, " with spaces around "])
def test_any_eight_characters_are_a_password(front: Front, address: str, password: str) -> None:
    email = f"any-{address}@example.com"
    body = {"email": email, "password": password, "name": "Any"}
    assert front.call("POST", f"{AUTH}/register", body).status_code == 201
    assert login(front, email, password).status_code == 200
    assert login(front, email, password[:-1]).status_code == 401


# -- log in


def test_logging_in_answers_as_registering_does(front: Front, alice: Person) -> None:
    data = login(front, alice.email).json["data"]
    assert set(data) == {"accessToken", "refreshToken", "expiresIn", "user"}
    assert data["user"] == alice.data["user"]
    assert data["refreshToken"] != alice.data["refreshToken"], "each login is one of its own"


@pytest.mark.parametrize("spelling", ["upper", "title", "swapcase"])
def test_the_case_of_an_email_does_not_matter(front: Front, alice: Person, spelling: str) -> None:
    assert login(front, getattr(alice.email, spelling)()).status_code == 200


def test_wrong_unknown_and_deleted_answer_alike(front: Front, alice: Person, bob: Person) -> None:
    bob.delete("/users/me")
    answers = [login(front, alice.email, "wrong password"), login(front, "nobody@example.com"), login(front, bob.email)]
    assert {error(answer) for answer in answers} == {(401, "AUTH_INVALID_CREDENTIALS")}
    assert len({json.dumps(answer.json["error"]) for answer in answers}) == 1
    ignored = {"X-Request-Id", "X-RateLimit-Remaining", "Date", "Content-Length"}
    headers = [{name: value for name, value in answer.headers if name not in ignored} for answer in answers]
    assert headers[0] == headers[1] == headers[2]


def test_ten_wrong_passwords_a_minute_are_looked_at(front: Front, alice: Person, address: str) -> None:
    assert login(front, alice.email).status_code == 200, "from here the owner has logged in before"
    with time_machine.travel(datetime.now(UTC), tick=False):
        for number in range(1, 11):
            assert login(Front(f"127.202.1.{number}"), alice.email, "guess").status_code == 401
        for number in range(11, 201):  # from a hundred addresses
            answer = login(Front(f"127.202.1.{number % 100 + 1}"), alice.email, "guess")
            assert error(answer) == (429, "RATE_LIMITED") and 1 <= int(answer.headers["Retry-After"]) <= 60
        assert login(Front("127.202.1.199"), alice.email).status_code == 429, "even with the right one"
        assert login(front, alice.email).status_code == 200, "but the owner gets in from where he has been"
    with later(seconds=61):
        assert login(Front("127.202.1.200"), alice.email).status_code == 200


def test_guesses_in_parallel_slip_through_no_more_than_guesses_in_a_row(alice: Person) -> None:
    acts = [lambda n=n: login(Front(f"127.202.2.{n}"), alice.email, "guess") for n in range(1, 31)]
    statuses = [answer.status_code for answer in at_once(*acts)]
    assert statuses.count(401) == 10 and statuses.count(429) == 20


def test_an_unknown_email_is_limited_like_a_known_one(address: str) -> None:
    email = f"unknown-{address}@example.com"
    statuses = [login(Front(f"127.202.3.{n}"), email, "guess").status_code for n in range(1, 13)]
    assert statuses == [401] * 10 + [429] * 2


# -- refresh


def test_refreshing_gives_both_tokens_anew(front: Front, alice: Person) -> None:
    answer = renew(front, alice.data["refreshToken"])
    data = answer.json["data"]
    assert answer.status_code == 200 and set(data) == {"accessToken", "refreshToken", "expiresIn"}
    assert data["expiresIn"] == 900 and data["refreshToken"] != alice.data["refreshToken"]
    assert works(front, data["accessToken"]) and works(front, alice.token), "the access token lives out its time"


def test_the_predecessor_is_honoured_for_ten_seconds(front: Front, alice: Person) -> None:
    first = alice.data["refreshToken"]
    second = renew(front, first).json["data"]["refreshToken"]
    with later(seconds=9):
        again = renew(front, first)
        assert again.status_code == 200
        assert renew(front, second).status_code == 200, "and costs the others nothing"


def test_the_predecessor_after_its_grace_ends_the_login(front: Front, alice: Person) -> None:
    first = alice.data["refreshToken"]
    data = renew(front, first).json["data"]
    with later(seconds=11):
        assert error(renew(front, first)) == (401, "AUTH_TOKEN_INVALID")
        assert error(renew(front, data["refreshToken"])) == (401, "AUTH_TOKEN_INVALID")
        assert not works(front, data["accessToken"]) and not works(front, alice.token)


def test_a_grandparent_ends_the_login_at_once(front: Front, alice: Person) -> None:
    first = alice.data["refreshToken"]
    second = renew(front, first).json["data"]["refreshToken"]
    third = renew(front, second).json["data"]
    assert error(renew(front, first)) == (401, "AUTH_TOKEN_INVALID")
    assert renew(front, third["refreshToken"]).status_code == 401 and not works(front, third["accessToken"])


def test_a_replay_ends_one_login_and_no_other(front: Front, alice: Person) -> None:
    other = login(front, alice.email).json["data"]
    first = alice.data["refreshToken"]
    second = renew(front, first).json["data"]["refreshToken"]
    renew(front, second)
    renew(front, first)
    assert works(front, other["accessToken"]) and renew(front, other["refreshToken"]).status_code == 200


def test_twenty_uses_at_once_leave_one_living_login(front: Front, alice: Person) -> None:
    token = alice.data["refreshToken"]
    acts = [lambda n=n: renew(Front(f"127.203.1.{n}"), token) for n in range(1, 21)]
    answers = at_once(*acts)
    assert {answer.status_code for answer in answers} == {200}, "a burst of tabs is no theft"
    successors = {answer.json["data"]["refreshToken"] for answer in answers}
    assert len(successors) == 20
    assert renew(Front("127.203.2.1"), successors.pop()).status_code == 200


def test_a_login_lasts_thirty_days_however_often_it_is_refreshed(front: Front, alice: Person) -> None:
    token = alice.data["refreshToken"]
    for day in (10, 20, 29.99):
        with later(days=day):
            answer = renew(front, token)
            assert answer.status_code == 200
            token = answer.json["data"]["refreshToken"]
    with later(days=30.01):
        assert error(renew(front, token)) == (401, "AUTH_REFRESH_EXPIRED")


@pytest.mark.parametrize("token", ["guessed", "x" * 500, "dGhpcyBpcyBhIHJlZnJl...", "' OR 1=1 --", "é\U0001f600"])
def test_an_unknown_refresh_token_is_invalid(front: Front, token: str) -> None:
    assert error(renew(front, token)) == (401, "AUTH_TOKEN_INVALID")


def test_neither_kind_of_token_does_the_others_work(front: Front, alice: Person) -> None:
    assert error(renew(front, alice.token)) == (401, "AUTH_TOKEN_INVALID")
    assert not works(front, alice.data["refreshToken"])


# -- forgot and reset


def reset(front: Front, token: str, password: str = ANOTHER) -> TestResponse:
    return front.call("POST", f"{AUTH}/reset-password", {"token": token, "password": password})


def forgot(front: Front, email: str) -> TestResponse:
    return front.call("POST", f"{AUTH}/forgot-password", {"email": email})


RESET = "Reset your Daybook password"


def test_a_forgotten_password_is_replaced_by_mail(front: Front, alice: Person, post: Post) -> None:
    answer = forgot(front, alice.email.upper())
    assert answer.json["data"] == {"message": "If an account exists, a reset email has been sent"}
    post.deliver(alice.email)
    (mail,) = post.to(alice.email, RESET)
    assert mail["links"][0].startswith("http://daybook.test/account/reset?token=") and "60 minutes" in mail["text"]
    answer = reset(front, post.token(alice.email, RESET))
    assert answer.status_code == 200 and answer.json["data"] == {"message": "Password reset successfully"}
    assert login(front, alice.email, ANOTHER).status_code == 200
    assert login(front, alice.email).status_code == 401


def test_the_link_never_names_the_host_of_the_request(front: Front, alice: Person, post: Post) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    front.call("POST", f"{AUTH}/forgot-password", {"email": alice.email}, headers=headers)
    post.deliver(alice.email)
    assert "evil" not in post.to(alice.email, RESET)[0]["text"]


def test_forgetting_tells_nothing_of_who_has_an_account(front: Front, alice: Person, bob: Person, post: Post) -> None:
    bob.delete("/users/me")
    answers = [forgot(front, email) for email in (alice.email, bob.email, "nobody@example.com", "not an address")]
    assert len({answer.get_data(as_text=True).partition('"meta"')[0] for answer in answers}) == 1
    assert {answer.status_code for answer in answers} == {200}
    post.deliver(bob.email)
    assert post.to(bob.email, RESET) == [] and post.to("nobody@example.com") == []


def test_a_reset_ends_every_login_at_once(front: Front, alice: Person, post: Post) -> None:
    other = login(front, alice.email).json["data"]
    forgot(front, alice.email)
    post.deliver(alice.email)
    reset(front, post.token(alice.email, RESET))
    for data in (alice.data, other):
        assert not works(front, data["accessToken"])
        assert error(renew(front, data["refreshToken"])) == (401, "AUTH_TOKEN_INVALID")


def test_a_reset_token_works_once(front: Front, alice: Person, post: Post) -> None:
    forgot(front, alice.email)
    post.deliver(alice.email)
    token = post.token(alice.email, RESET)
    acts = [lambda n=n: reset(Front(f"127.204.1.{n}"), token, f"{ANOTHER}{n}") for n in range(1, 9)]
    assert sorted(answer.status_code for answer in at_once(*acts)) == [200] + [400] * 7
    assert error(reset(front, token)) == (400, "AUTH_TOKEN_INVALID")


def test_a_refused_password_does_not_use_the_token_up(front: Front, alice: Person, post: Post) -> None:
    forgot(front, alice.email)
    post.deliver(alice.email)
    token = post.token(alice.email, RESET)
    assert error(reset(front, token, "short")) == (400, "VALIDATION_ERROR")
    assert reset(front, token).status_code == 200


def test_a_reset_token_lives_sixty_minutes(front: Front, alice: Person, post: Post) -> None:
    forgot(front, alice.email)
    post.deliver(alice.email)
    token = post.token(alice.email, RESET)
    with later(minutes=60, seconds=1):
        assert error(reset(front, token)) == (400, "AUTH_TOKEN_INVALID")
    with later(minutes=59):
        assert reset(front, token).status_code == 200


def test_a_newer_reset_token_voids_the_older(front: Front, alice: Person, post: Post) -> None:
    forgot(front, alice.email)
    post.deliver(alice.email)
    first = post.token(alice.email, RESET)
    forgot(front, alice.email)
    post.deliver(alice.email)
    second = post.token(alice.email, RESET)
    assert first != second
    assert error(reset(front, first)) == (400, "AUTH_TOKEN_INVALID")
    assert reset(front, second).status_code == 200


def test_a_mailed_token_serves_its_own_purpose_alone(front: Front, alice: Person, post: Post) -> None:
    post.deliver(alice.email)
    verify = post.token(alice.email, "Confirm your e-mail address")
    assert error(reset(front, verify)) == (400, "AUTH_TOKEN_INVALID")


def test_tokens_and_mails_stand_unreadable_in_the_database(front: Front, alice: Person, post: Post) -> None:
    from models.db import Base, session
    from tests.cast import transaction

    forgot(front, alice.email)
    post.deliver(alice.email)
    secrets = {alice.data["refreshToken"], alice.token, post.token(alice.email, RESET), PASSWORD}
    with transaction(reading=True):
        for table in Base.metadata.sorted_tables:
            text = "".join(str(tuple(row)) for row in session.execute(table.select()))
            assert not [secret for secret in secrets if secret in text], f"in {table.name}"


def test_an_access_token_says_what_it_must_and_lives_fifteen_minutes(front: Front, alice: Person) -> None:
    part = alice.token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    assert set(claims) == {"iss", "aud", "sub", "sid", "typ", "iat", "exp", "jti"}
    assert claims["exp"] - claims["iat"] == 900
    assert (claims["aud"], claims["sub"]) == ("tymblok", alice.data["user"]["id"])
    with time_machine.travel(datetime.fromtimestamp(claims["exp"] - 1, UTC), tick=False):
        assert works(front, alice.token)
    with time_machine.travel(datetime.fromtimestamp(claims["exp"], UTC), tick=False):
        answer = front.call("GET", "/tymblok/v1/users/me", token=alice.token)
        assert error(answer) == (401, "AUTH_TOKEN_EXPIRED")
