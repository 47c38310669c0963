"""What belongs to an organisation, and what never does."""

from __future__ import annotations

import pytest

from tests.cast import Person, transaction
from tests.parallel import at_once
from tests.statements import counted
from tests.web.focusflow.conftest import Clock, details, do, project, task, work
from tests.web.focusflow.crew import Meet, Team, at_v2

CANARY = "kanarienvogel"


def test_assigning_makes_a_task_and_its_project_the_teams(alice: Person, bob: Person) -> None:
    team = Team(alice)
    team.take_in(bob)
    place = project(alice, "Client Project A")
    made = task(alice, "Code review", project=place["id"], estimated_pomodoros=2)
    assert team.get(alice, "tasks/")["count"] == 0
    given = team.assign(made, bob, priority="high")
    assert (given["assigned_to"]["id"], given["assigned_by"]["id"]) == (bob.data["id"], alice.data["id"])
    [row] = team.get(alice, "tasks/")["results"]
    assert (row["title"], row["owner"]["id"], row["project"]["name"]) == (
        "Code review",
        bob.data["id"],
        "Client Project A",
    )
    assert details(bob, made)["organization"] == team.slug
    assert alice.get(f"/tasks/{made['id']}/").status_code == 404
    assert alice.get(f"/projects/{place['id']}/").json["organization"] == team.slug


def test_a_manager_assigns_the_teams_tasks_and_his_own_and_nobody_elses(
    alice: Person, bob: Person, charlie: Person
) -> None:
    team = Team(alice)
    team.take_in(bob), team.take_in(charlie, "manager")
    for foreign in (task(bob, "Personal"), task(charlie, "Another manager's own")):
        body = {"task_id": foreign["id"], "assigned_to": bob.data["id"]}
        unknown = team.post(alice, "tasks/assign/", {**body, "task_id": 10**9}, 404)
        assert team.post(alice, "tasks/assign/", body, 404) == unknown
    ours = task(alice)
    team.assign(ours, bob)
    team.assign(ours, charlie, by=charlie)
    assert details(charlie, ours)["id"] == ours["id"]


def test_a_task_goes_to_members_alone(alice: Person, bob: Person, charlie: Person) -> None:
    team = Team(alice)
    team.take_in(charlie)
    team.remove(charlie)
    for nobody in (bob.data["id"], charlie.data["id"], 10**9):
        team.post(alice, "tasks/assign/", {"task_id": task(alice)["id"], "assigned_to": nobody}, 404)


def test_a_task_of_another_team_is_not_there(alice: Person, bob: Person) -> None:
    ours, theirs = Team(alice), Team(alice)
    made = task(alice, project=project(alice)["id"])
    theirs.assign(made, alice)
    ours.post(alice, "tasks/assign/", {"task_id": made["id"], "assigned_to": alice.data["id"]}, 404)
    sibling = task(alice)
    alice.patch(f"/tasks/{sibling['id']}/", {"project": made["project"]["id"]})
    ours.post(alice, "tasks/assign/", {"task_id": sibling["id"], "assigned_to": alice.data["id"]}, 404)


def test_what_is_done_cannot_be_assigned(alice: Person) -> None:
    team, made = Team(alice), task(alice)
    do(alice, "complete", made)
    team.post(alice, "tasks/assign/", {"task_id": made["id"], "assigned_to": alice.data["id"]}, 409)


def test_a_team_may_want_estimates(alice: Person, bob: Person) -> None:
    team = Team(alice, require_task_estimates=True)
    team.take_in(bob)
    team.post(alice, "tasks/assign/", {"task_id": task(alice)["id"], "assigned_to": bob.data["id"]}, 400)
    team.assign(task(alice, estimated_pomodoros=1), bob)
    assert bob.post("/tasks/", {"title": "Mine", "organization": team.slug}).status_code == 400
    assert bob.post("/tasks/", {"title": "Mine"}).status_code == 201


def test_reassigning_ends_the_first_ones_clock(alice: Person, bob: Person, charlie: Person, clock: Clock) -> None:
    team = Team(alice)
    team.take_in(bob), team.take_in(charlie)
    made = task(alice)
    team.assign(made, bob)
    do(bob, "start", made, pomodoro_duration=25)
    clock.wait(minutes=7)
    team.assign(made, charlie)
    assert bob.get("/pomodoro/active/").status_code == 404
    do(charlie, "start", made, pomodoro_duration=25)
    clock.wait(minutes=5)
    do(charlie, "complete", made)
    found = {row["user"]["id"]: row["focus_hours"] for row in team.get(alice, "analytics/team/")["employee_breakdown"]}
    assert (found[bob.data["id"]], found[charlie.data["id"]]) == (0.12, 0.08)


