"""The hostile corpus against every documented operation of every contract: 0 answers of 500, each in its shape.

The operations come from the OpenAPI documents, so one that is documented tomorrow is attacked tomorrow.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from tests.hostile import BODIES, PATH_PARTS, QUERY_ODD, QUERY_REFUSED, Body, Raw, kind_of, odd, refused
from tests.household import Household
from tests.operations import Field, Operation, document, operations

pytestmark = pytest.mark.usefixtures("unlimited", "sandbox")
AUTH = re.compile("/auth/|/password")
"""Where a wrong value may be a wrong credential."""
WITH_BODY = [each for each in operations() if each.body is not None]
WITH_QUERY = [each for each in operations() if any(each.query())]
WITH_ID = [each for each in operations() if each.path_names]


def walk(chosen: Sequence[Operation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", chosen, ids=str)


_homes: dict[str, Household] = {}


@pytest.fixture
def home(operation: Operation) -> Iterator[Household]:
    """A household with everything in it: where something was deleted, the next test gets another."""
    base = operation.base
    if base not in _homes or not _homes[base].is_intact():
        _homes[base] = Household(base, operation.contract)
    yield _homes[base]
    if operation.method == "DELETE":
        del _homes[base]


@cache
def _failure(base: str) -> Draft202012Validator:
    found = document(base)
    assert found is not None
    schema = found["components"]["responses"]["DEFAULT_ERROR"]["content"]["application/json"]["schema"]
    return Draft202012Validator({**schema, "components": found["components"]})


def check(operation: Operation, answer: TestResponse, sent: object, *statuses: int) -> None:
    """Never 500 and never 422; a refusal is in the documented shape. Good answers were held against theirs already."""
    told = f"{operation} with {str(sent)[:200]!r} → {answer.status_code} {answer.get_data()[:300]!r}"
    assert answer.status_code < 500 or answer.status_code in (502,), told
    assert answer.status_code != 422 and not 300 <= answer.status_code < 400, told
    if 401 not in statuses and operation.method != "DELETE" and not AUTH.search(operation.path):
        assert answer.status_code != 401, f"{told}: the attack never reached the view"
    if statuses:
        assert answer.status_code in statuses, told
    if answer.status_code >= 400:
        assert answer.mimetype == "application/json", told
        problems = list(_failure(operation.base).iter_errors(json.loads(answer.data)))
        assert not problems, f"{told}: {problems[:2]}"
        assert "Traceback" not in answer.text and "sqlalchemy" not in answer.text.lower(), told


def written(body: Any, place: Field, value: Any) -> bytes | None:
    """A body with one value in the place of another; None where the sample has no such place."""
    body = copy.deepcopy(body)
    *way, last = place.path
    inside = body
    for step, following in zip(way, place.path[1:], strict=True):
        if isinstance(inside, dict):
            inside = inside.setdefault(step, [] if following == 0 else {})
        elif isinstance(inside, list) and inside:
            inside = inside[0]
        else:
            return None
    if isinstance(inside, list):
        inside[:] = [value]
    elif isinstance(inside, dict):
        inside[last] = value
    else:
        return None
    marks: dict[str, str] = {}

    def plain(each: Any) -> Any:
        if isinstance(each, Raw):
            marks[f'"raw-{len(marks)}"'] = str(each)
            return f"raw-{len(marks) - 1}"
        if isinstance(each, dict):
            return {key: plain(member) for key, member in each.items()}
        return [plain(member) for member in each] if isinstance(each, list) else each

    text = json.dumps(plain(body))
    for mark, raw in marks.items():
        text = text.replace(mark, raw)
    return text.encode()


@walk(operations())
def test_whole_bodies(operation: Operation, home: Household) -> None:
    path = home.path(operation)

    def statuses(body: Body) -> tuple[int, ...]:
        return () if operation.body is None else (*body.statuses, *home.wrong(operation)[1:])

    for body in BODIES if operation.body is not None else BODIES[::6]:
        answer = home.call(operation.method, path, data=body.data, headers=dict(body.headers))
        check(operation, answer, body, *statuses(body))


@walk(WITH_BODY)
def test_values_in_bodies(operation: Operation, home: Household) -> None:
    path, sample = home.path(operation), home.sample(operation)
    headers = {"Content-Type": "application/json"}
    for place in operation.fields():
        for value in refused(place.name, place.schema):
            data = written(sample, place, value)
            if data is not None:
                answer = home.call(operation.method, path, data=data, headers=headers)
                check(operation, answer, (place.path, value), *home.wrong(operation))
        for value in odd(place.name, place.schema):
            data = written(sample, place, value)
            if data is not None:
                answer = home.call(operation.method, path, data=data, headers=headers)
                check(operation, answer, (place.path, value))


@walk(WITH_BODY)
def test_missing_and_unknown_fields(operation: Operation, home: Household) -> None:
    path, sample = home.path(operation), home.sample(operation)
    wanted = operation.resolved(operation.body or {}).get("required", [])
    for name in wanted:
        less = {key: value for key, value in sample.items() if key != name}
        check(operation, home.call(operation.method, path, json=less), f"no {name}", *home.wrong(operation))
    if wanted:
        check(operation, home.call(operation.method, path), "no body", *home.wrong(operation))
    more = {"__proto__": {"a": 1}, "constructor": 1, "id": 1, "user_id": 1, "is_staff": True, "x" * 1000: [[]], "": ""}
    check(operation, home.call(operation.method, path, json={**more, **sample}), "more fields")


@walk(WITH_QUERY)
def test_values_in_queries(operation: Operation, home: Household) -> None:
    path = home.path(operation)
    for name, schema in operation.query():
        for value in QUERY_REFUSED.get(kind_of(name, schema), ()):
            answer = home.call(operation.method, f"{path}?{name}={value}")
            check(operation, answer, (name, value), *home.wrong(operation))
        for value in QUERY_ODD:
            check(operation, home.call(operation.method, f"{path}?{name}={value}"), (name, value))
        check(operation, home.call(operation.method, f"{path}?{name}=1&{name}=x&{name}"), (name, "repeated"))
    for query in ("%00=1", "%FF=%FF", "&".join(f"a{n}=1" for n in range(1500)), "&&&==", "[]=1&x[y]=2"):
        check(operation, home.call(operation.method, f"{path}?{query}"), query)


@walk(WITH_ID)
def test_values_in_paths(operation: Operation, home: Household) -> None:
    sample = home.sample(operation) if operation.body is not None else None
    for name in operation.path_names:
        before = operation.path.partition(f"{{{name}}}")[0]
        for part in PATH_PARTS:
            path = home.path(operation).split("/")
            path[before.count("/")] = part
            answer = home.call(operation.method, "/".join(path), json=sample)
            check(operation, answer, part, *(() if name == "slug" else (400, 404, 405)))


@walk(operations())
def test_other_methods_and_tokens(operation: Operation, home: Household) -> None:
    path = home.path(operation)
    for method in ("TRACE", "PROPFIND", "BREW", "POST", "PUT", "PATCH", "DELETE"):
        if (method, operation.path) not in {(each.method, each.path) for each in operations()}:
            check(operation, home.call(method, path), method, 404, 405)
    if operation.method == "GET":
        for end in ("/", "//", "%2f", "/.", ";x=1", "%00"):
            check(operation, home.call("GET", path.rstrip("/") + end), end)
    if not operation.is_public:
        for token in (None, "x", "a.b.c", "x" * 20_000):
            answer = home.front.call(operation.method, path, token=token)
            check(operation, answer, f"token {str(token)[:10]}", 401)


def texts(value: Any) -> list[str]:
    """Every text in an answer."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for member in value for text in texts(member)]
    return [value] if isinstance(value, str) else []


TITLED = [each for each in WITH_BODY if "201" in each.statuses and "title" in (each.example or ())]


@walk([each for each in TITLED if each not in WITH_ID])
def test_no_hostile_text_is_kept_as_something_else(home: Household, operation: Operation) -> None:
    for text in ("\u202egnp.exe", "👩‍👩‍👧‍👦", "<script>alert(1)</script>", "' OR 1=1 --", "=1+1", "a\tb\nc", "%_\\"):
        body = {**home.sample(operation), "title": text}
        answer = home.call("POST", operation.path, json=body)
        assert answer.status_code == 201, answer.text
        assert "title" not in str(answer.json) or text in texts(answer.json)


def test_every_contract_is_walked() -> None:
    mounted = {operation.contract for operation in operations()}
    assert mounted == {"tymblok", "focusflow", "produktifin", "pomodoro-timer", "flow-sudoku"}
    assert len(operations()) > 100
    assert sum(1 for operation in operations() for _ in operation.fields()) > 100
