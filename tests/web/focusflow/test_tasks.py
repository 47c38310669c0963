"""Tasks as a list: made, found, changed, removed."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from tests.cast import Person
from tests.web.focusflow.conftest import Clock, details, do, project, task, work


def test_a_task_is_made_changed_and_removed(alice: Person) -> None:
    inside = project(alice)
    made = task(alice, "Review", description="Code", project=inside["id"], estimated_pomodoros=2)
    assert made["project"] == {"id": inside["id"], "name": inside["name"], "color_code": inside["color_code"]}
    assert (made["status"], made["started_at"], made["ended_at"]) == ("pending", None, None)
    path = f"/tasks/{made['id']}/"
    changed = alice.patch(path, {"title": "Review all", "project": None, "estimated_pomodoros": None}).json
    assert changed == {**made, "title": "Review all", "project": None, "estimated_pomodoros": None}
    assert alice.delete(path).status_code == 204
    assert alice.get(path).status_code == alice.delete(path).status_code == 404


def test_the_list_is_filtered(alice: Person, clock: Clock) -> None:
    inside = project(alice)
    task(alice, "One", project=inside["id"])
    clock.wait(days=1)
    two = task(alice, "Two", description="Mentions the HERON")
    do(alice, "start", two)
    titles = lambda **query: [each["title"] for each in alice.get("/tasks/", **query).json["results"]]  # noqa: E731
    assert titles() == ["Two", "One"]
    assert titles(status="in_progress") == ["Two"]
    assert titles(project=inside["id"]) == ["One"]
    assert titles(project=inside["id"] + 10**6) == []
    assert titles(date="2026-03-02") == ["One"]
    assert titles(date="2026-03-03") == ["Two"]
    assert titles(search="heron") == ["Two"]
    assert titles(search="") == ["Two", "One"]


def test_a_day_of_creation_is_the_users_day(alice: Person, clock: Clock) -> None:
    alice.patch("/auth/profile/", {"timezone": "Asia/Kathmandu"})
    clock.wait(hours=8, minutes=20)  # 18:20 UTC is five past midnight there
    task(alice)
    assert alice.get("/tasks/", date="2026-03-03").json["count"] == 1
    assert alice.get("/tasks/", date="2026-03-02").json["count"] == 0


def test_search_takes_signs_of_sql_as_plain_letters(alice: Person) -> None:
    for title in ("100% done", "snake_case", "back\\slash", "it's", "plain"):
        task(alice, title)
    titles = lambda text: [each["title"] for each in alice.get("/tasks/", search=text).json["results"]]  # noqa: E731
    assert titles("%") == ["100% done"]
    assert titles("_") == ["snake_case"]
    assert titles("\\") == ["back\\slash"]
    assert titles("'") == ["it's"]
    assert titles("' OR 1=1 --") == []


def test_ordering_comes_from_a_list(alice: Person, clock: Clock) -> None:
    for title, estimate in (("b", 1), ("a", None), ("c", 3)):
        task(alice, title, estimated_pomodoros=estimate)
        clock.wait(seconds=1)
    titles = lambda by: [each["title"] for each in alice.get("/tasks/", ordering=by).json["results"]]  # noqa: E731
    assert titles("title") == ["a", "b", "c"]
    assert titles("-created_at") == ["c", "a", "b"]
    assert titles("estimated_pomodoros") == ["b", "c", "a"]
    assert titles("-estimated_pomodoros") == ["c", "b", "a"]
    for wrong in ("password", "-user__password", "id", "--title", "title,status", "title DESC"):
        answer = alice.get("/tasks/", ordering=wrong)
        assert (answer.status_code, list(answer.json["error"]["details"])) == (400, ["ordering"])


def test_pages_lead_to_each_other_and_keep_the_question(alice: Person) -> None:
    made = [task(alice, f"Task & more {number}")["id"] for number in range(5)]
    found, page = [], alice.get("/tasks/", page_size=2, ordering="created_at", search="& more").json
    assert page["previous"] is None
    while True:
        assert page["count"] == 5
        found += [each["id"] for each in page["results"]]
        if page["next"] is None:
            break
        parts = urlsplit(page["next"])
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert (query["page_size"], query["ordering"], query["search"]) == ("2", "created_at", "& more")
        assert parts.path == "/focusflow/api/v1/tasks/"
        page = alice.get("/tasks/", **query).json
        assert page["previous"] is not None
    assert found == made


def test_pages_hold_twenty_by_default_and_a_hundred_at_most(alice: Person) -> None:
    for number in range(21):
        task(alice, f"Task {number}")
    page = alice.get("/tasks/").json
    assert (len(page["results"]), page["count"]) == (20, 21)
    assert len(alice.get("/tasks/", page=2).json["results"]) == 1
    assert alice.get("/tasks/", page=9).json == {**alice.get("/tasks/", page=9).json, "count": 21, "results": []}
    for wrong in ({"page": 0}, {"page": -1}, {"page": "x"}, {"page_size": 0}, {"page_size": 101}, {"page": 10**20}):
        assert alice.get("/tasks/", **wrong).status_code == 400


def test_details_hold_the_sessions_and_their_seconds_add_up(alice: Person, clock: Clock) -> None:
    made = task(alice)
    for seconds in (61.4, 0.5, 0.6, 1500.9):
        work(alice, clock, seconds, made)
        clock.wait(seconds=3)
    shown = details(alice, made)
    counted = [each["actual_duration_seconds"] for each in shown["pomodoro_sessions"]]
    assert counted == [61, 0, 0, 1500]
    assert shown["total_focus_seconds"] == sum(counted)
    assert shown["completed_pomodoros"] == 4


def test_wrong_input_is_refused_by_its_field(alice: Person) -> None:
    wrongs = {
        "title": ["", "x" * 501, None, 7, "a\0b"],
        "estimated_pomodoros": ["many", -1, 1.5, True, 2**63 - 1],
        "project": ["x", 0, -1, 1.5, True],
    }
    for field, values in wrongs.items():
        for value in values:
            answer = alice.post("/tasks/", {"title": "x", field: value})
            assert answer.status_code == 400, (field, value)
    for query in ({"status": "done"}, {"project": "x"}, {"date": "2026-02-30"}, {"date": "yesterday"}):
        assert list(alice.get("/tasks/", **query).json["error"]["details"]) == list(query)
    assert alice.get("/tasks/99999999999999999999/").status_code == 404
    assert alice.get("/tasks/0x1/").status_code == 404


def test_an_inbox_item_becomes_a_task_and_is_done_with_it(alice: Person, bob: Person) -> None:
    tymblok = alice.at("tymblok")
    item = tymblok.post("/inbox", {"title": "Answer the letter"}).json["data"]
    made = task(alice, "Answer the letter", inbox_item=item["id"])
    assert [each["id"] for each in tymblok.get("/inbox").json["data"]] == [item["id"]]
    again = alice.post("/tasks/", {"title": "x", "inbox_item": item["id"]})
    assert list(again.json["error"]["details"]) == ["inbox_item"]
    foreign = bob.post("/tasks/", {"title": "x", "inbox_item": item["id"]})
    unknown = bob.post("/tasks/", {"title": "x", "inbox_item": "00000000-0000-4000-8000-000000000000"})
    assert (foreign.status_code, foreign.json) == (400, unknown.json)
    ended_at = do(alice, "complete", made)["ended_at"]
    assert tymblok.get("/inbox").json["data"] == []
    done = tymblok.get("/inbox", includeDismissed="true").json["data"]
    assert [(each["id"], each["completedAt"]) for each in done] == [(item["id"], ended_at)]
