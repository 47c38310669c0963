"""Time blocks through Tymblok's door."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
import time_machine
from sqlalchemy import event
from werkzeug.test import TestResponse

from models.db import engine
from tests.cast import PASSWORD, Person
from tests.parallel import at_once

DAY = "2026-01-31"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
KEYS = {
    "id", "categoryId", "category", "title", "subtitle", "date", "startTime", "endTime", "durationMinutes", "isUrgent",
    "isCompleted", "completedAt", "progress", "elapsedSeconds", "sortOrder", "externalId", "externalUrl",
    "externalSource", "createdAt", "updatedAt",
}  # fmt: skip
FOREIGN = {
    "id": 1, "uid": UNKNOWN, "owner": 1, "ownerId": 1, "user_id": 1, "createdAt": "2020-01-01T00:00:00Z",
    "created_at": "2020-01-01T00:00:00Z", "updatedAt": "2020-01-01T00:00:00Z", "deleted_at": "2020-01-01T00:00:00Z",
    "category": {"isSystem": False}, "isSystem": True, "organization": 1, "role": "admin",
}  # fmt: skip


def error(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


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


# -- planning


def test_the_documented_example_becomes_a_block(alice: Person) -> None:
    body = {"categoryId": category(alice), "title": "Code Review", "subtitle": "PR #123", "date": DAY,
            "startTime": "14:00", "durationMinutes": 60, "isUrgent": False}  # fmt: skip
    answer = alice.post("/blocks", body)
    block = answer.json["data"]
    assert answer.status_code == 201 and set(block) == KEYS and block.items() >= body.items()
    assert block["category"]["name"] == "Deep Work" and block["categoryId"] == block["category"]["id"]
    assert (block["endTime"], block["isCompleted"], block["completedAt"]) == ("15:00", False, None)
    assert (block["progress"], block["elapsedSeconds"], block["sortOrder"]) == (0, 0, 1)
    assert block["externalId"] is block["externalUrl"] is block["externalSource"] is None
    assert block["createdAt"] == block["updatedAt"]


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [("00:00", 1, "00:01"), ("00:00", 1440, "00:00"), ("23:59", 1, "00:00"), ("23:59", 1440, "23:59")],
)
def test_the_end_follows_from_start_and_length(alice: Person, start: str, minutes: int, end: str) -> None:
    assert plan(alice, "x", startTime=start, durationMinutes=minutes)["endTime"] == end


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("categoryId", UNKNOWN),
        ("categoryId", "cat-uuid"),
        ("categoryId", None),
        ("title", ""),
        ("title", " \n "),
        ("title", "x" * 501),
        ("title", None),
        ("subtitle", "x" * 501),
        ("subtitle", 1),
        ("date", "2026-02-30"),
        ("date", "2026-13-01"),
        ("date", "2027-02-29"),
        ("date", "2026-W01-1"),
        ("date", "20260101"),
        ("date", "31.01.2026"),
        ("date", "0001-01-01"),
        ("date", "9999-12-31"),
        ("date", "２０２６-01-31"),
        ("date", "2026-01-31T00:00:00Z"),
        ("date", 20260131),
        ("startTime", "24:00"),
        ("startTime", "9:5"),
        ("startTime", "09:60"),
        ("startTime", "09:00:00"),
        ("startTime", "٠٩:٠٠"),
        ("startTime", "09:00\n"),
        ("startTime", 900),
        ("durationMinutes", 0),
        ("durationMinutes", -1),
        ("durationMinutes", 1441),
        ("durationMinutes", 10**9),
        ("durationMinutes", 1.9),
        ("durationMinutes", True),
        ("durationMinutes", "60"),
        ("isUrgent", "false"),
        ("isUrgent", 0),
        ("isUrgent", None),
    ],
)
def test_a_wrong_value_is_named_and_plans_nothing(alice: Person, field: str, value: object) -> None:
    body = {"categoryId": category(alice), "title": "x", "date": DAY, "startTime": "09:00", "durationMinutes": 5}
    answer = alice.post("/blocks", {**body, field: value})
    assert error(answer) == (400, "VALIDATION_ERROR")
    assert [detail["field"] for detail in answer.json["error"]["details"]] == [field]
    assert alice.get("/blocks", date=DAY).json["data"] == []


def test_a_leap_day_is_a_day(alice: Person) -> None:
    assert plan(alice, "x", date="2028-02-29")["date"] == "2028-02-29"


def test_what_is_missing_is_named(alice: Person) -> None:
    details = alice.post("/blocks", {}).json["error"]["details"]
    wanted = {"categoryId", "title", "date", "startTime", "durationMinutes"}
    assert {detail["field"] for detail in details} == wanted


def test_what_is_not_documented_cannot_be_set(alice: Person) -> None:
    more = {**FOREIGN, "isCompleted": True, "completedAt": "2020-01-01T00:00:00Z", "sortOrder": 99, "endTime": "23:00",
            "externalId": "1", "externalUrl": "https://x", "externalSource": "jira", "owner_id": 1, "category_id": 1,
            "starts_at": "2020-01-01T00:00:00Z", "inbox_item_id": 1, "progress": 50, "elapsedSeconds": 5}  # fmt: skip
    block = plan(alice, "Plain", **more)
    assert (block["isCompleted"], block["completedAt"], block["sortOrder"]) == (False, None, 1)
    assert block["endTime"] == "10:30"
    assert block["externalId"] is block["externalUrl"] is block["externalSource"] is None
    assert (block["progress"], block["elapsedSeconds"], block["id"] != FOREIGN["uid"]) == (0, 0, True)
    allowed = {"progress", "elapsedSeconds", "title"}
    refused = {name: value for name, value in more.items() if name not in allowed}
    after = alice.patch(f"/blocks/{block['id']}", refused).json["data"]
    assert {**after, "updatedAt": block["updatedAt"]} == block


def test_ten_blocks_a_day_are_free_also_when_twenty_are_planned_at_once(alice: Person) -> None:
    body = {"categoryId": category(alice), "title": "x", "date": DAY, "startTime": "09:00", "durationMinutes": 5}
    answers = at_once(*[lambda: alice.post("/blocks", body)] * 20)
    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [403] * 10
    refused = next(answer for answer in answers if answer.status_code == 403)
    assert "10 blocks a day" in refused.json["error"]["message"] and "Pro plan" in refused.json["error"]["message"]
    blocks = alice.get("/blocks", date=DAY).json["data"]
    assert [block["sortOrder"] for block in blocks] == list(range(1, 11))
    assert alice.post("/blocks", {**body, "date": "2026-02-01"}).status_code == 201, "the next day has its own"
    other = alice.get("/blocks", date="2026-02-01").json["data"][0]
    assert error(alice.patch(f"/blocks/{other['id']}", {"date": DAY})) == (403, "FORBIDDEN")
    alice.delete(f"/blocks/{blocks[0]['id']}")
    assert alice.patch(f"/blocks/{other['id']}", {"date": DAY}).status_code == 200
    alice.upgrade("pro_monthly")
    assert alice.post("/blocks", body).status_code == 201


# -- changing


def test_changes_show_and_the_rest_stays(alice: Person) -> None:
    block = plan(alice, "Before", subtitle="Kept")
    changes = {"title": "Updated Title", "progress": 50, "elapsedSeconds": 1800, "isUrgent": True}
    answer = alice.patch(f"/blocks/{block['id']}", changes)
    assert answer.status_code == 200
    after = answer.json["data"]
    assert after == {**block, **changes, "updatedAt": after["updatedAt"]}
    assert alice.patch(f"/blocks/{block['id']}", {"subtitle": None}).json["data"]["subtitle"] is None
    moved = alice.patch(f"/blocks/{block['id']}", {"startTime": "23:00", "durationMinutes": 120}).json["data"]
    assert moved["endTime"] == "01:00"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("progress", -1), ("progress", 101), ("progress", 50.5), ("progress", None), ("elapsedSeconds", -1),
        ("elapsedSeconds", 10**9), ("elapsedSeconds", 2**63), ("title", None), ("title", ""), ("date", None),
        ("startTime", None), ("durationMinutes", None), ("categoryId", UNKNOWN), ("isUrgent", "yes"),
    ],
)  # fmt: skip
def test_a_wrong_change_is_refused_whole(alice: Person, field: str, value: object) -> None:
    block = plan(alice, "Before")
    answer = alice.patch(f"/blocks/{block['id']}", {"subtitle": "Changed", field: value})
    assert error(answer) == (400, "VALIDATION_ERROR")
    assert alice.get(f"/blocks/{block['id']}").json["data"] == block


def test_completing_twice_is_completing_once(alice: Person) -> None:
    block = plan(alice, "Do it")
    with time_machine.travel("2026-01-31T10:30:00Z", tick=False):
        token = alice.front.call("POST", "/tymblok/v1/auth/login", {"email": alice.email, "password": PASSWORD})
        alice.token = token.json["data"]["accessToken"]
        first = alice.post(f"/blocks/{block['id']}/complete").json["data"]
        assert first == {"id": block["id"], "isCompleted": True, "completedAt": "2026-01-31T10:30:00Z"}
    with time_machine.travel("2026-01-31T10:40:00Z", tick=False):
        assert alice.post(f"/blocks/{block['id']}/complete").json["data"] == first
        shown = alice.get(f"/blocks/{block['id']}").json["data"]
    assert (shown["isCompleted"], shown["completedAt"], shown["progress"]) == (True, first["completedAt"], 100)


def test_twenty_completions_at_once_agree(alice: Person) -> None:
    block = plan(alice, "Do it")
    answers = at_once(*[lambda: alice.post(f"/blocks/{block['id']}/complete")] * 20)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json["data"]["completedAt"] for answer in answers}) == 1


def test_a_deleted_block_is_gone_everywhere(alice: Person) -> None:
    block = plan(alice, "Gone")
    path = f"/blocks/{block['id']}"
    assert alice.delete(path).status_code == 204
    for method, end in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/complete")):
        answer = alice.call(method, path + end, {"title": "x"} if method == "PATCH" else None)
        assert error(answer) == (404, "NOT_FOUND")
    assert alice.get("/blocks", date=DAY).json["data"] == []


def test_a_block_keeps_its_wall_clock_when_its_owner_moves(alice: Person) -> None:
    block = plan(alice, "Lunch", startTime="12:00", date="2030-07-01")
    for zone in ("Asia/Kathmandu", "America/New_York"):
        alice.patch("/users/me", {"timezone": zone})
        shown = alice.get(f"/blocks/{block['id']}").json["data"]
        assert (shown["date"], shown["startTime"]) == ("2030-07-01", "12:00")


@pytest.mark.parametrize(
    ("zone", "now", "day"),
    [
        ("Pacific/Kiritimati", "2026-01-31T11:00:00Z", "2026-02-01"),
        ("Pacific/Pago_Pago", "2026-01-31T10:00:00Z", "2026-01-30"),
        ("America/Santiago", "2026-09-06T04:30:00Z", "2026-09-06"),
        ("UTC", "2026-12-31T23:59:59Z", "2026-12-31"),
    ],
)
def test_today_is_the_users_own_day(meet: Callable[..., Person], zone: str, now: str, day: str) -> None:
    with time_machine.travel(now, tick=False):
        alice = meet("alice", timezone=zone)
        plan(alice, "Today", date=day)
        assert [block["title"] for block in alice.get("/blocks").json["data"]] == ["Today"]


# -- listing


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("date=2026-02-30", "date"), ("date=", "date"), ("date=today", "date"), ("startDate=2026-1-1", "startDate"),
        ("startDate=2026-02-02&endDate=2026-02-01", "endDate"), ("startDate=2000-01-01&endDate=2020-01-01", "endDate"),
        ("completed=maybe", "completed"), ("completed=2", "completed"), ("page=0", "page"), ("page=-1", "page"),
        ("page=1.5", "page"), ("pageSize=0", "pageSize"), ("pageSize=1001", "pageSize"), ("page=٣", "page"),
        ("page=99999999999999999999", "page"),
    ],
)  # fmt: skip
def test_a_wrong_query_is_named(alice: Person, query: str, field: str) -> None:
    answer = alice.get(f"/blocks?{query}")
    assert error(answer) == (400, "VALIDATION_ERROR")
    assert [detail["field"] for detail in answer.json["error"]["details"]] == [field]


def test_the_last_page_of_a_list_is_found(alice: Person) -> None:
    for n in range(5):
        plan(alice, str(n))
    page = alice.get("/blocks", date=DAY, pageSize="2", page="3").json
    assert [block["title"] for block in page["data"]] == ["4"]
    assert page["meta"]["pagination"] == {"page": 3, "pageSize": 2, "totalItems": 5, "totalPages": 3}
    assert alice.get("/blocks", date=DAY, page="1000000000").json["data"] == []


# -- order


def order(person: Person, ids: list[str], day: str = DAY) -> TestResponse:
    return person.put("/blocks/reorder", {"date": day, "blockIds": ids})


def shown(person: Person, day: str = DAY) -> list[str]:
    return [block["title"] for block in person.get("/blocks", date=day).json["data"]]


def test_blocks_are_put_in_order_and_the_rest_stays_behind(alice: Person) -> None:
    ids = {title: plan(alice, title)["id"] for title in "ABCDE"}
    answer = order(alice, [ids["D"], ids["B"]])
    assert answer.json["data"] == {"message": "Blocks reordered"}
    assert shown(alice) == list("DBACE")
    assert [block["sortOrder"] for block in alice.get("/blocks", date=DAY).json["data"]] == [1, 2, 3, 4, 5]
    assert order(alice, []).status_code == 200 and shown(alice) == list("DBACE")


def test_an_order_with_a_stranger_in_it_changes_nothing(alice: Person, bob: Person) -> None:
    ids = [plan(alice, title)["id"] for title in "ABC"]
    theirs, elsewhere = plan(bob, "Secret")["id"], plan(alice, "Tomorrow", date="2026-02-01")["id"]
    gone = plan(alice, "Gone")["id"]
    alice.delete(f"/blocks/{gone}")
    many = [str(uuid.uuid4()) for _ in range(10_000)]
    for strange, expected in (
        ([theirs], (404, "NOT_FOUND")),
        ([UNKNOWN], (404, "NOT_FOUND")),
        ([gone], (404, "NOT_FOUND")),
        ([elsewhere], (400, "VALIDATION_ERROR")),
        ([elsewhere, theirs], (404, "NOT_FOUND")),
        ([ids[0]], (400, "VALIDATION_ERROR")),
        (["block-3"], (400, "VALIDATION_ERROR")),
        ([None], (400, "VALIDATION_ERROR")),
        (many, (400, "VALIDATION_ERROR")),
        (many[:997], (404, "NOT_FOUND")),
    ):
        assert error(order(alice, [*reversed(ids), *strange])) == expected
        assert shown(alice) == list("ABC")
    assert shown(bob) == ["Secret"]
    assert order(alice, [theirs]).json["error"] == order(alice, [UNKNOWN]).json["error"]


@pytest.mark.parametrize("body", [{}, {"date": DAY}, {"blockIds": []}, {"date": DAY, "blockIds": {}},
                                  {"date": DAY, "blockIds": "x"}, {"date": "x", "blockIds": []}])  # fmt: skip
def test_an_order_needs_a_day_and_ids(alice: Person, body: dict) -> None:
    assert error(alice.put("/blocks/reorder", body)) == (400, "VALIDATION_ERROR")


def test_orders_at_once_leave_a_permutation(alice: Person) -> None:
    ids = [plan(alice, title)["id"] for title in "ABCDEFGH"]
    turns = [ids[n:] + ids[:n] for n in range(8)]
    answers = at_once(*[lambda turn=turn: order(alice, turn) for turn in turns])
    assert {answer.status_code for answer in answers} == {200}
    blocks = alice.get("/blocks", date=DAY).json["data"]
    assert [block["sortOrder"] for block in blocks] == list(range(1, 9))
    assert [block["id"] for block in blocks] in turns, "one of those that were asked for, whole"


def test_the_statements_of_a_list_do_not_grow_with_it(alice: Person) -> None:
    alice.upgrade("pro_monthly")

    def count() -> int:
        seen: list[str] = []
        listener = lambda *args: seen.append(args[2])  # noqa: E731
        event.listen(engine, "before_cursor_execute", listener)
        alice.get("/blocks", date=DAY)
        event.remove(engine, "before_cursor_execute", listener)
        return len(seen)

    plan(alice, "One")
    few = count()
    for n in range(19):
        plan(alice, str(n))
    assert count() == few <= 3
