"""Versions of one game that arrive in any order."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from models.db import session
from models.puzzles import list_games, sync_games
from models.users import User
from tests.cast import Person, transaction


def version(hour: int, is_completed: bool, duration: int) -> dict[str, Any]:
    return {
        "key": "one",
        "played_at": datetime(2025, 11, 16, hour, tzinfo=UTC),
        "duration_seconds": duration,
        "difficulty": "hard",
        "declutter_text": None,
        "mistake_count": 0,
        "is_completed": is_completed,
        "puzzle_id": 7,
    }


VERSIONS = (version(12, False, 1), version(10, True, 2), version(11, True, 3), version(13, False, 4))


def sync(person: Person, key: str, *versions: dict[str, Any]) -> tuple[int, int]:
    with transaction():
        return sync_games(session.get_one(User, person.id), [{**each, "key": key} for each in versions])


def kept(person: Person) -> dict[str, int]:
    with transaction(reading=True):
        return {row.key: row.duration_seconds for row in list_games(person.id, None, limit=100)}


def test_the_last_finished_version_stays_in_every_order(alice: Person) -> None:
    alice.upgrade("pro_yearly")
    for order in itertools.permutations(VERSIONS):
        key = "-".join(str(each["duration_seconds"]) for each in order)
        first, second = sync(alice, key, *order[:2]), sync(alice, key, *order[2:])
        assert sum(first) == sum(second) == 2
        assert kept(alice)[key] == 3
    assert len(kept(alice)) == 24


def test_a_version_that_was_beaten_is_a_conflict_and_one_that_stands_is_not(alice: Person) -> None:
    unfinished, early, late, latest = VERSIONS
    assert sync(alice, "one", early) == (1, 0)
    assert sync(alice, "one", unfinished) == (0, 1)
    assert sync(alice, "one", late) == (1, 0)
    assert sync(alice, "one", late, early, latest) == (1, 2)
