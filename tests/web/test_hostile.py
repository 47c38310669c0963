"""Hostile values in every field of body, query and path: refused in the contract's shape, quickly, never a 500."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import Client

from tests.cast import Front, Person
from web.flow_sudoku.shape import FlowSudoku
from web.pomodoro_timer.shape import PomodoroTimer
from web.produktifin.shape import Produktifin
from wsgi import application

DOCUMENTS = {
    "produktifin": "/produktifin/v1",
    "pomodoro-timer": "/pomodoro-timer/api/v1",
    "flow-sudoku": "/flow-sudoku/v1",
}
DEEP: Any = 1
for _ in range(40):
    DEEP = [DEEP]
VALUES: list[Any] = [
    None, True, False, 0, -1, 1.9, 1e308, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, "", " ", "0", "1", "x" * 100_000,
    "\u0000", "a\u0000b", "\ud800", "\u202egnp.exe", "👩‍👩‍👧‍👦" * 60, "٣", "①",
    "null", "NaN", "' OR 1=1 --", "%00", "..%2f..",
    "=1+1", "<script>", "__proto__", [], {}, [None], [[]], [{}], {"$gt": ""}, {"__proto__": {"a": 1}}, DEEP,
    "2026-02-30", "2026-13-01", "2026-W01-1", "20260101", "24:00", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "2026-02-05T08:00:00", "2026-02-05T25:00:00Z", "2026-02-05T08:00:00+99:99",
    "localtime", "../etc/passwd", "a@b", "a" * 250 + "@example.com", "sess_" + "f" * 32, "cal_" + "f" * 32,
    "task_" + "f" * 32, "sess_" + "F" * 32,
]  # fmt: skip
BODIES = [
    b"", b"null", b"[]", b'"x"', b"0", b"{", b'{"a": 1, "a": 2}', b'{"a": NaN}', b'{"a": 1e999}', b'{"a": Infinity}',
    b'{"a": "\\u0000"}', b'{"a": "\\ud800"}', b"\xff\xfe{}", "{}".encode("utf-16"), b"\xef\xbb\xbf{}", b"[" * 100_000,
    b'{"a": ' * 100_000, b'{"a": 1' + b"0" * 5000 + b"}", b"{}" * 2, b" " * (1024 * 1024 + 1), b"\x1f\x8b\x08\x00",
]  # fmt: skip
PATHS = ["0", "-1", "%00", "%ff", "..", "1%2f..", "٣", "x" * 3000, "sess_", "null"]
PATHS += [prefix + digit * 32 for prefix in ("sess_", "cal_", "task_") for digit in "0f"]


@pytest.fixture(autouse=True)
def _without_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for shape in (FlowSudoku, PomodoroTimer, Produktifin):
        monkeypatch.setattr(shape, "limit", lambda *_: None)


def operations(base: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    document = Client(application).get(f"{base}/openapi.json").json
    prefix = "/" + base.strip("/").partition("/")[2]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield method.upper(), path.removeprefix(prefix), operation


def example_of(operation: dict[str, Any]) -> dict[str, Any] | None:
    """The documented body of an operation that takes one."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return None if content is None else content["example"]


