"""Organisations and who is in them."""

from __future__ import annotations

import pytest

from tests.cast import Person, transaction
from tests.parallel import at_once
from tests.web.focusflow.conftest import Clock, details, do, project, task
from tests.web.focusflow.crew import Meet, Team, at_v2

TWINS = (
    "Acme",
    "ACME",
    "аcme",
    "acmé",
    "ａｃｍｅ",
    "acme ",
    "-acme",
    "acme-",
    "ac me",
    "ac/me",
    "ac%2fme",
    "ac.me",
    "١٢٣",
    "",
)


def test_the_maker_is_the_admin_and_a_member(alice: Person) -> None:
    team = Team(alice)
    found = team.get(alice)
    assert found["settings"] == {
        "default_pomodoro_duration": 25,
        "require_task_estimates": False,
        "working_hours": {"start": "09:00", "end": "17:00"},
        "working_days": [1, 2, 3, 4, 5],
        "timezone": "UTC",
    }
    assert found["statistics"]["total_members"] == found["statistics"]["active_members"] == 1
    assert at_v2(alice).get("/organizations/").json["results"][0]["role"] == "admin"
    [member] = team.get(alice, "members/")["results"]
    assert (member["role"], member["user"]["email"], member["is_active"]) == ("admin", alice.email, True)


@pytest.mark.parametrize("slug", TWINS)
def test_a_slug_that_could_look_like_another_is_refused(alice: Person, slug: str) -> None:
    answer = at_v2(alice).post("/organizations/", {"name": "Acme", "slug": slug})
    if slug == "acme ":
        assert answer.json["slug"] == "acme" if answer.status_code == 201 else answer.status_code == 409
    else:
        assert answer.status_code == 400 and "slug" in answer.json["error"]["details"]


def test_a_slug_is_given_once_also_to_many_at_once(alice: Person) -> None:
    body = {"name": "Same", "slug": f"same-{alice.data['id']}"}
    statuses = [each.status_code for each in at_once(*[lambda: at_v2(alice).post("/organizations/", body)] * 8)]
    assert sorted(statuses) == [201] + [409] * 7


