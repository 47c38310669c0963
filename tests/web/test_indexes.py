"""No documented list or filter, and nothing that a worker tidies up, reads a whole table of what all users have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from models import db
from models.db import Base
from settings import settings
from tests.household import Household
from tests.operations import BASES, Operation, operations
from tests.statements import Statement, counted
from workers.housekeeping import tidy_up

SMALL = {"alembic_version", "heartbeats", "organizations"}
"""Tables that may be read whole."""
READ_WHOLE = re.compile(r"\bSCAN (\w+)" if settings.on_sqlite else r"\bSeq Scan on (\w+)")


@pytest.fixture(autouse=True)
def _unlimited(unlimited: None) -> None:
    pass


def sample(schema: dict[str, Any]) -> Any:
    """A value that a parameter of the query takes."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") == "date":
        return "2026-03-02"
    if schema.get("format") == "date-time":
        return "2026-03-02T10:00:00Z"
    return {"integer": schema.get("minimum", 1), "boolean": "true"}.get(str(schema.get("type")), "x")


def _gets(base: str) -> Iterator[Operation]:
    return (each for each in operations() if each.base == base and each.method == "GET" and not each.is_public)


def queries(operation: Operation) -> Iterator[dict[str, Any]]:
    """No parameter but those required, then each other one beside them."""
    required = {each["name"] for each in operation.parameters if each.get("required")}
    values = {name: sample(schema) for name, schema in operation.query()}
    needed = {name: value for name, value in values.items() if name in required}
    yield needed
    yield from ({**needed, name: value} for name, value in values.items())

def plan(statement: str, parameters: Any) -> str:
    """How the database means to go about it, were the tables too long to be read whole."""
    parameters = tuple(parameters) if isinstance(parameters, list) else parameters  # as hot statements have them
    with db.engine.connect() as connection:
        if settings.on_sqlite:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            return "\n".join(row[-1] for row in rows)
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        return "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters))


@pytest.mark.parametrize("base", [base for base in BASES if any(_gets(base))])
def test_no_answer_reads_a_table_whole(base: str) -> None:
    house = Household(base, BASES[base])
    with counted() as seen:
        for operation in _gets(base):
            for query in queries(operation):
                house.call("GET", house.path(operation), query_string=query)
    check(seen)


def test_what_expires_is_found_without_reading_a_table_whole() -> None:
    with counted() as seen:
        tidy_up.run()
    check(seen)


def check(seen: list[Statement]) -> None:
    """None of these statements reads a table whole to find something."""
    big = set(Base.metadata.tables) - SMALL
    searches = {text: values for text, values in seen if text.lstrip().startswith(("SELECT", "WITH", "DELETE"))}
    assert searches
    found = {statement: plan(statement, values) for statement, values in searches.items()}
    wrong = [f"{statement}\n{how}" for statement, how in found.items() if set(READ_WHOLE.findall(how)) & big]
    assert not wrong, "\n\n".join(wrong)
