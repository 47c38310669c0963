"""Categories: everybody's and one's own."""

from __future__ import annotations

import pytest

from models.plans import PLANS
from tests.cast import Person
from tests.parallel import at_once
from tests.web.tymblok.test_auth import error
from tests.web.tymblok.test_blocks import category, plan
from tests.web.tymblok.test_users import FOREIGN

LEARNING = {"name": "Learning", "color": "#8b5cf6", "icon": "book"}
UNKNOWN = "00000000-0000-4000-8000-000000000000"
SYSTEM = ["Deep Work", "GitHub", "Jira", "Meeting", "Slack", "Other"]


def make(person: Person, **more: object) -> dict:
    answer = person.post("/categories", {**LEARNING, **more})
    assert answer.status_code == 201, answer.text
    return answer.json["data"]


def names(person: Person) -> list[str]:
    return [each["name"] for each in person.get("/categories").json["data"]]


def test_everybody_begins_with_the_systems_categories(alice: Person) -> None:
    listed = alice.get("/categories").json["data"]
    assert [each["name"] for each in listed] == SYSTEM and all(each["isSystem"] for each in listed)
    assert {"name": "GitHub", "color": "#10b981", "icon": "github"}.items() <= listed[1].items()


def test_one_can_be_made_changed_and_deleted(alice: Person) -> None:
    made = make(alice)
    assert made == {"id": made["id"], **LEARNING, "isSystem": False}
    assert names(alice) == [*SYSTEM, "Learning"]
    answer = alice.patch(f"/categories/{made['id']}", {"name": "Reading", "color": "#ABC"})
    assert answer.status_code == 200 and answer.json["data"] == {**made, "name": "Reading", "color": "#abc"}
    assert alice.delete(f"/categories/{made['id']}").status_code == 204
    assert names(alice) == SYSTEM
    assert error(alice.delete(f"/categories/{made['id']}")) == (404, "NOT_FOUND")


def test_the_systems_categories_are_nobodys_to_change(alice: Person) -> None:
    for each in alice.get("/categories").json["data"]:
        assert error(alice.patch(f"/categories/{each['id']}", {"name": "Mine"})) == (403, "FORBIDDEN")
        assert error(alice.delete(f"/categories/{each['id']}")) == (403, "FORBIDDEN")
    assert names(alice) == SYSTEM


def test_a_category_with_blocks_is_not_deleted(alice: Person) -> None:
    made = make(alice)
    block = plan(alice, "Uses it", categoryId=made["id"])
    assert error(alice.delete(f"/categories/{made['id']}")) == (409, "CONFLICT")
    assert alice.get(f"/blocks/{block['id']}").json["data"]["category"] == made
    alice.patch(f"/blocks/{block['id']}", {"categoryId": category(alice)})
    assert alice.delete(f"/categories/{made['id']}").status_code == 204


def test_a_deleted_block_does_not_hold_its_category(alice: Person) -> None:
    made = make(alice)
    block = plan(alice, "Gone", categoryId=made["id"])
    alice.delete(f"/blocks/{block['id']}")
    assert alice.delete(f"/categories/{made['id']}").status_code == 204


def test_a_renamed_category_shows_in_its_blocks(alice: Person) -> None:
    made = make(alice)
    block = plan(alice, "Shows it", categoryId=made["id"])
    alice.patch(f"/categories/{made['id']}", {"name": "Renamed"})
    assert alice.get(f"/blocks/{block['id']}").json["data"]["category"]["name"] == "Renamed"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "  "),
        ("name", "x" * 101),
        ("name", None),
        ("color", "red"),
        ("color", "#12345"),
        ("color", "#ggg"),
        ("color", "#12345g"),
        ("color", "#fff;x"),
        ("color", 0xFFF),
        ("icon", ""),
        ("icon", "x" * 51),
        ("icon", {}),
    ],
)
def test_a_wrong_value_is_named(alice: Person, field: str, value: object) -> None:
    made = make(alice)
    for answer in (
        alice.post("/categories", {**LEARNING, field: value}),
        alice.patch(f"/categories/{made['id']}", {field: value}),
    ):
        assert error(answer) == (400, "VALIDATION_ERROR")
        assert [detail["field"] for detail in answer.json["error"]["details"]] == [field]
    assert names(alice) == [*SYSTEM, "Learning"]


