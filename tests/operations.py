"""Every documented operation of every mounted contract, read from the OpenAPI documents themselves."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from werkzeug.test import Client

from wsgi import application

BASES = {
    "/tymblok/v1": "tymblok",
    "/focusflow/api/v1": "focusflow",
    "/focusflow/api/v2": "focusflow",
    "/produktifin/v1": "produktifin",
    "/pomodoro-timer/api/v1": "pomodoro-timer",
    "/flow-sudoku/v1": "flow-sudoku",
}
"""Where the contracts' documents are, and whose tokens open them. One that is not mounted is left out."""
PATHS = re.compile(r"{(\w+)}")
Step = tuple[str | int, ...]


@dataclass(frozen=True)
class Field:
    """A place in a body: its path, its name and its schema."""

    path: Step
    schema: dict[str, Any]

    @property
    def name(self) -> str:
        return next((str(step) for step in reversed(self.path) if isinstance(step, str)), "")


@dataclass(frozen=True)
class Operation:
    """One method on one path, as documented."""

    base: str
    contract: str
    method: str
    path: str
    """With the mount's prefix and `{parameters}`."""
    parameters: tuple[dict[str, Any], ...]
    body: dict[str, Any] | None
    example: Any
    is_body_required: bool
    statuses: tuple[str, ...]
    is_public: bool
    schemas: dict[str, Any] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def path_names(self) -> list[str]:
        return PATHS.findall(self.path)

    def is_number(self, name: str) -> bool:
        """Whether a parameter of the path is a number."""
        return any(each["name"] == name and each["schema"].get("type") == "integer" for each in self.parameters)

    def query(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each parameter of the query, with its schema."""
        for parameter in self.parameters:
            if parameter["in"] == "query":
                yield parameter["name"], parameter["schema"]

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rpartition("/")[2]]
        if "allOf" in schema and len(schema["allOf"]) == 1:
            return self.resolved(schema["allOf"][0])
        for word in ("anyOf", "oneOf"):
            if word in schema:
                plain = [self.resolved(each) for each in schema[word] if each.get("type") != "null"]
                return plain[0] if len(plain) == len(schema[word]) else {**plain[0], "type": [plain[0]["type"], "null"]}
        return schema

    def fields(self, schema: dict[str, Any] | None = None, path: Step = ()) -> Iterator[Field]:
        """Every place in the body, the nested ones too; of a list its first member."""
        found = self.resolved(schema if schema is not None else self.body or {})
        for name, each in found.get("properties", {}).items():
            inner = self.resolved(each)
            yield Field((*path, name), inner)
            if "properties" in inner:
                yield from self.fields(inner, (*path, name))
            elif "items" in inner:
                member = self.resolved(inner["items"])
                yield Field((*path, name, 0), member)
                yield from self.fields(member, (*path, name, 0))

    def sample(self) -> Any:
        """A body that ought to be taken: the documented example, or one made from the schema."""
        if self.example is not None:
            return copy.deepcopy(self.example)
        return self._made(self.body or {})

    def _made(self, schema: dict[str, Any]) -> Any:
        schema = self.resolved(schema)
        if "example" in schema:
            return schema["example"]
        if "enum" in schema:
            return schema["enum"][0]
        if "properties" in schema:
            wanted = schema.get("required", [])
            return {name: self._made(each) for name, each in schema["properties"].items() if name in wanted}
        return {"integer": schema.get("minimum", 1), "boolean": True, "array": []}.get(str(schema.get("type")), "x")


@cache
def document(base: str) -> dict[str, Any] | None:
    """A contract's OpenAPI document; None where the contract is not mounted."""
    answer = Client(application).get(f"{base}/openapi.json")
    return answer.json if answer.status_code == 200 else None


@cache
def operations() -> tuple[Operation, ...]:
    """All of them, in the order of the documents."""
    return tuple(each for base in BASES for each in _of(base))


def _of(base: str) -> Iterator[Operation]:
    found = document(base)
    if found is None:
        return
    mount = found["servers"][0]["url"].rstrip("/")
    for path, item in found["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            body = operation.get("requestBody", {})
            content = body.get("content", {}).get("application/json", {})
            yield Operation(
                base,
                BASES[base],
                method.upper(),
                mount + path,
                (*item.get("parameters", ()), *operation.get("parameters", ())),
                content.get("schema"),
                content.get("example"),
                body.get("required", False),
                tuple(operation["responses"]),
                operation.get("security") == [],
                found["components"]["schemas"],
            )
