"""Pomodoro sessions and their tasks through Produktifin's door."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.cast import Person

START = datetime(2026, 3, 2, 14, tzinfo=UTC)
CYCLE = {"duration_pomodoro": 25, "duration_short_break": 5, "duration_long_break": 15, "long_break_interval": 4}


@pytest.fixture(autouse=True)
def clock():
    """A clock that stands until it is moved; everybody logs in at its time."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def start(person: Person, *titles: str, **cycle: int) -> str:
    tasks = [{"title": title, "is_done": False} for title in titles]
    answer = person.post("/pomodoro/session", {**CYCLE, **cycle, "tasks": tasks})
    assert answer.status_code == 201, answer.text
    return answer.json["session_id"]


def show(person: Person, session_id: str) -> dict:
    person.token = person.at("produktifin").token  # an access token lives an hour
    answer = person.get(f"/pomodoro/session/{session_id}")
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_session_starts_at_once_and_shows_its_tasks(alice: Person) -> None:
    body = {"tasks": [{"title": "Write API Spec"}, {"title": "Test endpoints", "is_done": True}]}
    made = alice.post("/pomodoro/session", body)
    assert made.status_code == 201
    assert made.json == {
        "session_id": made.json["session_id"], "status": "running", "start_time": "2026-03-02T14:00:00Z"
    }  # fmt: skip
    shown = show(alice, made.json["session_id"])
    assert (shown["status"], shown["pomodoro_count"], shown["breaks_taken"], shown["progress_time"]) == (
        "running", 0, 0, 0,
    )  # fmt: skip
    assert [(task["title"], task["is_done"]) for task in shown["tasks"]] == [
        ("Write API Spec", False), ("Test endpoints", True)
    ]  # fmt: skip


def test_what_is_left_out_comes_from_the_profile(alice: Person, clock) -> None:
    made = alice.post("/pomodoro/session")
    assert made.status_code == 201
    clock.shift(timedelta(minutes=30))
    shown = show(alice, made.json["session_id"])
    assert (shown["pomodoro_count"], shown["breaks_taken"]) == (1, 1)


def test_pomodoros_and_breaks_follow_from_the_time_that_was_counted(alice: Person, clock) -> None:
    session = start(alice)
    seen = []
    for minute in range(0, 161, 5):
        clock.move_to(START + timedelta(minutes=minute, seconds=1))
        shown = show(alice, session)
        seen.append((minute, shown["pomodoro_count"], shown["breaks_taken"]))
    #               focus  break  focus  break  focus  break   focus  long break
    assert [each for each in seen if each[0] in (20, 25, 30, 55, 60, 85, 90, 115, 125, 130, 155)] == [
        (20, 0, 0), (25, 1, 0), (30, 1, 1), (55, 2, 1), (60, 2, 2), (85, 3, 2), (90, 3, 3), (115, 4, 3), (125, 4, 3),
        (130, 4, 4), (155, 5, 4),
    ]  # fmt: skip


def test_a_pause_adds_no_time(alice: Person, clock) -> None:
    session = start(alice)
    clock.shift(timedelta(seconds=1200))
    paused = alice.patch(f"/pomodoro/session/{session}/pause")
    assert (paused.status_code, paused.json) == (200, {"status": "paused", "progress_time": 1200})
    clock.shift(timedelta(hours=9))
    assert show(alice, session)["status"] == "paused"
    assert alice.patch(f"/pomodoro/session/{session}/resume").json == {"status": "running"}
    clock.shift(timedelta(seconds=300))
    finished = alice.patch(f"/pomodoro/session/{session}/finish")
    assert (finished.status_code, finished.json) == (200, {"status": "finished"})
    shown = show(alice, session)
    assert (shown["status"], shown["progress_time"], shown["pomodoro_count"]) == ("finished", 1500, 1)


@pytest.mark.parametrize(
    ("before", "verbs"),
    [
        ([], ["resume"]),
        (["pause"], ["pause"]),
        (["finish"], ["pause", "resume", "finish"]),
        (["pause", "finish"], ["resume"]),
    ],
)
def test_a_step_out_of_order_is_refused_and_changes_nothing(alice: Person, before: list[str], verbs: list[str]) -> None:
    session = start(alice)
    for verb in before:
        assert alice.patch(f"/pomodoro/session/{session}/{verb}").status_code == 200
    stands = show(alice, session)
    for verb in verbs:
        assert alice.patch(f"/pomodoro/session/{session}/{verb}").status_code == 409
    assert show(alice, session) == stands


