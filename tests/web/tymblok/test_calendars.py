"""Which calendars of a connected Google account arrive."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.app import Address
from tests.cast import Person
from tests.connect import Provider, connect, integration_id
from workers.sync import sync

PATH = "/integrations/google-calendar/calendars"


@pytest.fixture
def google(sandbox: Address) -> Iterator[Provider]:
    with Provider(sandbox, "google") as provider:
        yield provider


def events(person: Person) -> set[str]:
    listed = person.get("/inbox", pageSize="1000").json["data"]
    return {item["title"] for item in listed if item["source"] == "google-calendar"}


def test_only_events_of_the_chosen_calendars_arrive(alice: Person, google: Provider) -> None:
    connect(alice, "google-calendar")
    number = integration_id(alice, "google-calendar")
    before = events(alice)
    offered = alice.get(PATH).json["data"]
    (own,) = [each for each in offered if each["isPrimary"]]
    others = [each for each in offered if each["isChosen"] and not each["isPrimary"]]
    assert others and own["isChosen"]
    assert not all(each["isChosen"] for each in offered), "holidays do not come by themselves"
    google.add("Only in the team's", calendar=others[0]["id"], organizer="jun")
    google.add("Only in my own")

    answer = alice.put(PATH, {"calendarIds": [others[0]["id"]]})
    assert [each["id"] for each in answer.json["data"] if each["isChosen"]] == [others[0]["id"]]
    assert sync(number).error is None
    assert "Only in the team's" in events(alice) and "Only in my own" not in events(alice)
    assert not events(alice) >= before, "what only the others hold has left"

    alice.put(PATH, {"calendarIds": [own["id"]]})
    sync(number)
    assert "Only in my own" in events(alice) and "Only in the team's" not in events(alice)

    alice.put(PATH, {"calendarIds": []})
    sync(number)
    assert events(alice) == before | {"Only in my own", "Only in the team's"}
    assert alice.get(PATH).json["data"] == offered


@pytest.mark.parametrize(
    "body", [{"calendarIds": ["nobody@example.com"]}, {"calendarIds": "all"}, {"calendarIds": [1]}, {},
             {"calendarIds": ["x"] * 51}, {"calendarIds": ["x" * 301]}]
)  # fmt: skip
def test_a_wrong_choice_changes_nothing(alice: Person, google: Provider, body: dict) -> None:
    connect(alice, "google-calendar", "olena")
    before = alice.get(PATH).json["data"]
    assert alice.put(PATH, body).status_code == 400
    assert alice.get(PATH).json["data"] == before


def test_without_a_connected_google_there_is_no_choice(alice: Person, bob: Person, google: Provider) -> None:
    connect(bob, "google-calendar", "olena")
    assert alice.get(PATH).status_code == 404
    assert alice.put(PATH, {"calendarIds": []}).status_code == 404
