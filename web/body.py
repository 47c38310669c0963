"""What clients send: strict JSON, checked by marshmallow, refused with the names of the wrong fields."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Request, request
from marshmallow import EXCLUDE, Schema, ValidationError
from webargs.flaskparser import FlaskParser

from models.errors import Invalid
from web.shape import HttpRefusal

DEEPEST = 32
_LONGEST_KEPT, _MOST_KEPT = 200, 2000
_LARGEST = 2**63
View = TypeVar("View", bound=Callable[..., Any])


class Input(Schema):
    """The base of all request schemas: unknown fields are ignored, as the contracts may grow."""

    error_messages = {"type": "Send a JSON object"}

    class Meta:
        unknown = EXCLUDE


class BodyParser(FlaskParser):
    """webargs with the contracts' status (400) and our strictness."""

    DEFAULT_VALIDATION_STATUS = 400

    def __init__(self) -> None:
        super().__init__()
        self._queries: dict[tuple[Schema, bytes], dict[str, Any]] = {}

    def parse(self, argmap: Any, req: Request | None = None, *, location: str | None = None, **options: Any) -> Any:
        """What a request carries. A query that was asked before means what it meant: everybody asks for today."""
        text = request.query_string if location == "query" else b""
        if len(text) > _LONGEST_KEPT or not isinstance(argmap, Schema) or location != "query":
            return super().parse(argmap, req, location=location, **options)
        key = argmap, text
        known = self._queries.get(key)
        if known is None:
            known = super().parse(argmap, req, location=location, **options)
            if len(self._queries) >= _MOST_KEPT:
                self._queries.clear()
            self._queries[key] = known
        return dict(known)  # values of a query are plain: texts, numbers, days

    def load_json(self, req: Request, schema: Schema) -> Any:
        raw = req.get_data()
        if not raw.strip():
            return {}
        if not req.is_json:
            raise HttpRefusal(415, "Send the body as application/json")
        return strict_json(raw)

    def handle_error(
        self, error: ValidationError, req: Request, schema: Schema, *, error_status_code: Any, error_headers: Any
    ) -> Any:
        fields: dict[str, list[str]] = {}
        for messages in error.normalized_messages().values():  # by location: json, query, …
            _flatten(messages, "", fields)
        raise Invalid(fields)


def longest_body(bytes_: int) -> Callable[[View], View]:
    """Let one route take a longer body than the rest. It stands above `arguments`, which reads the body."""

    def decorate(view: View) -> View:
        @wraps(view)
        def widened(*args: Any, **kwargs: Any) -> Any:
            request.max_content_length = bytes_
            return view(*args, **kwargs)

        widened.longest_body = bytes_  # type: ignore[attr-defined]  # for those who read it before the view does
        return widened  # type: ignore[return-value]  # the same call

    return decorate


def strict_json(raw: bytes) -> Any:
    """JSON without what no contract means: NaN, doubled keys, NUL, lone surrogates, huge numbers, great depth."""
    try:
        text = raw.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_int=_int)
    except RecursionError as error:
        raise Invalid({"body": ["The JSON is nested too deeply"]}) from error
    except ValueError as error:
        raise Invalid({"body": ["The body is not valid JSON"]}, "The body is not valid JSON") from error
    _check(value, 0)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("doubled key")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _int(digits: str) -> int:
    if len(digits) > 20 or not -_LARGEST <= (number := int(digits)) < _LARGEST:
        raise ValueError("number out of range")
    return number


def _check(value: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise Invalid({"body": ["The JSON is nested too deeply"]})
    if isinstance(value, str):
        if not is_storable(value):
            raise Invalid({"body": ["Text may not hold NUL or lone surrogates"]})
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise Invalid({"body": ["A number is out of range"]})
    elif isinstance(value, dict):
        for key, member in value.items():
            _check(key, depth + 1)
            _check(member, depth + 1)
    elif isinstance(value, list):
        for member in value:
            _check(member, depth + 1)


def is_storable(text: str) -> bool:
    """Whether the databases can store a text."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _flatten(messages: Any, path: str, into: dict[str, list[str]]) -> None:
    if isinstance(messages, dict):
        for name, inner in messages.items():
            step = "" if name == "_schema" else str(name)
            _flatten(inner, f"{path}.{step}" if path and step else path or step, into)
    elif isinstance(messages, list):
        into.setdefault(path or "body", []).extend(str(message) for message in messages)
    else:
        into.setdefault(path or "body", []).append(str(messages))


