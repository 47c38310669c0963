"""People go, their teams stay: with all the work that was done, and without a trace of who did it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from models.closure import restore_account
from models.db import session
from models.mail import Mail
from models.organizations import Membership, Organization
from models.users import User
from settings import settings
from tests.cast import Front, Person, transaction
from tests.models.test_closure import dump, owned
from tests.web.focusflow.conftest import Clock, do, held_clock, project, register, task
from tests.web.focusflow.crew import Team
from workers.housekeeping import erase_due, tidy_up

DAY = "2026-03-02"


@pytest.fixture(autouse=True)
def _as_many_requests_as_it_takes(unlimited: None, monkeypatch: pytest.MonkeyPatch) -> None:
    here = settings.model_copy(update={"webhook_allowed_hosts": ("127.0.0.1:9",), "rate_limits": False})
    for module in ("web.focusflow.seat", "connectors.outgoing"):
        monkeypatch.setattr(f"{module}.settings", here)


@pytest.fixture
def clock() -> Iterator[Clock]:
    with held_clock(datetime(2026, 3, 2, 10, 0, tzinfo=UTC)) as clock:
        yield clock


def close(person: Person) -> None:
    assert person.at("tymblok").delete("/users/me").status_code == 200


def erase(clock: Clock) -> None:
    """All who closed their accounts are past the time to come back."""
    clock.wait(days=31)
    erase_due()
    with transaction():
        tidy_up.run()


def role(team: Team, person: Person) -> str | None:
    with transaction(reading=True):
        wanted = select(Membership.role).where(
            Membership.organization_id == team.id,
            Membership.user_id == person.data["id"],
            Membership.left_at.is_(None),
        )
        return session.scalar(wanted)


def stands(team: Team) -> bool:
    with transaction(reading=True):
        return session.scalar(select(Organization.id).where(Organization.id == team.id)) is not None


def formers() -> list[int]:
    with transaction(reading=True):
        return list(session.scalars(select(User.id).where(User.is_former())))


def seen(team: Team, manager: Person) -> dict[str, Any]:
    """What a manager reads of March's work, with people's names left out."""
    figures = team.get(manager, "analytics/team/", start_date=DAY, end_date=DAY)
    done = team.get(manager, "tasks/", status="completed")["results"]
    pending = team.get(manager, "tasks/", status="pending")["results"]
    feed = team.get(manager, "dashboard/activity/")
    lines = feed["activities"] if isinstance(feed, dict) else feed
    shares = [
        {name: value for name, value in share.items() if not isinstance(value, (str, dict)) and "id" not in name}
        for share in figures.get("employee_performance", figures.get("members", []))
    ]
    return {
        "figures": {name: value for name, value in figures.items() if isinstance(value, (int, float))},
        "shares": shares,
        "titles": sorted(each["title"] for each in [*done, *pending]),
        "feed": [line.get("type", line.get("action")) for line in lines],
    }


def test_what_was_done_for_a_team_stays_and_who_did_it_is_forgotten(front: Front, clock: Clock) -> None:
    boss = register(front, "boss", lasts=True)
    zoe = register(front, "zoё", lasts=True, last_name="Канарейка")
    bob = register(front, "bob", lasts=True)
    team = Team(boss)
    team.take_in(zoe, "manager")
    team.take_in(bob)
    hook = {"url": "http://127.0.0.1:9/", "events": ["task_assigned", "task_completed"], "secret": "12345678"}
    team.post(boss, "webhooks/", hook, 201)
    ours = project(zoe, "Ours", organization=team.slug)
    first, second, third = (task(zoe, f"Team {n}", project_id=ours["id"]) for n in range(3))
    for made, person in ((first, zoe), (second, bob), (third, zoe)):
        team.assign(made, person, by=zoe)
    for made, person in ((first, zoe), (second, bob)):
        do(person, "start", made)
        clock.wait(minutes=20)
        do(person, "complete", made)
    own = task(zoe, "Zoe's own canary")
    do(zoe, "start", own)
    clock.wait(minutes=5)
    do(zoe, "complete", own)
    before = seen(team, boss)
    close(zoe)
    erase(clock)
    assert seen(team, boss) == before
    assert len(before["feed"]) >= 9 and before["titles"] == ["Team 0", "Team 1", "Team 2"]
    assert owned(zoe.data["id"]) == {}
    traces = dump()
    with transaction(reading=True):
        assert session.get(User, zoe.data["id"]) is None
    for word in (zoe.email, "zoё", "Zoё", "Канарейка", "Zoe's own canary", '"username":"zo'):
        assert word not in traces, [line[:300] for line in traces.splitlines() if word in line]
    # What waits is for somebody who is gone, and so it is given to somebody else.
    waiting = team.get(boss, "tasks/", status="pending")["results"]
    assert team.assign(waiting[0], bob)["assigned_to"]["id"] == bob.data["id"]
    assert boss.get(f"/projects/{ours['id']}/").status_code == 200


def test_the_last_admins_team_is_the_longest_serving_managers_at_once(front: Front, clock: Clock) -> None:
    boss, worker, first, second = (register(front, name, lasts=True) for name in ("boss", "worker", "ann", "ben"))
    team = Team(boss)
    for person in (worker, first, second):
        clock.wait(hours=1)
        team.take_in(person, "employee" if person is worker else "manager")
    close(boss)
    assert [role(team, person) for person in (worker, first, second)] == ["employee", "admin", "manager"]
    with transaction(reading=True):
        told = [mail.content for mail in session.scalars(select(Mail).where(Mail.recipient == first.email))]
        assert [boss.email in text for subject, text in told if "admin of Acme" in subject] == [False]
    team.get(first, "webhooks/")
    erase(clock)
    assert role(team, first) == "admin" and stands(team)


def test_an_employee_runs_a_team_that_has_nobody_else(front: Front, clock: Clock) -> None:
    boss, worker = (register(front, name, lasts=True) for name in ("boss", "worker"))
    team = Team(boss)
    team.take_in(worker)
    close(boss)
    assert role(team, worker) == "admin"
    with transaction():
        restore_account(session.get_one(User, boss.data["id"]))
    assert role(team, boss) == "admin"


def test_a_team_of_nobody_waits_for_its_people_and_is_erased_with_the_last(front: Front, clock: Clock) -> None:
    before = formers()
    boss, worker = (register(front, name, lasts=True) for name in ("boss", "worker"))
    team = Team(boss)
    team.take_in(worker)
    made = task(boss, "Canary of the team")
    team.assign(made, worker)
    close(worker)
    clock.wait(days=20)
    close(boss)
    erase_due()
    clock.wait(days=12)
    erase_due()
    assert owned(worker.data["id"]) == {} and stands(team)
    clock.wait(days=20)
    erase_due()
    assert not stands(team)
    assert "Canary of the team" not in dump()
    assert formers() == before


def test_who_comes_back_first_runs_a_team_whose_people_had_all_gone(front: Front, clock: Clock) -> None:
    boss, worker = (register(front, name, lasts=True) for name in ("boss", "worker"))
    team = Team(boss)
    team.take_in(worker)
    close(worker)
    close(boss)
    assert role(team, worker) == "employee"
    with transaction():
        restore_account(session.get_one(User, worker.data["id"]))
    assert role(team, worker) == "admin"
