"""Who sends what the fuzzer makes up: somebody logged in, with one thing of each kind of her own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import delete

from tests.cast import Front, Person
from wsgi import application

OWN_TOKEN = secrets.token_hex(8)
"""Stands in a made-up request for the traveller's token: far more requests are made up than are sent."""
_ENDS = ("logout", "password", "/users/me", "/leave", "/refresh")


def is_end(method: str, path: str) -> bool:
    """Whether a request may end a login, an account or a membership."""
    return method.upper() != "GET" and any(part in path for part in _ENDS)


class Traveller:
    """A person in front of the product, and another one as soon as her login is gone."""

    def __init__(self, door: str, furnish: Callable[[Person], None]) -> None:
        self._door, self._furnish = door, furnish
        self._person: Person | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """One request, as WSGI, with her real token where her own is meant."""
        if environ.get("HTTP_AUTHORIZATION") != f"Bearer {OWN_TOKEN}":
            return application(environ, start_response)
        environ["HTTP_AUTHORIZATION"] = f"Bearer {self._token()}"
        ends = is_end(environ["REQUEST_METHOD"], environ["PATH_INFO"])

        def started(status: str, *more: Any) -> Any:
            if status.startswith("401") or (ends and status < "400"):
                self._person = None
            return start_response(status, *more)

        return application(environ, started)

    def _token(self) -> str:
        if self._person is None:
            person = Person.register(Front("127.77.0.1"), "fuzz", plan="pro_monthly")
            self._person = person if self._door == "tymblok" else person.at(self._door)
            self._furnish(self._person)
        return self._person.token

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
