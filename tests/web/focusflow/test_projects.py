"""Projects, and what their figures say."""

from __future__ import annotations

from tests.cast import Person
from tests.web.focusflow.conftest import Clock, details, do, project, task, work


def test_a_project_is_made_changed_and_removed(alice: Person) -> None:
    made = project(alice, "Freelance Work", description="Client projects", color_code="#3498db")
    path = f"/projects/{made['id']}/"
    changed = alice.patch(path, {"name": "Growth", "is_active": False}).json
    assert changed == {**made, "name": "Growth", "is_active": False}
    assert alice.delete(path).status_code == 204
    assert alice.get(path).status_code == alice.delete(path).status_code == alice.patch(path, {}).status_code == 404


def test_statistics_work_out_as_the_documents_figures_do(alice: Person, clock: Clock) -> None:
    made = project(alice)
    first, second = (task(alice, f"Task {number}", project=made["id"]) for number in (1, 2))
    work(alice, clock, 3600, first)
    work(alice, clock, 1800, second)
    do(alice, "complete", first)
    shown = alice.get(f"/projects/{made['id']}/").json
    assert shown["owner"] == {"id": alice.data["id"], "username": alice.data["username"]}
    assert shown["statistics"] == {
        "total_tasks": 2,
        "completed_tasks": 1,
        "total_focus_hours": 1.5,
        "avg_task_duration": 5400,
    }
    listed = alice.get("/projects/").json["results"][0]
    assert (listed["task_count"], listed["total_focus_time"]) == (2, 5400)


def test_a_running_session_counts_in_its_projects_time(alice: Person, clock: Clock) -> None:
    made = project(alice)
    first = task(alice, project=made["id"])
    do(alice, "start", first)
    clock.wait(seconds=90)
    assert alice.get("/projects/").json["results"][0]["total_focus_time"] == 90
    assert details(alice, first)["total_focus_seconds"] == 90
    assert alice.get(f"/projects/{made['id']}/").json["statistics"]["total_focus_hours"] == 0.03


def test_tasks_outlive_their_project(alice: Person, clock: Clock) -> None:
    made = project(alice)
    first = task(alice, project=made["id"])
    work(alice, clock, 60, first)
    assert alice.delete(f"/projects/{made['id']}/").status_code == 204
    assert details(alice, first)["project"] is None
    assert details(alice, first)["total_focus_seconds"] == 60


def test_lists_are_filtered_and_ordered(alice: Person) -> None:
    made = [project(alice, name) for name in ("b", "a", "c")]
    alice.patch(f"/projects/{made[0]['id']}/", {"is_active": False})
    names = lambda **query: [each["name"] for each in alice.get("/projects/", **query).json["results"]]  # noqa: E731
    assert names(ordering="name") == ["a", "b", "c"]
    assert names(ordering="-name") == ["c", "b", "a"]
    assert names() == ["c", "a", "b"]
    assert names(is_active="false") == ["b"]
    assert names(is_active="true", ordering="created_at") == ["a", "c"]
    for wrong in ({"is_active": "maybe"}, {"ordering": "owner_id"}, {"ordering": "name; DROP TABLE users"}):
        answer = alice.get("/projects/", **wrong)
        assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_wrong_input_is_refused_by_its_field(alice: Person) -> None:
    wrongs = {"name": ["", "x" * 201, None, 7], "color_code": ["red", "#12", "#3498dz"], "description": [None, 5]}
    for field, values in wrongs.items():
        for value in values:
            answer = alice.post("/projects/", {"name": "x", field: value})
            assert (answer.status_code, list(answer.json["error"]["details"])) == (400, [field])
