"""Events of a connected calendar become time blocks and follow their moves, for those who want that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.app import Address
from tests.cast import Person
from tests.connect import Provider, connect

SOON = (datetime.now(UTC) + timedelta(days=3)).replace(hour=14, minute=0, second=0, microsecond=0)


@pytest.fixture
def google(sandbox: Address) -> Iterator[Provider]:
    with Provider(sandbox, "google") as provider:
        yield provider


def sync(person: Person) -> None:
    answer = person.post("/integrations/google-calendar/sync")
    assert answer.status_code == 200, answer.text


def blocks(person: Person, moment: datetime) -> list[tuple[str, str, int, str]]:
    listed = person.get("/blocks", date=moment.date().isoformat()).json["data"]
    return [(each["title"], each["startTime"], each["durationMinutes"], each["category"]["name"]) for each in listed]


def wish(person: Person, wanted: bool = True) -> None:
    assert person.patch("/settings", {"calendar": {"eventsAsBlocks": wanted}}).status_code == 200


def event(google: Provider, title: str, start: datetime, minutes: int = 30) -> str:
    return google.add(title, "olena", start=start.isoformat(), end=(start + timedelta(minutes=minutes)).isoformat())


def test_an_event_becomes_a_block_and_follows_its_moves(alice: Person, google: Provider) -> None:
    wish(alice)
    connect(alice, "google-calendar", "olena")
    item = event(google, "Design review", SOON)
    sync(alice)
    assert blocks(alice, SOON) == [("Design review", "14:00", 30, "Meeting")]
    later = SOON + timedelta(days=1, hours=1)
    google.change(item, start=later.isoformat(), end=(later + timedelta(minutes=45)).isoformat())
    sync(alice)
    assert blocks(alice, SOON) == []
    assert blocks(alice, later) == [("Design review", "15:00", 45, "Meeting")]
    google.close(item)
    sync(alice)
    assert blocks(alice, later) == []


def test_without_the_wish_an_event_stays_in_the_inbox_and_with_it_what_waits_is_planned(
    alice: Person, google: Provider
) -> None:
    connect(alice, "google-calendar", "olena")
    event(google, "Planning", SOON)
    sync(alice)
    assert blocks(alice, SOON) == []
    assert [each["title"] for each in alice.get("/inbox").json["data"]] == ["Planning"]
    wish(alice)
    assert blocks(alice, SOON) == [("Planning", "14:00", 30, "Meeting")]
    assert alice.get("/inbox").json["data"] == []


def test_a_block_that_the_user_deleted_or_completed_is_left_alone(alice: Person, google: Provider) -> None:
    wish(alice)
    connect(alice, "google-calendar", "olena")
    item = event(google, "Retrospective", SOON)
    sync(alice)
    block = alice.get("/blocks", date=SOON.date().isoformat()).json["data"][0]
    assert alice.delete(f"/blocks/{block['id']}").status_code == 204
    google.change(item, title="Retrospective, renamed")
    sync(alice)
    assert blocks(alice, SOON) == []


def test_a_day_that_is_full_by_the_plan_gets_no_more_blocks(alice: Person, google: Provider) -> None:
    wish(alice)
    connect(alice, "google-calendar", "olena")
    for number in range(12):
        event(google, f"Call {number}", SOON.replace(hour=1 + number))
    sync(alice)
    assert len(blocks(alice, SOON)) == 10
    assert len(alice.get("/inbox").json["data"]) == 2
