"""Who sends what the fuzzer makes up: somebody logged in, with one thing of each kind of her own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import delete

from models import db
from models.idempotency import KeptAnswer
from models.organizations import Organization
from models.users import User
from tests.cast import Front, Person
from tests.fuzz import own
from tests.household import Household
from wsgi import application

_ENDS = ("logout", "password", "/users/me", "/leave", "/refresh")


def is_end(method: str, path: str) -> bool:
    """Whether a request may end a login, an account or a membership."""
    return method.upper() != "GET" and any(part in path for part in _ENDS)


class Traveller:
    """A person in front of the product, and another one as soon as her login, or what she had, is gone."""

    def __init__(self, settle: Callable[[], Person | Household]) -> None:
        self._settle = settle
        self._one: Person | Household | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """One request, as WSGI, with what is hers in the place of what means it."""
        if "HTTP_IDEMPOTENCY_KEY" in environ:
            # The same few keys are made up again and again; the 409 for a used one would hide what is in the body.
            with db.transaction():
                db.session.execute(delete(KeptAnswer))
        if environ.get("HTTP_AUTHORIZATION") == f"Bearer {own.TOKEN}":
            self._one = one = self._one or self._settle()
            environ["HTTP_AUTHORIZATION"] = f"Bearer {one.token}"
            names_own = isinstance(one, Household) and own.replace(environ, one)
            method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]

            def started(status: str, *more: Any) -> Any:
                is_lost = is_end(method, path) or (names_own and method == "DELETE")
                # 409 for a thing of hers: it is done already, as a session that was finished.
                if status[:3] == "401" or (names_own and status[:3] == "409") or (is_lost and status < "400"):
                    self._one = None
                return start_response(status, *more)

            return application(environ, started)
        return application(environ, start_response)

    def begin(self) -> None:
        """Nobody is there yet: what comes finds nothing but its own, and so goes the same way again."""
        self._one = None
        with db.transaction():
            db.session.execute(delete(Organization))
            db.session.execute(delete(User))


def household(base: str, contract: str) -> Callable[[], Household]:
    """Somebody with one thing of each kind."""

    def settle() -> Household:
        home = Household(base, contract)
        if "slug" in home.things:
            members = home.call("GET", f"{base}/organizations/{home.things['slug']}/members/").json
            home.things["members"] = home.things["employees"] = members["results"][0]["user"]["id"]
        return home

    return settle


def newcomer(door: str, furnish: Callable[[Person], None]) -> Callable[[], Person]:
    """Somebody new, with what `furnish` gives her."""

    def settle() -> Person:
        person = Person.register(Front("127.77.0.1"), "fuzz", plan="pro_monthly")
        person = person if door == "tymblok" else person.at(door)
        furnish(person)
        return person

    return settle


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
