"""Past and planned sessions through Produktifin's door."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.cast import Person
from tests.web.produktifin.test_sessions import CYCLE, show, start

START = datetime(2026, 3, 2, 14, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def finish(person: Person, session_id: str) -> str:
    assert person.patch(f"/pomodoro/session/{session_id}/finish").status_code == 200
    return session_id


def entries(person: Person, **query: object) -> list[dict]:
    answer = person.get("/history", **query)
    assert answer.status_code == 200, answer.text
    return answer.json["sessions"]


def test_four_pomodoros_make_a_hundred_minutes(alice: Person, clock) -> None:
    session = start(alice, "Write Docs")
    clock.shift(timedelta(minutes=4 * 25 + 3 * 5))
    alice = alice.at("produktifin")
    finish(alice, session)
    assert entries(alice) == [
        {
            "id": session, "date": "2026-03-02T14:00:00Z", "pomodoros": 4, "status": "finished", "duration_total": 100,
        }
    ]  # fmt: skip
    assert alice.get(f"/history/{session}").json == {
        "id": session, "status": "finished", "tasks": [{"title": "Write Docs", "is_done": False}],
        "pomodoro_count": 4, "total_time": 100, "created_at": "2026-03-02T14:00:00Z",
    }  # fmt: skip


def test_history_is_filtered_and_cut_with_the_newest_first(alice: Person, clock) -> None:
    sessions = []
    for _ in range(12):
        clock.shift(timedelta(minutes=1))
        sessions.insert(0, finish(alice, start(alice)))
    clock.shift(timedelta(minutes=1))
    paused = start(alice)
    alice.patch(f"/pomodoro/session/{paused}/pause")
    clock.shift(timedelta(minutes=1))
    running = start(alice)
    everything = [running, paused, *sessions]
    ids = lambda **query: [each["id"] for each in entries(alice, **query)]  # noqa: E731
    assert ids(limit=100) == everything
    assert ids(status="running") == [running]
    assert ids() == everything[:10]
    assert ids(limit=3, offset=2) == everything[2:5]
    assert ids(offset=100) == []
    assert alice.get("/history", limit=2).json["total"] == 14
    assert alice.get("/history", offset=100).json["total"] == 14
    assert ids(status="paused") == [paused]
    assert ids(status="finished", limit=1) == sessions[:1]


@pytest.mark.parametrize(
    "query",
    [{"status": "done"}, {"status": ""}, {"limit": "0"}, {"limit": "-1"}, {"limit": "101"}, {"limit": "ten"},
     {"limit": "٣"}, {"offset": "-1"}, {"offset": "10" * 9}, {"offset": "1e3"}],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_refused(alice: Person, query: dict) -> None:
    answer = alice.get("/history", **query)
    assert answer.status_code == 400
    assert answer.json["error"].startswith(next(iter(query)) + ":")


def test_planned_sessions_are_listed_shown_started_and_deleted_here_too(alice: Person) -> None:
    plan = {"title": "Morning Focus", "date": "2026-03-05T08:00:00Z", "duration": 25}
    later, sooner = (
        alice.post("/calendar/events", {**plan, "date": f"2026-03-0{day}T08:00:00Z"}).json["event_id"] for day in (5, 4)
    )
    alice.post("/calendar/events", {**plan, "date": "2026-02-01T08:00:00Z"})
    assert entries(alice, status="planned") == [
        {"id": sooner, "date": "2026-03-04T08:00:00Z", "pomodoros": 0, "status": "planned", "duration_total": 0},
        {"id": later, "date": "2026-03-05T08:00:00Z", "pomodoros": 0, "status": "planned", "duration_total": 0},
    ]
    assert entries(alice) == []
    shown = alice.get(f"/history/{sooner}").json
    assert (shown["id"], shown["status"], shown["total_time"]) == (sooner, "planned", 0)
    begun = alice.patch(f"/history/{sooner}/resume").json
    assert begun["status"] == "running"
    assert alice.delete(f"/history/{later}").status_code == 200
    assert entries(alice, status="planned") == []
    finish(alice, begun["new_session_id"])
    assert alice.get(f"/calendar/events/{sooner}").json["status"] == "finished"


def test_a_paused_session_is_resumed_in_a_new_one_with_its_tasks(alice: Person, clock) -> None:
    old = start(alice, "Come back", duration_pomodoro=10, duration_short_break=2)
    clock.shift(timedelta(minutes=11))
    alice.patch(f"/pomodoro/session/{old}/pause")
    clock.shift(timedelta(minutes=30))
    answer = alice.patch(f"/history/{old}/resume")
    new = answer.json["new_session_id"]
    assert (answer.status_code, answer.json["status"]) == (200, "running")
    assert new != old
    assert [task["title"] for task in show(alice, new)["tasks"]] == ["Come back"]
    clock.shift(timedelta(minutes=23))
    alice = alice.at("produktifin")
    assert (show(alice, new)["pomodoro_count"], show(alice, new)["breaks_taken"]) == (2, 1)
    finish(alice, new)
    assert [(each["id"], each["status"], each["duration_total"]) for each in entries(alice)] == [
        (new, "finished", 20), (old, "finished", 10),
    ]  # fmt: skip


def test_only_a_paused_session_is_resumed_and_never_beside_a_running_one(alice: Person) -> None:
    done = finish(alice, start(alice))
    paused = start(alice)
    assert alice.patch(f"/history/{paused}/resume").status_code == 409
    alice.patch(f"/pomodoro/session/{paused}/pause")
    assert alice.patch(f"/history/{done}/resume").json == {"error": "Only a paused session can be resumed"}
    running = start(alice)
    assert alice.patch(f"/history/{paused}/resume").json == {"error": "Another session is running"}
    assert show(alice, paused)["status"] == "paused"
    finish(alice, running)
    assert alice.patch(f"/history/{paused}/resume").status_code == 200


def test_a_deleted_session_is_gone_and_its_tasks_stay_with_their_owner(alice: Person) -> None:
    session = start(alice, "Forget me")
    task = show(alice, session)["tasks"][0]["id"]
    assert alice.delete(f"/history/{session}").status_code == 200
    for answer in (alice.get(f"/history/{session}"), alice.delete(f"/history/{session}")):
        assert (answer.status_code, answer.json) == (404, {"error": "Session not found"})
    assert entries(alice) == []
    assert alice.patch(f"/pomodoro/task/{task}", {"is_done": True}).status_code == 200
    assert alice.post("/pomodoro/session", CYCLE).status_code == 201
