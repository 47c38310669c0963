"""The inbox through Tymblok's door: what waits to be planned."""

from __future__ import annotations

import pytest

from tests.cast import Person
from tests.connect import Provider, connect
from tests.parallel import at_once
from tests.web.tymblok.test_auth import error
from tests.web.tymblok.test_blocks import DAY, category, plan
from tests.web.tymblok.test_users import FOREIGN

RESEARCH = {"title": "Research caching strategies", "type": "task", "priority": "normal"}
UNKNOWN = "00000000-0000-4000-8000-000000000000"
KEYS = {
    "id", "title", "description", "source", "type", "priority", "externalId", "externalUrl", "createdAt", "startsAt",
    "endsAt", "isDismissed", "completedAt",
}  # fmt: skip


def write(person: Person, title: str = "Research", **more: object) -> dict:
    answer = person.post("/inbox", {"title": title, **more})
    assert answer.status_code == 201, answer.text
    return answer.json["data"]


def titles(person: Person, **query: str) -> list[str]:
    return [each["title"] for each in person.get("/inbox", **query).json["data"]]


def when(person: Person, **more: object) -> dict:
    return {"date": DAY, "startTime": "15:00", "durationMinutes": 45, "categoryId": category(person), **more}


def test_the_documented_example_arrives(alice: Person) -> None:
    item = alice.post("/inbox", RESEARCH).json["data"]
    assert set(item) == KEYS and item.items() >= RESEARCH.items()
    assert item["source"] == "manual"
    assert item["description"] is item["externalId"] is item["externalUrl"] is None
    assert alice.get("/inbox").json["data"] == [item]


def test_a_title_is_enough_and_the_newest_comes_first(alice: Person) -> None:
    first, second = write(alice, "One"), write(alice, "Two", description="", priority="high", type="event")
    assert (first["type"], first["priority"]) == ("task", "normal")
    assert (second["type"], second["priority"], second["description"]) == ("event", "high", "")
    assert titles(alice) == ["Two", "One"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "   "),
        ("title", None),
        ("title", "x" * 501),
        ("title", 5),
        ("description", "x" * 20_001),
        ("description", []),
        ("type", "mail"),
        ("type", None),
        ("priority", "urgent"),
        ("priority", ""),
    ],
)
def test_a_wrong_value_is_named(alice: Person, field: str, value: object) -> None:
    answer = alice.post("/inbox", {**RESEARCH, field: value})
    assert error(answer) == (400, "VALIDATION_ERROR")
    assert [detail["field"] for detail in answer.json["error"]["details"]] == [field]
    assert titles(alice) == []


@pytest.mark.parametrize(
    "title", ["é 日本語 🎉👩‍👩‍👧", "<script>alert(1)</script>", "a\nb\tc", "\u202eevil", "x" * 500, "%_\\'\""]
)
def test_text_comes_back_as_it_was_written(alice: Person, title: str) -> None:
    assert write(alice, title)["title"] == title
    assert titles(alice) == [title]


def test_items_are_filtered_by_source_and_type(alice: Person, github: Provider) -> None:
    write(alice, "Mine", type="reminder")
    connect(alice, "github", "jun")
    assert titles(alice, source="manual") == ["Mine"] and titles(alice, type="reminder") == ["Mine"]
    assert "Mine" not in titles(alice, source="github") and len(titles(alice, source="github")) > 3
    assert titles(alice, source="slack") == [] and titles(alice, source="github", type="reminder") == []


@pytest.mark.parametrize(
    "query",
    ["source=mail", "source=", "type=mail", "includeDismissed=maybe", "page=0", "page=x", "pageSize=0", "pageSize=1e3"],
)
def test_a_wrong_filter_is_refused(alice: Person, query: str) -> None:
    answer = alice.get(f"/inbox?{query}")
    assert error(answer) == (400, "VALIDATION_ERROR")
    assert answer.json["error"]["details"][0]["field"] == query.partition("=")[0]


def test_lists_come_in_pages(alice: Person) -> None:
    for n in range(5):
        write(alice, f"Item {n}")
    pages = [alice.get("/inbox", page=str(n), pageSize="2").json for n in (1, 2, 3, 4)]
    assert [[each["title"][-1] for each in page["data"]] for page in pages] == [["4", "3"], ["2", "1"], ["0"], []]
    assert pages[0]["meta"]["pagination"] == {"page": 1, "pageSize": 2, "totalItems": 5, "totalPages": 3}
    assert all(page["meta"]["pagination"]["totalItems"] == 5 for page in pages)


