"""Another user's things do not exist: wherever an id can stand, a foreign one is answered as an unknown one is.

The operations come from the OpenAPI documents, so one that is documented tomorrow is tried tomorrow.
"""

from __future__ import annotations

import copy
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from werkzeug.test import TestResponse

from tests.household import NOBODYS, Household
from tests.operations import PATHS, Operation, operations

pytestmark = pytest.mark.usefixtures("unlimited", "sandbox", "still")
MOMENT = "2026-04-15T09:30:00Z"
CLOSED = [each for each in operations() if not each.is_public]
ID = re.compile(r".*(Id|_id|Ids|_ids)|project|task|assigned_to|owner|organization")


class Pair:
    """Alice, who owns one of each thing, and Bob, who has things of his own and tries hers."""

    def __init__(self, base: str, contract: str) -> None:
        self.alice, self.bob = Household(base, contract), Household(base, contract)

    def hers(self) -> dict[str, Any]:
        """All that Alice can list."""
        reads = [each for each in CLOSED if each.base == self.alice.base and each.method == "GET"]
        return {
            each.path: _plain(self.alice.call("GET", self.alice.path(each)))
            for each in reads
            if "export" not in each.path
        }


@pytest.fixture
def still() -> Iterator[None]:
    """No timer moves, so that what Alice sees can be compared."""
    with time_machine.travel(MOMENT, tick=False):
        yield


_pairs: dict[str, Pair] = {}


@pytest.fixture
def pair(operation: Operation, still: None) -> Iterator[Pair]:
    base = operation.base
    if base not in _pairs or not _pairs[base].bob.is_intact():
        _pairs[base] = Pair(base, operation.contract)
    yield _pairs[base]


def unknown(id: Any) -> Any:
    """An id of the same form that nobody has."""
    if isinstance(id, int):
        return NOBODYS[True]
    prefix, _, rest = str(id).rpartition("_")
    if re.fullmatch(r"[0-9a-f]{32}", rest):
        return f"{prefix}_{uuid.uuid4().hex}"
    return str(uuid.uuid4()) if re.fullmatch(r"[0-9a-f-]{36}", str(id)) else "nobodys-" + uuid.uuid4().hex[:8]


def _plain(answer: TestResponse) -> tuple[int, Any]:
    """Status and body, without what is different in every answer."""
    body = answer.get_json(silent=True)
    if isinstance(body, dict):
        body = {key: value for key, value in body.items() if key not in ("meta", "generated_at", "timestamp")}
    return answer.status_code, body


def foreign_paths(operation: Operation, pair: Pair) -> Iterator[tuple[str, str]]:
    """The operation's path with one of Alice's ids among Bob's own, and the same with an unknown one."""
    theirs, own = pair.alice.path(operation).split("/"), pair.bob.path(operation).split("/")
    for place, part in enumerate(operation.path.split("/")):
        if PATHS.fullmatch(part) and part != "{provider}" and theirs[place] not in map(str, NOBODYS.values()):
            id: Any = int(theirs[place]) if theirs[place].isdigit() else theirs[place]
            path = [*own[:place], str(id), *own[place + 1 :]]
            none = [*own[:place], str(unknown(id)), *own[place + 1 :]]
            yield "/".join(path), "/".join(none)


@pytest.mark.parametrize("operation", [each for each in CLOSED if each.path_names], ids=str)
def test_in_paths(operation: Operation, pair: Pair) -> None:
    before = pair.hers()
    body = pair.bob.sample(operation) if operation.body is not None else None
    for foreign, none in foreign_paths(operation, pair):
        tried = _plain(pair.bob.call(operation.method, foreign, json=body))
        assert tried == _plain(pair.bob.call(operation.method, none, json=body)), foreign
        assert tried[0] in (400, 403, 404), (foreign, tried)
    assert pair.hers() == before


@pytest.mark.parametrize("operation", [each for each in CLOSED if each.body is not None], ids=str)
def test_in_bodies(operation: Operation, pair: Pair) -> None:
    before = pair.hers()
    sample, path = pair.bob.sample(operation), pair.bob.path(operation)
    for field in operation.fields():
        id = pair.alice.thing(field.name) if ID.fullmatch(field.name) else None
        if id is None or (len(field.path) > 1 and not isinstance(field.path[-1], int)):
            continue
        answers = []
        for value in (id, unknown(id)):
            body = copy.deepcopy(sample)
            body[field.path[0]] = [value] if len(field.path) > 1 or "items" in field.schema else value
            answers.append(_plain(pair.bob.call(operation.method, path, json=body)))
        assert answers[0] == answers[1], field.path
        assert answers[0][0] in (400, 403, 404, 409), (field.path, answers[0])
    assert pair.hers() == before


@pytest.mark.parametrize("operation", [each for each in CLOSED if any(each.query())], ids=str)
def test_in_queries(operation: Operation, pair: Pair) -> None:
    path = pair.bob.path(operation)
    for name, _ in operation.query():
        id = pair.alice.thing(name) if ID.fullmatch(name) else None
        if id is not None:
            foreign = pair.bob.call(operation.method, f"{path}?{name}={id}")
            assert _plain(foreign) == _plain(pair.bob.call(operation.method, f"{path}?{name}={unknown(id)}")), name


def test_ids_were_really_tried() -> None:
    """The walk would pass on an empty house."""
    tried = 0
    for operation in CLOSED:
        if operation.base in _pairs:
            tried += len(list(foreign_paths(operation, _pairs[operation.base])))
    assert tried > 40 or len(_pairs) < 5
