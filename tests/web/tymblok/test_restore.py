"""What was put away can be had back for 30 days."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from models.clock import now
from models.db import session
from tests.cast import Person, transaction
from tests.web.tymblok.test_blocks import DAY, plan
from workers.housekeeping import tidy_up


@pytest.fixture(autouse=True)
def _as_many_requests_as_it_takes(unlimited: None) -> None:
    pass


def age(kind: str, uid: str, days: float) -> None:
    from models.blocks import TimeBlock
    from models.inbox import InboxItem

    model, column = {"block": (TimeBlock, "deleted_at"), "item": (InboxItem, "dismissed_at")}[kind]
    with transaction():
        row = session.query(model).filter_by(uid=uuid.UUID(uid)).one()
        setattr(row, column, now() - timedelta(days=days))


def test_a_deleted_block_comes_back_as_it_was(alice: Person) -> None:
    block = plan(alice, "Write")
    alice.post(f"/blocks/{block['id']}/complete")
    before = alice.get(f"/blocks/{block['id']}").json["data"]
    alice.delete(f"/blocks/{block['id']}")
    restored = alice.post(f"/blocks/{block['id']}/restore")
    assert restored.status_code == 200
    assert {**restored.json["data"], "updatedAt": None} == {**before, "updatedAt": None}
    assert [each["id"] for each in alice.get("/blocks", date=DAY).json["data"]] == [block["id"]]
    assert alice.post(f"/blocks/{block['id']}/restore").status_code == 200


def test_after_thirty_days_a_block_is_gone(alice: Person) -> None:
    young, old = plan(alice, "Young")["id"], plan(alice, "Old")["id"]
    for uid, days in ((young, 29.9), (old, 30.1)):
        alice.delete(f"/blocks/{uid}")
        age("block", uid, days)
    assert alice.post(f"/blocks/{old}/restore").status_code == 404
    with transaction():
        tidy_up.run()
        from models.blocks import TimeBlock

        assert session.query(TimeBlock).filter_by(uid=uuid.UUID(old)).first() is None
    assert alice.post(f"/blocks/{young}/restore").status_code == 200


def test_a_full_day_takes_no_block_back(alice: Person) -> None:
    first = plan(alice, "First")["id"]
    alice.delete(f"/blocks/{first}")
    for number in range(10):
        plan(alice, f"Block {number}")
    assert alice.post(f"/blocks/{first}/restore").json["error"]["code"] == "FORBIDDEN"


def test_what_was_planned_anew_does_not_come_back_twice(alice: Person) -> None:
    item = alice.post("/inbox", {"title": "Once"}).json["data"]["id"]
    kind = alice.get("/categories").json["data"][0]["id"]
    body = {"date": DAY, "startTime": "09:00", "durationMinutes": 15, "categoryId": kind}
    first = alice.post(f"/inbox/{item}/schedule", body).json["data"]["id"]
    alice.delete(f"/blocks/{first}")
    assert alice.post(f"/inbox/{item}/schedule", body).status_code == 201
    assert alice.post(f"/blocks/{first}/restore").json["error"]["code"] == "CONFLICT"


def test_a_dismissed_item_comes_back(alice: Person) -> None:
    item = alice.post("/inbox", {"title": "Later"}).json["data"]
    alice.delete(f"/inbox/{item['id']}")
    assert alice.get("/inbox").json["data"] == []
    restored = alice.post(f"/inbox/{item['id']}/restore")
    assert (restored.status_code, restored.json["data"]) == (200, item)
    assert alice.get("/inbox").json["data"] == [item]
    alice.delete(f"/inbox/{item['id']}")
    age("item", item["id"], 30.1)
    assert alice.post(f"/inbox/{item['id']}/restore").status_code == 404


def test_anothers_things_do_not_come_back(alice: Person, bob: Person) -> None:
    block, item = plan(alice, "Mine")["id"], alice.post("/inbox", {"title": "Mine"}).json["data"]["id"]
    alice.delete(f"/blocks/{block}")
    alice.delete(f"/inbox/{item}")
    assert bob.post(f"/blocks/{block}/restore").status_code == 404
    assert bob.post(f"/inbox/{item}/restore").status_code == 404


@pytest.mark.parametrize(
    ("search", "found"),
    [("50%", ["50% off"]), ("%", ["50% off"]), ("_", ["a_b"]), ("A_B", ["a_b"]), ("\\", ["back\\slash"]),
     ("hidden", ["50% off"]), ("nothing", []), ("", ["back\\slash", "a_b", "axb", "50% off"])],
)  # fmt: skip
def test_a_search_takes_every_letter_as_it_is(alice: Person, search: str, found: list[str]) -> None:
    alice.post("/inbox", {"title": "50% off", "description": "Hidden words"})
    for title in ("axb", "a_b", "back\\slash"):
        alice.post("/inbox", {"title": title})
    assert [each["title"] for each in alice.get("/inbox", search=search).json["data"]] == found