def test_only_one_session_runs_at_a_time(alice: Person, bob: Person) -> None:
    first = start(alice)
    refused = alice.post("/pomodoro/session", {**CYCLE, "tasks": [{"title": "Lost?"}]})
    assert (refused.status_code, refused.json) == (409, {"error": "Another session is running"})
    start(bob)
    alice.patch(f"/pomodoro/session/{first}/pause")
    second = start(alice)
    assert alice.patch(f"/pomodoro/session/{first}/resume").status_code == 409
    alice.patch(f"/pomodoro/session/{second}/finish")
    assert alice.patch(f"/pomodoro/session/{first}/resume").status_code == 200


def test_a_forgotten_session_is_paused_after_twelve_hours(alice: Person, clock) -> None:
    session = start(alice)
    clock.shift(timedelta(hours=13))
    shown = show(alice, session)
    assert (shown["status"], shown["progress_time"]) == ("paused", 12 * 3600)
    assert [each["id"] for each in alice.get("/history", status="paused").json["sessions"]] == [session]


def test_twenty_parallel_starts_begin_one_session(alice: Person) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: alice.post("/pomodoro/session", CYCLE).status_code, range(20)))
    assert sorted(answers) == [201] + [409] * 19


def test_parallel_pauses_and_finishes_have_one_effect_each(alice: Person, clock) -> None:
    session = start(alice)
    clock.shift(timedelta(seconds=90))
    for verb in ("pause", "resume", "finish"):
        path = f"/pomodoro/session/{session}/{verb}"
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _, path=path: alice.patch(path).status_code, range(8)))
        assert sorted(answers) == [200] + [409] * 7
    assert show(alice, session)["progress_time"] == 90


def test_tasks_are_added_changed_and_deleted(alice: Person) -> None:
    session = start(alice, "Stays")
    added = alice.post("/pomodoro/task", {"session_id": session, "title": " New Task "})
    assert added.status_code == 201
    assert added.json == {"task_id": added.json["task_id"], "title": "New Task", "is_done": False}
    path = f"/pomodoro/task/{added.json['task_id']}"
    for is_done in (True, True, False, True):
        changed = alice.patch(path, {"is_done": is_done})
        assert (changed.status_code, changed.json["is_done"]) == (200, is_done)
    assert alice.patch(path, {"title": "Renamed"}).json["title"] == "Renamed"
    assert [(task["title"], task["is_done"]) for task in show(alice, session)["tasks"]] == [
        ("Stays", False), ("Renamed", True)
    ]  # fmt: skip
    assert alice.delete(path).status_code == 200
    assert [task["title"] for task in show(alice, session)["tasks"]] == ["Stays"]
    assert alice.delete(path).json == {"error": "Task not found"}


def test_a_session_that_is_over_takes_no_tasks_and_none_more_than_two_hundred(alice: Person) -> None:
    session = start(alice, *("t" for _ in range(200)))
    assert alice.post("/pomodoro/task", {"session_id": session, "title": "One more"}).status_code == 409
    alice.patch(f"/pomodoro/session/{session}/finish")
    answer = alice.post("/pomodoro/task", {"session_id": session, "title": "Too late"})
    assert (answer.status_code, answer.json) == (409, {"error": "This session has ended"})
    many = {"tasks": [{"title": "t"}] * 201}
    assert alice.post("/pomodoro/session", many).status_code == 400


def test_what_is_missing_is_named(alice: Person) -> None:
    session = start(alice)
    for body, field in (({"session_id": session}, "title"), ({"title": "x"}, "session_id")):
        answer = alice.post("/pomodoro/task", body)
        assert (answer.status_code, answer.json) == (400, {"error": f"Missing required field: {field}"})
    answer = alice.post("/pomodoro/session", {"tasks": [{"title": "a"}, {}]})
    assert answer.json == {"error": "Missing required field: tasks.1.title"}


@pytest.mark.parametrize("value", [0, -1, 241, 1.5, "25", True, None, 2**31, 2**63, [], {}])
@pytest.mark.parametrize("field", list(CYCLE))
def test_a_length_out_of_range_is_refused(alice: Person, field: str, value: object) -> None:
    answer = alice.post("/pomodoro/session", {**CYCLE, field: value})
    assert answer.status_code == 400
    assert isinstance(answer.json["error"], str)
    assert alice.get("/history", limit=1).json["total"] == 0