def test_a_dismissed_item_is_shown_on_request_alone(alice: Person) -> None:
    item = write(alice)
    assert alice.delete(f"/inbox/{item['id']}").status_code == 204
    assert titles(alice) == [] and titles(alice, includeDismissed="true") == ["Research"]
    assert alice.get("/inbox", includeDismissed="true").json["data"][0]["isDismissed"] is True
    assert alice.delete(f"/inbox/{item['id']}").status_code == 204, "twice is once"


def test_an_item_becomes_a_block_and_leaves(alice: Person) -> None:
    item = write(alice, "Plan me", priority="high")
    answer = alice.post(f"/inbox/{item['id']}/schedule", when(alice))
    block = answer.json["data"]
    assert answer.status_code == 201
    assert (block["title"], block["startTime"], block["endTime"]) == ("Plan me", "15:00", "15:45")
    assert block["isUrgent"] is True
    assert titles(alice) == [] and alice.get(f"/blocks/{block['id']}").json["data"] == block
    assert error(alice.post(f"/inbox/{item['id']}/schedule", when(alice))) == (409, "CONFLICT")


def test_twenty_schedules_at_once_make_one_block(alice: Person) -> None:
    item, body = write(alice), when(alice)
    answers = at_once(*[lambda: alice.post(f"/inbox/{item['id']}/schedule", body)] * 20)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert len(alice.get("/blocks", date=DAY).json["data"]) == 1


def test_a_deleted_block_gives_its_item_back(alice: Person) -> None:
    item = write(alice)
    block = alice.post(f"/inbox/{item['id']}/schedule", when(alice)).json["data"]
    alice.delete(f"/blocks/{block['id']}")
    assert alice.get("/inbox").json["data"] == [item]
    assert alice.post(f"/inbox/{item['id']}/schedule", when(alice)).status_code == 201


def test_the_limit_of_blocks_a_day_holds_for_scheduling(alice: Person) -> None:
    for n in range(10):
        plan(alice, f"Block {n}")
    item = write(alice)
    assert error(alice.post(f"/inbox/{item['id']}/schedule", when(alice))) == (403, "FORBIDDEN")
    assert titles(alice) == ["Research"], "and it still waits"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("date", "2026-02-30"),
        ("date", None),
        ("startTime", "24:00"),
        ("startTime", "9:5"),
        ("durationMinutes", 0),
        ("durationMinutes", 1441),
        ("durationMinutes", 1.5),
        ("categoryId", UNKNOWN),
        ("categoryId", "x"),
        ("categoryId", None),
    ],
)
def test_a_wrong_time_or_category_is_named_and_plans_nothing(alice: Person, field: str, value: object) -> None:
    item = write(alice)
    answer = alice.post(f"/inbox/{item['id']}/schedule", when(alice, **{field: value}))
    assert error(answer) == (400, "VALIDATION_ERROR")
    assert [detail["field"] for detail in answer.json["error"]["details"]] == [field]
    assert titles(alice) == ["Research"]


def test_another_users_item_does_not_exist(alice: Person, bob: Person) -> None:
    item = write(alice, "Canary")
    unknown = bob.delete(f"/inbox/{UNKNOWN}").json["error"]
    for answer in (bob.delete(f"/inbox/{item['id']}"), bob.post(f"/inbox/{item['id']}/schedule", when(bob))):
        assert error(answer) == (404, "NOT_FOUND") and answer.json["error"] == unknown
    assert "Canary" not in bob.get("/inbox", includeDismissed="true").text
    assert alice.get("/inbox").json["data"] == [item]


def test_another_users_category_cannot_be_planned_with(alice: Person, bob: Person) -> None:
    theirs = alice.post("/categories", {"name": "Secret", "color": "#fff", "icon": "x"}).json["data"]["id"]
    item = write(bob)
    answer = bob.post(f"/inbox/{item['id']}/schedule", when(bob, categoryId=theirs))
    assert error(answer) == (400, "VALIDATION_ERROR") and "Secret" not in answer.text


def test_what_is_not_documented_cannot_be_set(alice: Person) -> None:
    more = {"source": "github", "externalId": "1", "externalUrl": "https://x", "owner_id": 1, "isDismissed": True}
    item = write(alice, **FOREIGN, **more)
    assert (item["source"], item["externalId"], item["isDismissed"]) == ("manual", None, False)
    assert item["id"] != FOREIGN["uid"] and item["externalUrl"] is None
    more = {**FOREIGN, "title": "Other", "isCompleted": True, "sortOrder": 99, "externalSource": "jira"}
    block = alice.post(f"/inbox/{item['id']}/schedule", when(alice, **more)).json["data"]
    assert (block["title"], block["isCompleted"], block["sortOrder"]) == ("Research", False, 1)
    assert block["externalSource"] is None
