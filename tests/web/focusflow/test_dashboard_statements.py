"""How few statements the manager's figures take, whatever the size of the team."""

from __future__ import annotations

import pytest

from tests.cast import Front
from tests.statements import counted
from tests.web.focusflow.conftest import Clock, do, held_clock, project, register, task, work
from tests.web.focusflow.crew import Team, at_v2

DASHBOARDS = (
    "", "members/", "tasks/", "dashboard/activity/", "dashboard/overview/", "employees/{id}/", "analytics/team/",
    "analytics/projects/{project}/",
)  # fmt: skip


@pytest.fixture(scope="module")
def teams() -> list[tuple[Team, dict[str, int]]]:
    """A team of one with one task and a team of four with four each; with each the ids that stand in paths."""
    found, front = [], Front("127.203.1.1")
    with held_clock() as clock:
        for size in (1, 4):
            team = Team(register(front, "boss", lasts=True))
            place = project(team.maker, organization=team.slug)["id"]
            for _ in range(size):
                worker = team.take_in(register(front, "worker", lasts=True))
                for _ in range(size):
                    made = task(team.maker, project=place)
                    team.assign(made, worker)
                    work(worker, clock, 60, made)
                do(worker, "start", made)
            found.append((team, {"id": worker.data["id"], "project": place}))
    return found


@pytest.mark.parametrize("path", DASHBOARDS)
def test_the_number_of_statements_does_not_grow(
    teams: list[tuple[Team, dict[str, int]]], clock: Clock, path: str
) -> None:
    clock.wait(minutes=20)  # all that was done lies behind, and the last sessions still run
    counts = []
    for team, ids in teams:
        with counted() as seen:
            answer = at_v2(team.maker).get(team.path(path.format(**ids)))
        assert answer.status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 12
