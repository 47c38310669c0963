"""Invitations: one token, one person, one use."""

from __future__ import annotations

import logging
from collections import Counter

import pytest
from sqlalchemy import text

from tests.cast import Person, transaction
from tests.parallel import at_once
from tests.post import Post
from tests.web.focusflow.conftest import Clock
from tests.web.focusflow.crew import Meet, Team, at_v2


def accept(person: Person, token: str) -> int:
    return at_v2(person).post("/invites/accept/", {"token": token}).status_code


def test_the_letter_brings_the_link_that_the_answer_shows(alice: Person, bob: Person, post: Post) -> None:
    team = Team(alice)
    body = {"email": bob.email, "role": "manager", "message": "Welcome to the team!"}
    invite = team.post(alice, "invites/", body, 201)
    assert len(invite["invite_token"]) == 64 and invite["invite_url"].endswith(f"/invite/{invite['invite_token']}")
    post.deliver(bob.email)
    letter = post.to(bob.email, "invites you")[0]["text"]
    assert invite["invite_url"] in letter and "Welcome to the team!" in letter and "as manager" in letter
    page = alice.front.call("GET", f"/invite/{invite['invite_token']}")
    assert page.status_code == 200 and "Acme Startup" in page.text and bob.email in page.text
    assert alice.front.call("GET", "/invite/nothing").status_code == 404


def test_a_name_with_line_breaks_cannot_write_headers(alice: Person, bob: Person, post: Post) -> None:
    team = Team(alice)
    at_v2(alice).patch(team.path(), {"name": "Acme\r\nBcc: victim@example.com"})
    team.invite(bob.email)
    post.deliver(bob.email)
    assert post.to(bob.email, "invites you")[0]["subject"].endswith("to Acme Bcc: victim@example.com")


def test_a_token_is_used_once(alice: Person, bob: Person) -> None:
    team = Team(alice)
    token = team.invite(bob.email)
    assert (accept(bob, token), accept(bob, token)) == (200, 409)
    team.remove(bob)
    assert accept(bob, token) == 409


def test_twenty_at_once_make_one_membership(alice: Person, bob: Person) -> None:
    team = Team(alice)
    token = team.invite(bob.email)
    assert Counter(at_once(*[lambda: accept(bob, token)] * 20)) == {200: 1, 409: 19}
    assert team.get(alice, "members/", role="employee")["count"] == 1


def test_a_token_opens_for_the_invited_address_alone(alice: Person, bob: Person, charlie: Person) -> None:
    team = Team(alice)
    token = team.invite(bob.email.upper())
    assert accept(charlie, token) == 403
    assert accept(bob, token) == 200


def test_a_token_ends_after_seven_days(alice: Person, bob: Person, clock: Clock) -> None:
    team = Team(alice)
    token = team.invite(bob.email)
    clock.wait(days=7, seconds=1)
    assert accept(bob, token) == 404
    assert team.get(alice, "invites/")["count"] == 0


def test_a_withdrawn_or_replaced_invitation_opens_nothing(alice: Person, bob: Person) -> None:
    team = Team(alice)
    first = team.invite(bob.email, "admin")
    second = team.invite(bob.email)
    assert accept(bob, first) == 404
    [listed] = team.get(alice, "invites/")["results"]
    assert "token" not in str(listed) and listed["invited_by"]["id"] == alice.data["id"]
    assert at_v2(alice).delete(team.path(f"invites/{listed['id']}/")).status_code == 204
    assert at_v2(alice).delete(team.path(f"invites/{listed['id']}/")).status_code == 404
    assert accept(bob, second) == 404


def test_nobody_gives_a_role_above_his_own(alice: Person, bob: Person, charlie: Person) -> None:
    team = Team(alice)
    team.take_in(bob, "manager")
    team.post(bob, "invites/", {"email": charlie.email, "role": "admin"}, 403)
    team.post(bob, "invites/", {"email": charlie.email, "role": "manager"}, 201)


@pytest.mark.parametrize("fate", ["removed", "demoted", "closed"])
def test_an_invitation_ends_with_its_inviters_right(alice: Person, bob: Person, charlie: Person, fate: str) -> None:
    from models.users import User

    team = Team(alice)
    team.take_in(bob, "manager")
    token = team.invite(charlie.email, by=bob)
    if fate == "removed":
        team.remove(bob)
    elif fate == "demoted":
        at_v2(alice).patch(team.path(f"members/{bob.data['id']}/"), {"role": "employee"})
    else:
        with transaction():
            found = User.by_email(bob.email)
            assert found is not None
            found.delete()
    assert accept(charlie, token) == 403


def test_a_member_is_not_invited_again(alice: Person, bob: Person) -> None:
    team = Team(alice)
    team.take_in(bob)
    team.post(alice, "invites/", {"email": bob.email, "role": "admin"}, 409)


def test_the_token_is_kept_nowhere(alice: Person, bob: Person, caplog: pytest.LogCaptureFixture) -> None:
    from models.db import engine

    team = Team(alice)
    with caplog.at_level(logging.DEBUG):
        token = team.invite(bob.email)
    assert token not in caplog.text
    assert token not in str(team.get(alice, "members/")) + str(team.get(alice, "dashboard/activity/"))
    with engine.connect() as connection:
        for table in ("invites", "mails", "activities", "live_events"):
            rows = connection.execute(text(f"SELECT * FROM {table}")).all()
            assert rows is not None and token not in str(rows)


def test_an_organisation_can_write_only_so_many_letters_a_day(meet: Meet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.invites.MOST_A_DAY", 3)
    alice = meet("alice")
    team = Team(alice)
    for number in range(3):
        team.invite(f"stranger{number}@example.com")
    team.post(alice, "invites/", {"email": "one-more@example.com", "role": "employee"}, 403)
