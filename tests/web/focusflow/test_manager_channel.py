"""The manager and employee channels, over real sockets to a real server."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.cast import Front, Person
from tests.served import Served, served
from tests.web.focusflow.conftest import do, project, register, task
from tests.web.focusflow.crew import Team, at_v2
from tests.web.focusflow.test_live import closing, hear, listening

ROLES = ("employee", "manager", "admin", "outsider", "manager elsewhere", "invited", "removed")
HEARS_MANAGERS = {"manager", "admin"}


@pytest.fixture(scope="module")
def web() -> Iterator[Served]:
    with served(WEB_WORKERS="1") as web:
        yield web


@pytest.fixture
def alice(front: Front) -> Person:
    return register(front, "alice")


@pytest.fixture
def bob(front: Front) -> Person:
    return register(front, "bob")


def everything(socket: ClientConnection, seconds: float = 1.0) -> list[dict[str, Any]]:
    """What comes until it is quiet."""
    heard = []
    while True:
        try:
            heard.append(json.loads(socket.recv(timeout=seconds)))
        except TimeoutError:
            return heard


def test_each_kind_of_person_hears_what_is_his(web: Served, front: Front) -> None:
    """The socket's cells of the permissions' table."""
    people = {name: register(front, name.replace(" ", "")) for name in ROLES}
    team = Team(people["admin"])
    worker = team.take_in(register(front, "worker"))
    for name in ("employee", "manager", "removed"):
        team.take_in(people[name], "manager" if name == "manager" else "employee")
    team.remove(people["removed"])
    team.invite(people["invited"].email)
    Team(register(front, "other")).take_in(people["manager elsewhere"], "manager")
    with ExitStack() as stack:
        sockets = {name: stack.enter_context(listening(web, person.token)) for name, person in people.items()}
        own = stack.enter_context(listening(web, worker.token))
        made = task(people["admin"], "Code review", project=project(people["admin"], "Client Project A")["id"])
        team.assign(made, worker, priority="high")
        do(worker, "start", made)
        do(worker, "complete", made)
        heard = {name: [event["type"] for event in everything(socket)] for name, socket in sockets.items()}
        mine = [event["type"] for event in everything(own)]
    assert {name for name, events in heard.items() if events} == HEARS_MANAGERS
    for name in HEARS_MANAGERS:
        assert heard[name] == ["employee_task_started", "employee_task_completed"], name
    assert mine == ["task_assigned", "task_started", "pomodoro_completed", "task_completed"]


def test_the_events_are_exactly_as_documented(web: Served, alice: Person, bob: Person) -> None:
    team = Team(alice)
    team.take_in(bob)
    made = task(alice, "Code review", project=project(alice, "Client Project A")["id"])
    with listening(web, alice.token) as boss, listening(web, bob.token) as employee:
        given = team.assign(made, bob, priority="high")
        assigned = hear(employee)
        began = do(bob, "start", made)["task"]
        started = hear(boss)
        ended = do(bob, "complete", made)
        completed = hear(boss)
    user = {"id": bob.data["id"], "username": bob.data["username"], "first_name": "Bob"}
    assert assigned["type"] == "task_assigned" and assigned["data"] == {
        "task": {"id": made["id"], "title": "Code review", "priority": "high"},
        "assigned_by": {"id": alice.data["id"], "username": alice.data["username"]},
        "assigned_at": given["assigned_at"],
    }
    shown = {"id": made["id"], "title": "Code review", "project": "Client Project A"}
    assert started["type"] == "employee_task_started"
    assert started["data"] == {"user": user, "task": shown, "started_at": began["started_at"]}
    assert completed["type"] == "employee_task_completed" and completed["data"] == {
        "user": user,
        "task": shown,
        "completed_at": ended["ended_at"],
        "total_focus_seconds": ended["total_focus_seconds"],
    }


def test_a_socket_closes_within_five_seconds_of_the_end_of_a_membership(
    web: Served, alice: Person, bob: Person
) -> None:
    team = Team(alice)
    team.take_in(bob, "manager")
    with listening(web, bob.token) as socket, listening(web, alice.token) as staying:
        team.remove(bob)
        assert hear(socket)["type"] == "membership_ended"
        code, seconds = closing(socket)
        assert code == 4403 and seconds < 5
        staying.ping().wait(3)
    with listening(web, bob.token) as again:  # his own events are still his
        do(bob, "start", task(bob))
        assert hear(again)["type"] == "task_started"


def test_also_without_redis(alice: Person, bob: Person) -> None:
    team = Team(alice)
    team.take_in(bob)
    with served(WEB_WORKERS="1", REDIS_URL="redis://127.0.0.1:1/0") as web, listening(web, bob.token) as socket:
        team.remove(bob)
        assert closing(socket)[1] < 5


def test_what_a_manager_was_told_cannot_be_asked_for_by_one_who_is_none_any_more(
    web: Served, alice: Person, bob: Person, front: Front
) -> None:
    worker = register(front, "worker")
    team = Team(alice)
    team.take_in(bob, "manager"), team.take_in(worker)
    made = task(alice)
    team.assign(made, worker)
    do(worker, "start", made)
    with listening(web, bob.token, "?last_event_id=0") as socket:
        assert [event["type"] for event in everything(socket, 0.5)] == ["employee_task_started"]
    assert at_v2(alice).patch(team.path(f"members/{bob.data['id']}/"), {"role": "employee"}).status_code == 200
    with listening(web, bob.token, "?last_event_id=0") as socket:
        assert everything(socket, 0.5) == []
        do(worker, "complete", made)
        assert everything(socket, 0.5) == []


def test_the_fifty_first_socket_of_a_team_is_refused_until_one_goes(web: Served, alice: Person, bob: Person) -> None:
    team = Team(alice)
    team.take_in(bob)
    with ExitStack() as stack:
        opened = [stack.enter_context(listening(web, (alice, bob)[number % 2].token)) for number in range(50)]
        with connect(f"{web.ws}/focusflow/ws/pomodoro/") as extra:
            extra.send(json.dumps({"token": bob.token}))
            refused = hear(extra)
            assert refused["error"]["code"] == "RATE_LIMIT_EXCEEDED"
            with pytest.raises(ConnectionClosed) as closed:
                extra.recv(timeout=5)
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 4429
        opened[7].close()
        deadline = time.monotonic() + 5
        while True:
            try:
                stack.enter_context(listening(web, bob.token))
                break
            except AssertionError:
                assert time.monotonic() < deadline
                time.sleep(0.1)


def test_people_without_a_team_are_not_counted_together(web: Served, front: Front) -> None:
    loner = register(front, "loner")
    with ExitStack() as stack:
        for _ in range(51):
            stack.enter_context(listening(web, loner.token))
