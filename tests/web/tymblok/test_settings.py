"""How the app looks and when it writes to the user."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cast import Person
from tests.web.tymblok.test_auth import error
from tests.web.tymblok.test_users import FOREIGN

FIRST = {
    "theme": "system",
    "highContrast": False,
    "reduceMotion": False,
    "textSize": "medium",
    "notifications": {"blockReminder": True, "reminderMinutes": 5, "dailySummary": True},
    "calendar": {"eventsAsBlocks": False},
}


def test_settings_begin_as_documented(alice: Person) -> None:
    assert alice.get("/settings").json["data"] == FIRST


def test_the_documented_change_changes_that_alone(alice: Person) -> None:
    answer = alice.patch("/settings", {"theme": "light", "highContrast": True})
    assert answer.status_code == 200 and answer.json["data"] == {**FIRST, "theme": "light", "highContrast": True}
    assert alice.get("/settings").json["data"] == answer.json["data"]


def test_appearance_is_the_same_in_settings_and_profile(alice: Person) -> None:
    look = {"theme": "dark", "highContrast": True, "reduceMotion": True, "textSize": "large"}
    alice.patch("/settings", look)
    assert alice.get("/users/me").json["data"].items() >= look.items()


@pytest.mark.parametrize("minutes", [0, 1, 1440])
def test_notifications_are_changed_one_by_one(alice: Person, minutes: int) -> None:
    alice.patch("/settings", {"notifications": {"reminderMinutes": minutes}})
    alice.patch("/settings", {"notifications": {"dailySummary": False}})
    wanted = {"blockReminder": True, "reminderMinutes": minutes, "dailySummary": False}
    assert alice.get("/settings").json["data"]["notifications"] == wanted


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"theme": "blue"}, "theme"),
        ({"theme": "Dark"}, "theme"),
        ({"theme": None}, "theme"),
        ({"highContrast": "true"}, "highContrast"),
        ({"reduceMotion": 1}, "reduceMotion"),
        ({"textSize": "huge"}, "textSize"),
        ({"notifications": []}, "notifications"),
        ({"notifications": None}, "notifications"),
        ({"notifications": {"reminderMinutes": -1}}, "notifications.reminderMinutes"),
        ({"notifications": {"reminderMinutes": 1441}}, "notifications.reminderMinutes"),
        ({"notifications": {"reminderMinutes": 5.5}}, "notifications.reminderMinutes"),
        ({"notifications": {"reminderMinutes": True}}, "notifications.reminderMinutes"),
        ({"notifications": {"blockReminder": "yes"}}, "notifications.blockReminder"),
    ],
)
def test_a_wrong_value_is_named_and_changes_nothing(alice: Person, body: dict[str, Any], field: str) -> None:
    answer = alice.patch("/settings", {"reduceMotion": True, **body})
    assert error(answer) == (400, "VALIDATION_ERROR")
    assert answer.json["error"]["details"][0]["field"] == field
    assert alice.get("/settings").json["data"] == FIRST


def test_what_is_not_documented_cannot_be_set(alice: Person) -> None:
    before = alice.get("/users/me").json["data"]
    alice.patch("/settings", {**FOREIGN, "theme": "system", "timezone": "Asia/Tokyo", "name": "Root"})
    assert alice.get("/users/me").json["data"] == before


def test_ones_settings_are_ones_own(alice: Person, bob: Person) -> None:
    alice.patch("/settings", {"theme": "dark"})
    assert bob.get("/settings").json["data"] == FIRST
