"""Who sends what the fuzzer makes up: somebody logged in, with one thing of each kind of her own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.cast import Front, Person

_ENDS = ("logout", "password", "/users/me", "/leave", "/refresh")
"""What ends a login, an account or a membership: afterwards the next request comes from somebody new."""


class Traveller:
    """A person at one contract, and another one as soon as her login is gone."""

    def __init__(self, door: str, furnish: Callable[[Person], None]) -> None:
        self._door, self._furnish = door, furnish
        self._person: Person | None = None

    @property
    def headers(self) -> dict[str, str]:
        if self._person is None:
            front = Front("127.77.0.1")
            person = Person.register(front, "fuzz", plan="pro_monthly")
            self._person = person if self._door == "tymblok" else person.at(self._door)
            self._furnish(self._person)
        return {"Authorization": f"Bearer {self._person.token}"}

    def saw(self, method: str, path: str) -> None:
        """A request went out; what it may have ended is begun anew."""
        if method != "GET" and any(part in path for part in _ENDS):
            self._person = None


def nothing(_: Person) -> None:
    """Nothing is there before the first request."""


def work(person: Person) -> None:
    """A project and a task at FocusFlow."""
    project = person.post("/projects/", {"name": "Fuzz"}).json
    made: Any = person.post("/tasks/", {"title": "Fuzz", "project": project["id"]})
    assert made.status_code == 201, made.text


def organization(person: Person) -> None:
    """An organisation at FocusFlow; its slug is the one that the documents' examples name, where it is free."""
    person.base = "/focusflow/api/v2"
    made = person.post("/organizations/", {"name": "Acme Corp"})
    assert made.status_code == 201, made.text
