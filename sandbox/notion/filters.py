"""Filters and sorts of a query, refused as Notion refuses them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sandbox.notion.pages import Page, Source, person_id
from sandbox.notion.shapes import property_id

Test = Callable[[Page], bool]
TIMES = ("created_time", "last_edited_time")


class Invalid(ValueError):
    """A validation_error; the text is its message."""


def parsed(source: Source | None, spec: Any) -> Test:
    """What a filter lets through. Errors: Invalid."""
    if not isinstance(spec, dict):
        raise Invalid("body failed validation: body.filter should be an object")
    for word, every in (("and", all), ("or", any)):
        if word in spec:
            tests = [parsed(source, part) for part in spec[word]]
            return lambda page: every(test(page) for test in tests)
    if spec.get("timestamp") in TIMES:
        name = spec["timestamp"]
        test = dated(spec.get(name))
        return lambda page: test(page.minute if name == "last_edited_time" else page.created)
    types = source.types() if source else {}
    name = next((each for each in types if spec.get("property") in (each, property_id(each))), None)
    if name is None:
        raise Invalid(f"Could not find property with name or id: {spec.get('property')}")
    kind = types[name]
    if not isinstance(spec.get(kind), dict):
        raise Invalid(f"database property {kind} does not match filter {next(iter(set(spec) - {'property'}), '')}")
    return by_type(kind, spec[kind])


def by_type(kind: str, condition: dict[str, Any]) -> Test:
    operator, wanted = next(iter(condition.items()), ("", None))
    if kind in ("date", "last_edited_time"):
        test = dated(condition)
        if kind == "last_edited_time":
            return lambda page: test(page.minute)
        return lambda page: test(datetime.combine(page.due, datetime.min.time(), UTC) if page.due else None)
    held = {
        "people": lambda page: [person_id(person) for person in page.people],
        "status": lambda page: [page.state] if page.state else [],
        "checkbox": lambda page: [bool(page.state)],
        "select": lambda page: [page.priority] if page.priority else [],
        "title": lambda page: [page.text] if page.text else [],
    }[kind]
    allowed = {
        "people": ("contains", "does_not_contain"),
        "title": ("equals", "does_not_equal", "contains", "does_not_contain"),
    }
    if operator in ("is_empty", "is_not_empty"):
        return lambda page: bool(held(page)) == (operator == "is_not_empty")
    if operator not in allowed.get(kind, ("equals", "does_not_equal")):
        raise Invalid(f"body failed validation: body.filter.{kind}.{operator} should be not present")
    positive = not operator.startswith("does_not")
    if kind == "title" and "contain" in operator:
        return lambda page: (str(wanted).lower() in page.text.lower()) == positive
    return lambda page: (wanted in held(page)) == positive


def dated(condition: Any) -> Callable[[datetime | None], bool]:
    """Errors: Invalid."""
    if not isinstance(condition, dict) or len(condition) != 1:
        raise Invalid("body failed validation: one condition on a date should be defined")
    operator, text = next(iter(condition.items()))
    if operator in ("is_empty", "is_not_empty"):
        return lambda at: (at is None) == (operator == "is_empty")
    try:
        limit = datetime.fromisoformat(str(text))
    except ValueError:
        raise Invalid(f"body failed validation: {operator} should be a valid ISO 8601 date string") from None
    limit = limit if limit.tzinfo else limit.replace(tzinfo=UTC)
    tests: dict[str, Callable[[datetime], bool]] = {
        "on_or_after": lambda at: at >= limit,
        "after": lambda at: at > limit,
        "on_or_before": lambda at: at <= limit,
        "before": lambda at: at < limit,
        "equals": lambda at: at.date() == limit.date() if len(str(text)) == 10 else at == limit,
    }
    if operator not in tests:
        raise Invalid(f"body failed validation: {operator} should be not present")
    return lambda at: at is not None and tests[operator](at)


def ordered(pages: list[Page], source: Source | None, sorts: Any) -> list[Page]:
    """Sorted as asked, the first sort counting most. Errors: Invalid."""
    for sort in reversed(sorts or []):
        backwards = sort.get("direction") == "descending"
        if sort.get("timestamp") in TIMES:
            key: Callable[[Page], Any] = (
                (lambda page: page.minute) if sort["timestamp"] == "last_edited_time" else (lambda page: page.created)
            )
        elif source and sort.get("property") in source.types():
            kind = source.types()[sort["property"]]
            key = {
                "title": lambda page: page.text.lower(),
                "date": lambda page: page.due.isoformat() if page.due else "9999",
                "last_edited_time": lambda page: page.minute,
            }.get(kind, lambda page: str(page.state))
        else:
            raise Invalid(f"Could not find sort property with name or id: {sort.get('property')}")
        pages = sorted(pages, key=key, reverse=backwards)
    return pages
