"""A team and its people, through the front door of both versions."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from tests.cast import Person

_numbers = itertools.count(1)


def at_v2(person: Person) -> Person:
    """The same person at version 2."""
    return Person(person.front, "/focusflow/api/v2", person.token, person.email, person.data)


class Team:
    """An organisation; `maker` is its admin. People are those of version 1."""

    def __init__(self, maker: Person, **rules: Any) -> None:
        self.maker = maker
        self.slug = f"team-{next(_numbers)}"
        answer = at_v2(maker).post("/organizations/", {"name": "Acme Startup", "slug": self.slug, **rules})
        assert answer.status_code == 201, answer.text
        self.id: int = answer.json["id"]

    def path(self, rest: str = "") -> str:
        return f"/organizations/{self.slug}/{rest}"

    def get(self, person: Person, rest: str = "", expect: int = 200, **query: Any) -> Any:
        answer = at_v2(person).get(self.path(rest), **query)
        assert answer.status_code == expect, answer.text
        return answer.json

    def post(self, person: Person, rest: str, body: Any = None, expect: int = 200) -> Any:
        answer = at_v2(person).post(self.path(rest), body)
        assert answer.status_code == expect, answer.text
        return answer.json

    def invite(self, email: str, role: str = "employee", by: Person | None = None) -> str:
        """The token of an invitation."""
        body = {"email": email, "role": role}
        token: str = self.post(by or self.maker, "invites/", body, 201)["invite_token"]
        return token

    def take_in(self, person: Person, role: str = "employee") -> Person:
        """Invite somebody who accepts."""
        answer = at_v2(person).post("/invites/accept/", {"token": self.invite(person.email, role)})
        assert answer.status_code == 200, answer.text
        return person

    def remove(self, person: Person, by: Person | None = None) -> None:
        answer = at_v2(by or self.maker).delete(self.path(f"members/{person.data['id']}/"))
        assert answer.status_code == 204, answer.text

    def assign(self, task: dict[str, Any], to: Person, by: Person | None = None, **more: Any) -> dict[str, Any]:
        body = {"task_id": task["id"], "assigned_to": to.data["id"], **more}
        given: dict[str, Any] = self.post(by or self.maker, "tasks/assign/", body)
        return given


Meet = Callable[..., Person]