def test_parallel_assignments_leave_one_owner(alice: Person, bob: Person, charlie: Person) -> None:
    team = Team(alice)
    team.take_in(bob), team.take_in(charlie)
    made = task(alice)
    both = [
        lambda who=who: at_v2(alice).post(
            team.path("tasks/assign/"), {"task_id": made["id"], "assigned_to": who.data["id"]}
        )
        for who in (bob, charlie) * 4
    ]
    assert {each.status_code for each in at_once(*both)} <= {200, 409}
    owners = [who for who in (bob, charlie) if who.get(f"/tasks/{made['id']}/").status_code == 200]
    assert len(owners) == 1 and team.get(alice, "tasks/")["count"] == 1


def test_a_task_follows_its_project_into_the_team_and_not_out(alice: Person, bob: Person) -> None:
    team = Team(alice)
    team.take_in(bob)
    shared = project(alice, "Shared", organization=team.slug)
    assert [each["id"] for each in bob.get("/projects/", organization=team.slug).json["results"]] == [shared["id"]]
    assert bob.get("/projects/").json["count"] == 0
    made = task(bob, "For the team", project=shared["id"])
    assert made["organization"] == team.slug
    own = project(bob, "Own")
    assert bob.patch(f"/tasks/{made['id']}/", {"project": own["id"]}).status_code == 400
    assert bob.patch(f"/tasks/{made['id']}/", {"project": None}).json["organization"] == team.slug
    assert bob.post("/tasks/", {"title": "x", "project": own["id"], "organization": team.slug}).status_code == 400
    assert bob.post("/projects/", {"name": "x", "organization": team.slug}).status_code == 403


def test_a_foreign_team_can_be_named_by_nobody(alice: Person, bob: Person) -> None:
    team = Team(alice)
    shared = project(alice, "Shared", organization=team.slug)
    for body in ({"title": "x", "organization": team.slug}, {"title": "x", "project": shared["id"]}):
        assert bob.post("/tasks/", body).status_code == 400
    assert bob.post("/projects/", {"name": "x", "organization": team.slug}).status_code == 400
    assert bob.get("/projects/", organization=team.slug).json["count"] == 0
    assert bob.get("/tasks/", organization=team.slug).json["count"] == 0


def test_a_start_takes_the_teams_usual_length(alice: Person, bob: Person) -> None:
    team = Team(alice, default_pomodoro_duration=50)
    team.take_in(bob)
    made = task(alice)
    team.assign(made, bob)
    assert do(bob, "start", made)["pomodoro_session"]["duration_minutes"] == 50


MANAGER_SEES = (
    "", "members/", "tasks/", "dashboard/activity/", "dashboard/overview/", "analytics/team/",
    "analytics/export/?format=csv&report_type=team", "analytics/export/?format=csv&report_type=project",
    "analytics/export/?format=csv&report_type=individual",
)  # fmt: skip


@pytest.mark.parametrize("path", [*MANAGER_SEES, "employees/{id}/"])
def test_personal_work_never_shows(alice: Person, bob: Person, clock: Clock, path: str) -> None:
    team = Team(alice)
    team.take_in(bob)
    before = at_v2(alice).get(team.path(path.format(id=bob.data["id"]))).text
    secret = project(bob, f"{CANARY} project")
    done = task(bob, f"{CANARY} done", project=secret["id"])
    work(bob, clock, 1500, done)
    do(bob, "complete", done)
    do(bob, "start", task(bob, f"{CANARY} now", project=secret["id"]))
    clock.wait(minutes=5)
    after = at_v2(alice).get(team.path(path.format(id=bob.data["id"])))
    assert after.status_code == 200 and CANARY not in after.text
    assert after.text == before


def test_neither_feed_nor_hooks_nor_managers_hear_of_personal_work(alice: Person, bob: Person, clock: Clock) -> None:
    from sqlalchemy import func, select

    from models.activity import Activity
    from models.db import session
    from models.deliveries import Delivery
    from models.live import LiveEvent

    team = Team(alice)
    team.take_in(bob)
    made = task(bob, CANARY)
    with transaction(reading=True):
        count = [session.scalar(select(func.count()).select_from(kind)) for kind in (Activity, Delivery)]
    for verb in ("start", "pause", "resume", "complete"):
        do(bob, verb, made)
    with transaction(reading=True):
        assert [session.scalar(select(func.count()).select_from(kind)) for kind in (Activity, Delivery)] == count
        heard = session.scalars(select(LiveEvent.data).where(LiveEvent.user_id == alice.data["id"]))
        assert CANARY not in str(list(heard))


def test_what_managers_hear_costs_the_same_however_many_they_are(meet: Meet) -> None:
    counts = []
    for managers in (1, 5):
        boss, worker = meet("boss"), meet("worker")
        team = Team(boss)
        team.take_in(worker)
        for _ in range(managers):
            team.take_in(meet("manager"), "manager")
        made = task(boss, "Code review")
        team.assign(made, worker)
        with counted() as seen:
            do(worker, "start", made)
        counts.append(len(seen))
    assert counts[0] == counts[1]