def spoiled(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places in a body where a value can stand."""
    if path:
        yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from spoiled(member, (*path, key))


def put(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    body = copy.deepcopy(body)
    place = body
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return body


class Attacker:
    """Sends one thing after another, and looks at each answer."""

    def __init__(self, person: Person) -> None:
        self.person, self.sent = person, 0

    def send(self, method: str, path: str, **options: Any) -> None:
        began = time.monotonic()
        answer = self.person.front.call(method, self.person.base + path, token=self.person.token, **options)
        seconds = time.monotonic() - began
        what = (method, path[:80], str(options)[:200], answer.text[:200])
        assert answer.status_code < 500, what
        assert answer.status_code not in (302, 308, 422), what
        assert answer.status_code == 204 or answer.mimetype == "application/json", what
        assert seconds < 2, what
        if answer.status_code == 401 and not path.startswith("/auth"):
            raise AssertionError(what)  # the attack would not reach what is behind the door
        self.sent += 1


@pytest.fixture(params=list(DOCUMENTS))
def door(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def attacker(alice: Person, door: str) -> Attacker:
    alice.upgrade("pro_monthly")
    return Attacker(alice.at(door))


@pytest.fixture
def targets(attacker: Attacker, door: str) -> list[tuple[str, str, dict[str, Any]]]:
    """What takes a body: method, path with the ids of things that are there, and a body that would be taken."""
    ids = {}
    if door == "produktifin":
        person = attacker.person
        event = {"title": "x", "date": "2026-02-05T08:00:00Z", "repeat": "monthly", "repeat_until": "2026-05-05"}
        ids["event_id"] = person.post("/calendar/events", event).json["event_id"]
        ids["session_id"] = person.post("/pomodoro/session", {"tasks": [{"title": "x"}]}).json["session_id"]
        (task,) = person.get(f"/pomodoro/session/{ids['session_id']}").json["tasks"]
        ids["task_id"] = task["id"]
    return [
        (method, path.format(**ids), {**example, **{name: id for name, id in ids.items() if name in example}})
        for method, path, operation in operations(DOCUMENTS[door])
        if (example := example_of(operation)) is not None and not path.endswith("/logout")
    ]


def test_every_field_of_every_body(attacker: Attacker, targets: list[tuple[str, str, dict[str, Any]]]) -> None:
    for method, address, example in targets:
        for place in spoiled(example):
            for value in VALUES:
                raw = json.dumps(put(example, place, value)).encode()
                attacker.send(method, address, data=raw, content_type="application/json")
    assert attacker.sent > 100


def test_every_body_as_a_whole(attacker: Attacker, targets: list[tuple[str, str, dict[str, Any]]]) -> None:
    for method, address, _ in targets:
        for raw in BODIES:
            attacker.send(method, address, data=raw, content_type="application/json")
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml", ""):
            attacker.send(method, address, data=b'{"a": 1}', content_type=kind)


def test_every_query_and_every_path(attacker: Attacker, door: str) -> None:
    for method, path, operation in operations(DOCUMENTS[door]):
        for parameter in operation.get("parameters", ()):
            if parameter.get("in") == "query":
                for value in VALUES:
                    if isinstance(value, str) and "\ud800" not in value and len(value) < 10_000:
                        attacker.send(method, path, query_string={parameter["name"]: value})
                attacker.send(method, path, query_string=f"{parameter['name']}=1&{parameter['name']}=2")
        if "{" in path:
            for value in PATHS:
                head, _, rest = path.partition("{")
                attacker.send(method, head + value + rest.partition("}")[2])


def test_no_hostile_value_was_kept_as_something_else(alice: Person) -> None:
    runner = alice.at("produktifin")
    for title in ("\u202egnp.exe", "👩‍👩‍👧‍👦", "<script>alert(1)</script>", "' OR 1=1 --", "=1+1", "a\tb\nc"):
        made = runner.post("/calendar/events", {"title": title, "date": "2031-02-05T08:00:00Z", "duration": 1})
        if made.status_code == 201:
            assert runner.get(f"/calendar/events/{made.json['event_id']}").json["title"] == title
        assert made.status_code in (201, 403)


def test_the_front_door_of_each_contract_answers_strangers_in_its_shape(front: Front, door: str) -> None:
    base = DOCUMENTS[door]
    for method, path in (("GET", "/nothing"), ("DELETE", "/auth/login"), ("TRACE", "/auth/login"), ("GET", "/.env")):
        answer = front.call(method, base + path)
        assert answer.status_code in (404, 405)
        assert answer.mimetype == "application/json"
        assert {"errors", "error"} & set(answer.json)
