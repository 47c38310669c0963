"""IssueFilter: what of it lets an issue through."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.linear.issues import STATES, Issue, uuid_of
from sandbox.people import Person

DURATION = re.compile(r"(-)?P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
DAYS = (365, 30, 7, 1)


class Invalid(ValueError):
    """An argument that Linear refuses."""


def moment(text: str) -> datetime:
    """An instant, or one so far from now, as `-P7D`. Errors: Invalid."""
    match = DURATION.fullmatch(text)
    if match and any(match.groups()[1:]):
        years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
        whole = sum(each * length for each, length in zip((years, months, weeks, days), DAYS, strict=True))
        span = timedelta(days=whole, hours=hours, minutes=minutes, seconds=seconds)
        return datetime.now(UTC) + (-span if match[1] else span)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"{text} is not a valid DateTimeOrDuration") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def compares(held: Any, comparator: dict[str, Any]) -> bool:
    """Whether a value stands in every relation that is asked for. Errors: Invalid."""
    for operator, wanted in comparator.items():
        if operator == "null":
            if (held is None) != wanted:
                return False
            continue
        if isinstance(held, datetime):
            wanted = [moment(each) for each in wanted] if isinstance(wanted, list) else moment(wanted)
        if not holds(held, operator, wanted):
            return False
    return True


def holds(held: Any, operator: str, wanted: Any) -> bool:
    match operator:
        case "eq":
            return held == wanted
        case "neq":
            return held != wanted
        case "in":
            return held in wanted
        case "nin":
            return held not in wanted
        case "contains":
            return held is not None and wanted in held
        case "containsIgnoreCase":
            return held is not None and wanted.lower() in held.lower()
        case "startsWith":
            return held is not None and held.startswith(wanted)
    if held is None:
        return False
    return {"lt": held < wanted, "lte": held <= wanted, "gt": held > wanted, "gte": held >= wanted}[operator]


def fits(issue: Issue, spec: dict[str, Any], viewer: Person) -> bool:
    """Errors: Invalid."""
    values: dict[str, Any] = {
        "id": issue.id, "title": issue.title, "description": issue.description, "number": float(issue.number),
        "priority": float(issue.priority), "createdAt": issue.created, "updatedAt": issue.updated,
        "startedAt": issue.started, "completedAt": issue.completed, "canceledAt": issue.canceled,
        "archivedAt": issue.archived,
    }  # fmt: skip
    for name, condition in spec.items():
        if name in ("and", "or"):
            results = [fits(issue, part, viewer) for part in condition]
            passed = all(results) if name == "and" else any(results)
        elif name == "state":
            state = {
                "id": uuid_of("state", issue.team, issue.state),
                "name": issue.state,
                "type": STATES[issue.state][0],
            }
            passed = part_of(state, condition)
        elif name == "team":
            passed = part_of({"id": uuid_of("team", issue.team), "key": issue.team, "name": issue.team}, condition)
        elif name in ("assignee", "creator"):
            passed = person_fits(issue.assignee if name == "assignee" else issue.creator, condition, viewer)
        else:
            passed = compares(values[name], condition)
        if not passed:
            return False
    return True


def part_of(held: dict[str, Any], spec: dict[str, Any]) -> bool:
    for name, condition in spec.items():
        if name in ("and", "or"):
            results = [part_of(held, part) for part in condition]
            if not (all(results) if name == "and" else any(results)):
                return False
        elif not compares(held[name], condition):
            return False
    return True


def person_fits(person: Person | None, spec: dict[str, Any], viewer: Person) -> bool:
    if "null" in spec and spec["null"] != (person is None):
        return False
    rest = {name: condition for name, condition in spec.items() if name != "null"}
    if not rest:
        return True
    if person is None:
        return False
    held = {"id": uuid_of("user", person.key), "email": person.email, "name": person.name, "isMe": person == viewer}
    return part_of(held, rest)
