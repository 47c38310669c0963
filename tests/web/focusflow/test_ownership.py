"""What is Alice's is not there for Bob, and nobody sets what is not his to set."""

from __future__ import annotations

from tests.cast import Person
from tests.web.focusflow.conftest import details, do, project, task

CANARY = "canary-7d1f"
UNKNOWN = 10**12
EXTRA = {
    "id": 1,
    "uid": "00000000-0000-4000-8000-000000000000",
    "owner": 1,
    "owner_id": 1,
    "user_id": 1,
    "status": "completed",
    "completed_at": "2001-01-01T00:00:00Z",
    "ended_at": "2001-01-01T00:00:00Z",
    "started_at": "2001-01-01T00:00:00Z",
    "created_at": "2001-01-01T00:00:00Z",
    "completed_pomodoros": 99,
    "pomodoros": 99,
    "total_focus_seconds": 99,
    "focus_seconds": 99,
    "task_count": 99,
    "total_focus_time": 99,
    "inbox_item_id": 1,
    "organization_id": 1,
    "assigned_by_id": 1,
    "assigned_at": "2001-01-01T00:00:00Z",
    "role": "admin",
    "user_type": "admin",
}


def test_a_foreign_id_answers_exactly_as_an_unknown_one(alice: Person, bob: Person) -> None:
    inside, made = project(alice, CANARY), task(alice, CANARY)
    session = do(alice, "start", made)["pomodoro_session"]["id"]
    before = details(alice, made)
    operations = [
        ("GET", "/projects/{}/", None, inside["id"]),
        ("PATCH", "/projects/{}/", {"name": "x"}, inside["id"]),
        ("DELETE", "/projects/{}/", None, inside["id"]),
        ("GET", "/analytics/projects/{}/", None, inside["id"]),
        ("GET", "/tasks/{}/", None, made["id"]),
        ("PATCH", "/tasks/{}/", {"title": "x"}, made["id"]),
        ("DELETE", "/tasks/{}/", None, made["id"]),
        *(("POST", f"/tasks/{{}}/{verb}/", None, made["id"]) for verb in ("start", "pause", "resume", "complete")),
        ("POST", "/pomodoro/sessions/{}/complete/", None, session),
    ]
    for method, path, body, id in operations:
        foreign, unknown = (bob.call(method, path.format(each), body) for each in (id, UNKNOWN))
        assert foreign.status_code == unknown.status_code == 404, (method, path)
        assert foreign.data == unknown.data
    for field, path in (("project", "/tasks/"),):
        foreign, unknown = (bob.post(path, {"title": "x", field: each}) for each in (inside["id"], UNKNOWN))
        assert (foreign.status_code, foreign.json) == (400, unknown.json)
    mine = task(bob, "mine")
    assert bob.patch(f"/tasks/{mine['id']}/", {"project": inside["id"]}).status_code == 400
    after = details(alice, made)
    assert {**after, "total_focus_seconds": 0, "pomodoro_sessions": 0} == {
        **before,
        "total_focus_seconds": 0,
        "pomodoro_sessions": 0,
    }


def test_no_list_and_no_figure_shows_anothers_work(alice: Person, bob: Person) -> None:
    inside = project(alice, CANARY)
    do(alice, "start", task(alice, CANARY, project=inside["id"]))
    paths = ["/projects/", "/tasks/", "/pomodoro/sessions/", "/analytics/daily/", "/analytics/weekly/"]
    paths += ["/analytics/monthly/", "/export/data/?format=json", "/export/data/?format=csv"]
    for path in paths:
        assert CANARY in alice.get(path).text or path == "/pomodoro/sessions/" or "analytics" in path
        assert CANARY not in bob.get(path).text
    assert bob.get("/pomodoro/active/").status_code == 404
    assert bob.get("/tasks/", project=inside["id"]).json["count"] == 0


def test_nobody_sets_what_is_not_his_to_set(alice: Person) -> None:
    inside, made = project(alice), task(alice, description="d", estimated_pomodoros=1)
    assert alice.patch(f"/projects/{inside['id']}/", EXTRA).json == inside
    assert alice.patch(f"/tasks/{made['id']}/", EXTRA).json == made
    fresh = alice.post("/tasks/", {"title": "x", **EXTRA}).json
    assert {name: fresh[name] for name in ("status", "started_at", "ended_at", "completed_pomodoros")} == {
        "status": "pending",
        "started_at": None,
        "ended_at": None,
        "completed_pomodoros": 0,
    }
    assert fresh["created_at"][:4] != "2001"
    other = alice.post("/projects/", {"name": "x", **EXTRA}).json
    assert other["created_at"][:4] != "2001"
    began = do(alice, "start", made, **EXTRA)
    assert began["pomodoro_session"]["duration_minutes"] == 25
    assert began["pomodoro_session"]["started_at"][:4] != "2001"
