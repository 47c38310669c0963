"""The shape of a contract: its envelopes, its error table, its limits. One object for each, in its `shape.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from marshmallow import Schema, fields

from models.errors import Refusal
from settings import settings


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `per_minute` requests in one bucket, counted for each user or for each network address."""

    bucket: str
    per_minute: int
    by: Literal["user", "address"] = "user"


@dataclass(frozen=True, slots=True)
class Failure:
    """A refusal on its way out: status, the contract's code, words, and the wrong fields."""

    status: int
    code: str
    message: str
    fields: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Where a list stands. `total` counts all items."""

    number: int
    size: int
    total: int

    @property
    def pages(self) -> int:
        return -(-self.total // self.size)


class Listing(list[Any]):
    """One page of a list, as a view returns it; the envelope shows `page` where the contract has a place for it."""

    def __init__(self, items: list[Any], page: PageInfo) -> None:
        super().__init__(items)
        self.page = page


class HttpRefusal(Refusal):
    """A refusal that only HTTP knows: 405, 413, 415 and their kin."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})


class Shape:
    """What a contract's answers look like. Subclasses fill in the tables and the two envelopes."""

    contract: str
    """Its name, which stands in the tokens that it gives out as their audience."""
    access_seconds: int = settings.access_seconds
    """How long an access token lives."""
    description: str = ""
    errors: Mapping[type[Refusal], tuple[int, str]]
    """Status and code of each meaning; the nearest class in the error tree decides."""
    error_schema: type[Schema]
    uncoded: str = ""
    """What stands for a code where the contract has none: 405, 413, 415 and their kin."""

    def spell(self, name: str) -> str:
        """A field's name as the contract spells it."""
        return name

    def success(self, data: Any) -> Any:
        """The body of a good answer."""
        return data

    def lasting(self, body: Any) -> Any:
        """What a good answer's body says, without what differs each time it is asked for."""
        return body

    def failure(self, failure: Failure) -> Any:
        """The body of a refusal."""
        raise NotImplementedError

    def documented(self, schema: Any) -> Any:
        """The schema of a whole answer, envelope included, for the OpenAPI document."""
        return schema

    def limit(self, method: str, path: str) -> Limit | None:
        """The documented limit of a route (its path below the mount)."""
        return None

    def describe(self, refusal: Refusal) -> Failure:
        """Status, code and words for a refusal."""
        if isinstance(refusal, HttpRefusal):
            return Failure(refusal.status, self.uncoded, refusal.message)
        wrong = getattr(refusal, "fields", {})
        for kind in type(refusal).__mro__:
            if kind in self.errors:
                status, code = self.errors[kind]
                return Failure(status, code, refusal.message, wrong)
        raise LookupError(f"{self.contract} has no place for {type(refusal).__name__}")


class MessageSchema(Schema):
    """A sentence for the person who asked."""

    message = fields.String(required=True)