def test_ids_that_were_never_given_out_name_nothing(alice: Person) -> None:
    session = start(alice, "Mine")
    task = show(alice, session)["tasks"][0]["id"]
    digits = session.removeprefix("sess_")
    wrong = [
        "sess_unknown", digits, f"task_{digits}", f"cal_{digits}", "sess_" + digits.upper(), f"SESS_{digits}",
        f"sess_{digits}0", "sess_", "0", "-1", "sess_" + "0" * 32, "sess_%00", "sess_٣", "sess_1%2f..", task, "%F0%9F",
    ]  # fmt: skip
    for id in wrong:
        for method, verb in (("GET", ""), ("PATCH", "/pause"), ("PATCH", "/resume"), ("PATCH", "/finish")):
            answer = alice.call(method, f"/pomodoro/session/{id}{verb}")
            assert answer.status_code == 404, (method, id)
            if "%2f" not in id and id != "sess_":
                assert answer.json == {"error": "Session not found"}, (method, id)
        answer = alice.post("/pomodoro/task", {"session_id": id, "title": "x"})
        assert (answer.status_code, answer.json) == (404, {"error": "Session not found"})
    for id in ("task_unknown", session, task.upper(), "task_" + "0" * 32):
        assert alice.patch(f"/pomodoro/task/{id}", {"is_done": True}).json == {"error": "Task not found"}
        assert alice.delete(f"/pomodoro/task/{id}").json == {"error": "Task not found"}


def test_another_users_sessions_and_tasks_are_not_found_and_stay_as_they_are(alice: Person, bob: Person) -> None:
    session = start(alice, "CANARY")
    task = show(alice, session)["tasks"][0]["id"]
    mine = start(bob, "Bob's")
    calls = [
        ("GET", f"/pomodoro/session/{session}", None), ("PATCH", f"/pomodoro/session/{session}/pause", None),
        ("PATCH", f"/pomodoro/session/{session}/resume", None), ("PATCH", f"/pomodoro/session/{session}/finish", None),
        ("POST", "/pomodoro/task", {"session_id": session, "title": "x"}),
        ("PATCH", f"/pomodoro/task/{task}", {"is_done": True, "session_id": mine}),
        ("DELETE", f"/pomodoro/task/{task}", None),
        ("GET", f"/history/{session}", None), ("DELETE", f"/history/{session}", None),
        ("PATCH", f"/history/{session}/resume", None),
    ]  # fmt: skip
    before = show(alice, session)
    unknown = str.maketrans(dict.fromkeys("0123456789abcdef", "0"))
    for method, path, body in calls:
        answer = bob.call(method, path, body)
        blind = path.replace(session, "sess_" + "0" * 32).replace(task, "task_" + "0" * 32)
        blind_body = body and {**body, "session_id": body.get("session_id", "").translate(unknown)}
        assert answer.status_code == 404, (method, path)
        assert answer.json == bob.call(method, blind, blind_body).json
        assert b"CANARY" not in answer.data
    assert show(alice, session) == before
    assert b"CANARY" not in bob.get("/history", limit=100).data


def test_fields_that_are_not_the_callers_to_set_change_nothing(alice: Person, bob: Person) -> None:
    extra = {
        "id": "sess_1", "uid": "00000000-0000-4000-8000-000000000000", "user_id": bob.id, "owner_id": bob.id,
        "status": "finished", "started_at": "2001-01-01T00:00:00Z", "start_time": "2001-01-01T00:00:00Z",
        "pomodoro_count": 99, "pomodoros": 99, "counted_us": 10**12, "completed": True, "ended_at": "2001-01-01",
        "kind": "long_break", "block_id": 1, "task_id": 1, "project_id": 1, "created_at": "2001-01-01T00:00:00Z",
    }  # fmt: skip
    made = alice.post("/pomodoro/session", {**CYCLE, **extra, "tasks": [{"title": "t", **extra}]})
    session = made.json["session_id"]
    shown = show(alice, session)
    task = shown["tasks"][0]
    assert (shown["status"], shown["pomodoro_count"], shown["progress_time"]) == ("running", 0, 0)
    assert task == {"id": task["id"], "title": "t", "is_done": False}
    alice.patch(f"/pomodoro/task/{task['id']}", {**extra, "title": "u"})
    alice.patch(f"/pomodoro/session/{session}/pause", extra)
    again = show(alice, session)
    assert again == {**shown, "status": "paused", "tasks": [{**task, "title": "u"}]}
    assert bob.get("/history").json["total"] == 0