def test_nobody_owns_organizations_without_end(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.organizations.MOST", 2)
    slugs = [f"many-{number}-{alice.data['id']}" for number in range(4)]
    posts = [lambda slug=slug: at_v2(alice).post("/organizations/", {"name": "Many", "slug": slug}) for slug in slugs]
    assert sorted(each.status_code for each in at_once(*posts)) == [201, 201, 409, 409]


def test_the_slug_stays_when_the_name_changes(alice: Person) -> None:
    team = Team(alice)
    change = {
        "name": "Acme Inc",
        "slug": "another",
        "id": 5,
        "is_active": False,
        "owner": 1,
        "require_task_estimates": True,
    }
    changed = at_v2(alice).patch(team.path(), change).json
    assert (changed["name"], changed["slug"], changed["id"], changed["is_active"]) == (
        "Acme Inc",
        team.slug,
        team.id,
        True,
    )
    assert changed["settings"]["require_task_estimates"] is True


def test_working_hours_and_days_can_be_changed(alice: Person) -> None:
    team = Team(alice)
    change = {"working_hours": {"start": "08:30"}, "working_days": [7, 1, 1, 4], "timezone": "Asia/Kathmandu"}
    found = at_v2(alice).patch(team.path(), change).json["settings"]
    assert found["working_hours"] == {"start": "08:30", "end": "17:00"}
    assert (found["working_days"], found["timezone"]) == ([1, 4, 7], "Asia/Kathmandu")
    assert at_v2(alice).patch(team.path(), {"working_hours": {"end": "08:00"}}).status_code == 400
    for wrong in (
        {"working_days": []},
        {"working_days": [8]},
        {"working_hours": {"start": "24:00"}},
        {"timezone": "Mars"},
    ):
        assert at_v2(alice).patch(team.path(), wrong).status_code == 400


def test_an_outsider_hears_what_one_hears_of_an_unknown_slug(alice: Person, bob: Person) -> None:
    team = Team(alice)
    known, unknown = at_v2(bob).get(team.path()), at_v2(bob).get("/organizations/nothing-here/")
    assert (known.status_code, known.json) == (unknown.status_code, unknown.json) and known.status_code == 404


def test_the_last_admin_cannot_leave_or_step_down(alice: Person, bob: Person) -> None:
    team = Team(alice)
    own = f"members/{alice.data['id']}/"
    assert at_v2(alice).patch(team.path(own), {"role": "manager"}).status_code == 409
    assert at_v2(alice).delete(team.path(own)).status_code == 409
    assert at_v2(alice).post(team.path("leave/")).status_code == 409
    team.take_in(bob, "admin")
    assert at_v2(alice).patch(team.path(own), {"role": "manager"}).status_code == 200
    assert at_v2(bob).delete(team.path(f"members/{bob.data['id']}/")).status_code == 409


def test_two_admins_cannot_both_go_at_once(meet: Meet) -> None:
    for _ in range(5):
        alice, bob = meet("alice"), meet("bob")
        team = Team(alice)
        team.take_in(bob, "admin")
        both = at_once(
            *(lambda who=who, team=team: at_v2(who).post(team.path("leave/")).status_code for who in (alice, bob))
        )
        assert sorted(both) == [204, 409]


def test_a_closed_account_is_no_admin_any_more(alice: Person, bob: Person) -> None:
    from models.users import User

    team = Team(alice)
    team.take_in(bob, "admin")
    with transaction():
        found = User.by_email(bob.email)
        assert found is not None
        found.delete()
    assert at_v2(alice).post(team.path("leave/")).status_code == 409
    assert [row["user"]["id"] for row in team.get(alice, "members/")["results"]] == [alice.data["id"]]
    figures = team.get(alice)["statistics"]
    assert (figures["total_members"], figures["active_members"]) == (2, 1)


def test_one_who_left_is_shown_where_he_is_asked_for_and_may_come_back(alice: Person, bob: Person) -> None:
    team = Team(alice)
    team.take_in(bob, "manager")
    team.remove(bob)
    ids = lambda **query: [row["user"]["id"] for row in team.get(alice, "members/", **query)["results"]]  # noqa: E731
    assert bob.data["id"] not in ids() and ids(is_active="false") == [bob.data["id"]]
    team.get(bob, expect=404)
    team.take_in(bob, "employee")
    assert team.get(alice, "members/", role="employee")["results"][0]["user"]["id"] == bob.data["id"]


def test_who_is_taken_out_stops_working_for_the_team(alice: Person, bob: Person, clock: Clock) -> None:
    team = Team(alice)
    team.take_in(bob)
    made = task(alice)
    team.assign(made, bob)
    do(bob, "start", made, pomodoro_duration=25)
    clock.wait(minutes=10)
    team.remove(bob)
    assert bob.get("/pomodoro/active/").status_code == 404
    assert bob.get(f"/tasks/{made['id']}/").status_code == 404
    assert bob.get("/tasks/").json["count"] == 0
    assert str(made["title"]) not in bob.get("/export/data/", format="csv").text.partition("\r\nsession")[0]
    [seen] = team.get(alice, "tasks/")["results"]
    assert (seen["id"], seen["owner"]["id"]) == (made["id"], bob.data["id"])
    team.assign(made, alice)
    assert details(alice, made)["total_focus_seconds"] == 600


def test_a_leavers_projects_stay_with_the_team(alice: Person, bob: Person) -> None:
    team = Team(alice)
    team.take_in(bob, "manager")
    shared, own = project(bob, "Shared", organization=team.slug), project(bob, "Own")
    team.remove(bob)
    assert bob.get(f"/projects/{shared['id']}/").status_code == 404
    assert bob.get(f"/projects/{own['id']}/").status_code == 200
    assert alice.get(f"/projects/{shared['id']}/").json["owner"]["id"] == alice.data["id"]
