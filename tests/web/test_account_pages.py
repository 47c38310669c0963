"""The pages behind mailed links: plain forms, nothing on GET, each link once."""

from __future__ import annotations

import re
import time

import pytest
import time_machine
from werkzeug.test import TestResponse

from tests.cast import PASSWORD, Front, Person
from tests.post import Post

NEW = "AnotherPass456!"


def page(front: Front, path: str) -> TestResponse:
    return front.call("GET", path)


def press(front: Front, path: str, **form: str) -> TestResponse:
    return front.call("POST", path, data=form)


def link(post: Post, email: str, subject: str) -> str:
    post.deliver(email)
    found = re.search(r"http://daybook\.test(/account/\w+\?token=\S+)", post.to(email, subject)[0]["text"])
    assert found
    return found[1]


def token_of(path: str) -> str:
    return path.partition("token=")[2]


def login(person: Person, password: str) -> int:
    body = {"email": person.email, "password": password}
    return person.front.call("POST", "/tymblok/v1/auth/login", body).status_code


def test_an_address_is_confirmed_by_the_button_and_not_by_looking(alice: Person, post: Post) -> None:
    path = link(post, alice.email, "Confirm")
    shown = page(alice.front, path)
    assert shown.status_code == 200 and token_of(path) in shown.text and "<script" not in shown.text
    assert alice.get("/users/me").json["data"]["emailVerified"] is False
    assert press(alice.front, "/account/verify", token=token_of(path)).status_code == 200
    assert alice.get("/users/me").json["data"]["emailVerified"] is True
    assert press(alice.front, "/account/verify", token=token_of(path)).status_code == 400


def test_a_forgotten_password_is_replaced_and_every_login_ends(alice: Person, post: Post) -> None:
    assert press(alice.front, "/account/forgot", email=alice.email.upper()).status_code == 200
    path = link(post, alice.email, "Reset")
    short = press(alice.front, "/account/reset", token=token_of(path), password="short")
    assert short.status_code == 400 and "at least 8" in short.text
    assert press(alice.front, "/account/reset", token=token_of(path), password=NEW).status_code == 200
    assert (login(alice, PASSWORD), login(alice, NEW)) == (401, 200)
    assert alice.get("/users/me").status_code == 401
    assert press(alice.front, "/account/reset", token=token_of(path), password=NEW).status_code == 400
    post.deliver(alice.email)
    assert post.to(alice.email, "was changed")


def test_asking_tells_nothing_about_who_has_an_account(alice: Person) -> None:
    answers = {press(alice.front, "/account/forgot", email=email).text for email in (alice.email, "no@example.com", "")}
    assert len(answers) == 1


def test_a_closed_account_is_had_back_by_its_link_alone(alice: Person, post: Post) -> None:
    assert alice.delete("/users/me").status_code == 200
    path = link(post, alice.email, "is closed")
    assert page(alice.front, path).status_code == 200
    assert login(alice, PASSWORD) == 401
    assert press(alice.front, "/account/restore", token=token_of(path)).status_code == 200
    assert login(alice, PASSWORD) == 200
    assert alice.get("/users/me").status_code == 401  # the old login stays ended
    assert press(alice.front, "/account/restore", token=token_of(path)).status_code == 400


def test_a_link_of_one_kind_does_nothing_of_another(alice: Person, post: Post) -> None:
    token = token_of(link(post, alice.email, "Confirm"))
    assert press(alice.front, "/account/reset", token=token, password=NEW).status_code == 400
    assert press(alice.front, "/account/restore", token=token).status_code == 400
    assert press(alice.front, "/account/verify", token=token).status_code == 200


def test_links_grow_old(alice: Person, post: Post) -> None:
    press(alice.front, "/account/forgot", email=alice.email)
    token = token_of(link(post, alice.email, "Reset"))
    with time_machine.travel(time.time() + 3601, tick=False):
        assert press(alice.front, "/account/reset", token=token, password=NEW).status_code == 400


@pytest.mark.parametrize("path", ["verify", "reset", "restore", "forgot"])
def test_odd_input_is_refused_without_a_fault(front: Front, path: str) -> None:
    for form in ({}, {"token": "x" * 5000}, {"token": "\0", "email": "\0", "password": "\0" * 9}):
        assert press(front, f"/account/{path}", **form).status_code in (200, 400)
    assert '"><script>' not in page(front, f'/account/{path}?token="><script>').text


def test_the_pages_may_be_tried_ten_times_a_minute(front: Front) -> None:
    statuses = [press(front, "/account/verify", token="x").status_code for _ in range(23)]
    assert 429 in statuses and statuses[:10] == [400] * 10
