"""Puzzle sessions through Flow Sudoku's door."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from models.puzzles import count_games
from tests.cast import Person, transaction

GAME = {
    "id": "uuid-123",
    "timestamp": "2025-11-16T10:30:00Z",
    "duration": 900,
    "difficulty": "medium",
    "declutter_text": "Today I need to focus on...",
    "mistake_count": 2,
    "is_completed": True,
    "puzzle_id": 42,
}


@pytest.fixture
def player(alice: Person) -> Person:
    """Alice on the free tier."""
    return alice.at("flow-sudoku")


@pytest.fixture
def studio(player: Person) -> Person:
    """Alice on the studio tier."""
    player.upgrade("pro_monthly")
    return player


def game(number: object, **more: Any) -> dict[str, Any]:
    return {**GAME, "id": f"game-{number}", **more}


def upload(person: Person, *games: dict[str, Any]) -> tuple[int, int]:
    answer = person.post("/sessions", {"sessions": list(games)})
    assert answer.status_code == 200, answer.text
    return answer.json["synced"], answer.json["conflicts"]


def kept(person: Person, **query: str) -> list[dict[str, Any]]:
    answer = person.get("/sessions", **query)
    assert answer.status_code == 200, answer.text
    return answer.json["sessions"]


def test_what_was_uploaded_is_downloaded(player: Person) -> None:
    assert upload(player, GAME) == (1, 0)
    assert player.get("/sessions").json == {"sessions": [GAME], "total": 1}
    assert upload(player, GAME, GAME) == (2, 0)
    assert player.get("/sessions").json["total"] == 1


def test_the_same_id_of_another_player_is_another_game(player: Person, bob: Person) -> None:
    other = bob.at("flow-sudoku")
    upload(player, GAME)
    assert kept(other) == []
    assert upload(other, {**GAME, "declutter_text": "Mine"}) == (1, 0)
    assert kept(player) == [GAME]


def test_equal_versions_of_one_moment_keep_the_first(player: Person) -> None:
    assert upload(player, GAME, {**GAME, "mistake_count": 5}) == (1, 1)
    assert upload(player, {**GAME, "mistake_count": 7}) == (0, 1)
    assert kept(player) == [GAME]


def test_a_finished_game_is_never_lost_to_an_unfinished_one(player: Person) -> None:
    upload(player, GAME)
    assert upload(player, {**GAME, "is_completed": False, "timestamp": "2026-01-01T00:00:00Z"}) == (0, 1)
    assert kept(player) == [GAME]


def test_since_takes_games_of_that_very_moment_and_what_changed_after_it(player: Person) -> None:
    early, late = game(1, timestamp="2099-05-04T10:30:00.500Z"), game(2, timestamp="2099-05-05T10:30:00+05:45")
    upload(player, early, late)
    ids = lambda since: [each["id"] for each in kept(player, since=since)]  # noqa: E731
    assert ids("2099-05-04T10:30:00Z") == ["game-1", "game-2"]
    assert ids("2099-05-04T10:30:00.500Z") == ["game-1", "game-2"]
    assert ids("2099-05-04T10:30:00.501Z") == ["game-2"]
    assert ids("2099-05-05T04:45:00Z") == ["game-2"]
    assert ids("2099-05-05T04:45:01Z") == []
    upload(player, game(3, timestamp="1999-01-01T00:00:00Z"))
    assert ids("2020-01-01T00:00:00Z") == ["game-1", "game-2", "game-3"]


def test_a_download_goes_in_pages_that_do_not_shift(studio: Person) -> None:
    upload(studio, *(game(number) for number in range(10)))
    first = studio.get("/sessions", limit=4).json
    upload(studio, game("x", timestamp="2001-01-01T00:00:00Z"))
    rest = studio.get("/sessions", limit=100, offset=4).json
    assert (first["total"], rest["total"]) == (10, 11)
    found = [each["id"] for each in first["sessions"] + rest["sessions"]]
    assert found == [f"game-{number}" for number in [*range(10), "x"]]


def test_a_free_player_keeps_three_games_of_each_day(player: Person) -> None:
    late = {"timestamp": "2025-11-16T23:59:59Z"}
    assert upload(player, game(1), game(2), game(3, **late)) == (3, 0)
    assert upload(player, game(4, timestamp="2025-11-17T00:00:00Z")) == (1, 0)
    refused = player.post("/sessions", {"sessions": [game(5, timestamp="2025-11-18T10:00:00Z"), game(6)]})
    assert (refused.status_code, refused.json["error"]["code"]) == (403, "FORBIDDEN")
    assert "3 sessions a day" in refused.json["error"]["message"]
    assert [each["id"] for each in kept(player)] == ["game-1", "game-2", "game-3", "game-4"]
    assert upload(player, game(1), game(2, duration=1, timestamp="2025-11-16T11:00:00Z"), game(3, **late)) == (3, 0)


def test_the_studio_tier_has_no_limit_and_its_games_stay_known_on_the_free_tier(studio: Person) -> None:
    many = [game(number) for number in range(20)]
    assert upload(studio, *many) == (20, 0)
    studio.upgrade("free")
    assert upload(studio, *many) == (20, 0)
    assert studio.post("/sessions", {"sessions": [game(99)]}).status_code == 403


def test_twenty_uploads_at_once_cannot_slip_past_the_limit(player: Person) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: player.post("/sessions", {"sessions": [game(n)]}).status_code, range(20)))
    assert sorted(answers) == [200] * 3 + [403] * 17
    with transaction(reading=True):
        assert count_games(player.id, None) == 3


def test_two_devices_upload_five_hundred_games_five_times_at_once(studio: Person, bob: Person) -> None:
    other = bob.at("flow-sudoku")
    upload(other, game(7, declutter_text="Bob's"))
    first = [game(number, is_completed=bool(number % 3)) for number in range(500)]
    changed = random.Random(7).sample(range(500), 100)
    second = [dict(each) for each in first]
    for number in changed:
        second[number].update(timestamp="2025-11-16T22:00:00Z", duration=1234)
    batches = [first, second] * 5
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda batch: upload(studio, *batch), batches))
    assert all(synced + conflicts == 500 for synced, conflicts in answers)
    stored = studio.get("/sessions").json
    assert stored["total"] == 500
    assert sorted(stored["sessions"], key=lambda each: each["id"]) == sorted(second, key=lambda each: each["id"])
    assert [each["declutter_text"] for each in kept(other)] == ["Bob's"]


@pytest.mark.parametrize(
    "change",
    [
        {"timestamp": "yesterday"}, {"timestamp": "2025-02-30T10:00:00Z"}, {"timestamp": "1969-12-31T23:59:59Z"},
        {"timestamp": "9999-12-31T23:59:59-14:00"}, {"timestamp": "2025-11-16T10:30:00"}, {"timestamp": 1},
        {"duration": -1}, {"duration": 1.9}, {"duration": "900"}, {"duration": True}, {"duration": 2**63 - 1},
        {"mistake_count": -1}, {"puzzle_id": 2**62}, {"is_completed": 1}, {"is_completed": None},
        {"id": ""}, {"id": "x" * 101}, {"id": 5}, {"difficulty": ""}, {"difficulty": []},
        {"declutter_text": "x" * 10_001}, {"declutter_text": 7},
    ],
)  # fmt: skip
def test_one_wrong_value_refuses_the_whole_batch(player: Person, change: dict[str, Any]) -> None:
    answer = player.post("/sessions", {"sessions": [game(1), {**GAME, **change}]})
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "INVALID_REQUEST")
    assert answer.json["error"]["message"].startswith(f"sessions.1.{next(iter(change))}:")
    assert kept(player) == []


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"null", b"[]", b'"x"', b'{"sessions": [', b'{"sessions": "none"}', b'{"sessions": null}',
        b'{"sessions": [1]}', b'{"sessions": [], "sessions": []}', b'{"sessions": [{"id": "\\u0000"}]}',
        b'{"sessions": [{"id": "\\ud800"}]}', b'{"sessions": [NaN]}', b"[" * 100_000, b"\xff\xfe",
        b'{"sessions": [{"duration": 1' + b"0" * 5000 + b"}]}",
    ],
)  # fmt: skip
def test_a_malformed_body_is_an_invalid_request(player: Person, raw: bytes) -> None:
    answer = player.call("POST", "/sessions", data=raw, content_type="application/json")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    "query",
    [{"since": "yesterday"}, {"since": ""}, {"limit": "0"}, {"limit": "1001"}, {"offset": "-1"}, {"limit": "٣"}],
)
def test_a_malformed_query_is_an_invalid_request(player: Person, query: dict[str, str]) -> None:
    answer = player.get("/sessions", **query)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "INVALID_REQUEST")


def test_an_upload_may_be_five_mebibytes_and_a_thousand_games_long(studio: Person) -> None:
    text = "é" * 1600
    assert upload(studio, *(game(number, declutter_text=text) for number in range(500))) == (500, 0)
    too_many = studio.post("/sessions", {"sessions": [game(number) for number in range(1001)]})
    assert too_many.status_code == 400
    too_long = studio.call("POST", "/sessions", data=b" " * (5 * 2**20 + 1), content_type="application/json")
    assert (too_long.status_code, too_long.json["error"]["code"]) == (413, "INVALID_REQUEST")
    elsewhere = studio.call("POST", "/auth/refresh", data=b" " * (2**20 + 1), content_type="application/json")
    assert elsewhere.status_code == 413


def test_fields_that_are_not_the_devices_to_set_change_nothing(player: Person, bob: Person) -> None:
    extra = {
        "owner_id": bob.id, "user_id": bob.id, "uid": "00000000-0000-4000-8000-000000000000", "tier": "studio",
        "played_on": "2001-01-01", "changed_at": "2001-01-01T00:00:00Z", "key": "other",
    }  # fmt: skip
    assert upload(player, {**GAME, **extra}) == (1, 0)
    assert kept(player) == [GAME]
    assert kept(bob.at("flow-sudoku")) == []
