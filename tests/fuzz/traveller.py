"""Who sends what the fuzzer makes up: somebody logged in, with one thing of each kind of her own."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from sqlalchemy import delete

from tests.cast import Front, Person

_ENDS = ("logout", "password", "/users/me", "/leave", "/refresh")


def is_end(method: str, path: str) -> bool:
    """Whether a request may end a login, an account or a membership."""
    return method.upper() != "GET" and any(part in path for part in _ENDS)


class Traveller:
    """A person at one contract, and another one as soon as her login is gone; Schemathesis asks it for the token."""

    def __init__(self, door: str, furnish: Callable[[Person], None]) -> None:
        self._door, self._furnish = door, furnish
        self._person: Person | None = None

    def get(self, _case: Any, _context: Any) -> str:
        """The access token for the next request."""
        if self._person is None:
            person = Person.register(Front("127.77.0.1"), "fuzz", plan="pro_monthly")
            self._person = person if self._door == "tymblok" else person.at(self._door)
            self._furnish(self._person)
        return self._person.token

    def set(self, case: Any, token: str, _context: Any) -> None:
        """Put the token on a request; what that request will end is begun anew after it."""
        case.headers["Authorization"] = f"Bearer {token}"
        if is_end(case.method, case.path):
            self._person = None

    def begin(self) -> None:
        """Nobody is there yet: what a chain of requests finds is its own, so the same chain goes the same way again."""
        from models import db
        from models.organizations import Organization
        from models.users import User

        self._person = None
        with db.transaction():
            db.session.execute(delete(Organization))
            db.session.execute(delete(User))


def nothing(_: Person) -> None:
    """Nothing is there before the first request."""


def work(person: Person) -> None:
    """A project and a task at FocusFlow."""
    project = person.post("/projects/", {"name": "Fuzz"}).json
    made: Any = person.post("/tasks/", {"title": "Fuzz", "project": project["id"]})
    assert made.status_code == 201, made.text


def organization(person: Person) -> None:
    """An organisation at FocusFlow, of which the person is the admin."""
    person.base = "/focusflow/api/v2"
    slug = f"fuzz-{secrets.token_hex(4)}"
    made = person.post("/organizations/", {"name": "Acme Corp", "slug": slug})
    assert made.status_code == 201, made.text