def test_what_is_missing_is_named(alice: Person) -> None:
    details = alice.post("/categories", {}).json["error"]["details"]
    assert {detail["field"] for detail in details} == {"name", "color", "icon"}


def test_another_users_category_does_not_exist(alice: Person, bob: Person) -> None:
    made = make(alice, name="Secret")
    assert "Secret" not in bob.get("/categories").text
    unknown = bob.patch(f"/categories/{UNKNOWN}", {"name": "x"}).json["error"]
    for answer in (bob.patch(f"/categories/{made['id']}", {"name": "x"}), bob.delete(f"/categories/{made['id']}")):
        assert error(answer) == (404, "NOT_FOUND") and answer.json["error"] == unknown
    block = {"title": "x", "date": "2026-01-31", "startTime": "09:00", "durationMinutes": 5}
    answers = [bob.post("/blocks", {**block, "categoryId": id}) for id in (made["id"], UNKNOWN)]
    assert {error(answer) for answer in answers} == {(400, "VALIDATION_ERROR")}
    assert answers[0].json["error"] == answers[1].json["error"]
    assert names(alice)[-1] == "Secret"


def test_what_is_not_documented_cannot_be_set(alice: Person) -> None:
    made = make(alice, **{**FOREIGN, "isSystem": True, "is_system": True, "ownerId": None, "owner_id": None})
    assert made["isSystem"] is False
    alice.patch(f"/categories/{made['id']}", {**FOREIGN, "isSystem": True, "owner_id": None})
    assert alice.get("/categories").json["data"][-1] == made


def test_a_free_plan_has_three_of_its_own_also_when_twenty_are_made_at_once(alice: Person) -> None:
    acts = [lambda n=n: alice.post("/categories", {**LEARNING, "name": f"c{n}"}) for n in range(20)]
    answers = at_once(*acts)
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] * PLANS["free"].features.custom_categories + [403] * 17
    refused = next(answer for answer in answers if answer.status_code == 403)
    assert "3 custom categories" in refused.json["error"]["message"] and "Pro" in refused.json["error"]["message"]
    alice.delete(f"/categories/{alice.get('/categories').json['data'][-1]['id']}")
    assert alice.post("/categories", LEARNING).status_code == 201, "there is room again"
    alice.upgrade("pro_monthly")
    assert alice.post("/categories", LEARNING).status_code == 201, "and the Pro plan has no limit"


def test_a_category_deleted_while_blocks_are_made_leaves_no_dangling_block(alice: Person) -> None:
    alice.upgrade("pro_monthly")
    for _ in range(5):
        made = make(alice)
        body = {"categoryId": made["id"], "title": "Race", "date": "2026-03-01", "startTime": "09:00"}
        acts = [lambda b=body: alice.post("/blocks", {**b, "durationMinutes": 5})] * 4
        *posted, deleted = at_once(*acts, lambda m=made: alice.delete(f"/categories/{m['id']}"))
        kept = [answer for answer in posted if answer.status_code == 201]
        assert {answer.status_code for answer in posted} <= {201, 400, 409}
        assert deleted.status_code == (409 if kept else 204)
        for answer in kept:
            shown = alice.get(f"/blocks/{answer.json['data']['id']}").json["data"]
            assert shown["category"] == made


def test_no_plan_makes_the_list_endless(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.categories.MOST", 2)
    alice.upgrade("pro_monthly")
    make(alice)
    make(alice)
    assert error(alice.post("/categories", LEARNING)) == (409, "CONFLICT")
    assert len(names(alice)) == 8
