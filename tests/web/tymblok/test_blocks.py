"""Time blocks through Tymblok's door."""

from __future__ import annotations

from tests.cast import Person

DAY = "2026-01-31"


def category(person: Person, name: str = "Deep Work") -> str:
    return next(each["id"] for each in person.get("/categories").json["data"] if each["name"] == name)


def plan(person: Person, title: str, **more: object) -> dict:
    body = {"categoryId": category(person), "title": title, "date": DAY, "startTime": "09:00", "durationMinutes": 90}
    answer = person.post("/blocks", {**body, **more})
    assert answer.status_code == 201, answer.text
    return answer.json["data"]


def test_a_block_ends_when_its_minutes_are_over(alice: Person) -> None:
    block = plan(alice, "Review Pull Requests")
    assert (block["startTime"], block["endTime"], block["sortOrder"]) == ("09:00", "10:30", 1)
    assert alice.get(f"/blocks/{block['id']}").json["data"] == block


def test_a_block_over_midnight_ends_at_the_next_days_time(alice: Person) -> None:
    assert plan(alice, "Release", startTime="23:30")["endTime"] == "01:00"


def test_blocks_are_listed_by_day_and_range_and_state(alice: Person) -> None:
    first, second = plan(alice, "One"), plan(alice, "Two", date="2026-02-02")
    assert alice.post(f"/blocks/{first['id']}/complete").status_code == 200
    titles = lambda **query: [each["title"] for each in alice.get("/blocks", **query).json["data"]]  # noqa: E731
    assert titles(date=DAY) == ["One"]
    assert titles(startDate=DAY, endDate="2026-02-02") == ["One", "Two"]
    assert titles(startDate=DAY, endDate="2026-02-02", completed="false") == [second["title"]]
    assert titles() == []


def test_another_users_block_is_not_found(alice: Person, bob: Person) -> None:
    block = plan(alice, "Secret")
    path = f"/blocks/{block['id']}"
    for answer in (bob.get(path), bob.patch(path, {"title": "x"}), bob.delete(path), bob.post(f"{path}/complete")):
        assert answer.status_code == 404
        assert answer.json["error"] == bob.get("/blocks/00000000-0000-4000-8000-000000000000").json["error"]
    assert alice.get(path).json["data"]["title"] == "Secret"
