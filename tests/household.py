"""Somebody who owns one of each thing that a contract knows, made by way of its own document."""

from __future__ import annotations

import time
import uuid
from typing import Any

from werkzeug.test import TestResponse

from models.logins import Login
from models.users import User
from tests.cast import Front, Person, transaction
from tests.operations import PATHS, Operation, operations

SLOWEST = 1.0
"""Seconds of one core that any answer may cost; a clock would also count what else the machine does."""
NOBODYS = {True: 2**31, False: "00000000-0000-4000-8000-000000000000"}
"""Ids that nobody has: a number, and another."""


class Household:
    """Somebody with a token for one contract and one of each thing, so that ids in paths and bodies are real."""

    def __init__(self, base: str, contract: str) -> None:
        self.base, self.contract = base, contract
        self.front = Front("127.210.0.1")
        self.email = Person.register(self.front, "hostile", plan="pro_monthly").email
        with transaction():
            user = User.by_email(self.email)
            assert user is not None
            self.token = Login.start(user, contract, 3600).access
        self.things: dict[str, Any] = {}
        self._mark = uuid.uuid4().hex[:8]
        self._furnish()

    def is_intact(self) -> bool:
        """Whether nobody deleted the account or ended its login meanwhile."""
        return self.call("GET", self._authenticated()).status_code != 401

    def _authenticated(self) -> str:
        return next(
            (each.path for each in operations() if each.base == self.base and each.method == "GET" and
             not each.is_public and not each.path_names),
            f"{self.base}/openapi.json",
        )  # fmt: skip

    def _furnish(self) -> None:
        own = [each for each in operations() if each.base == self.base and not each.is_public]
        mine = [each for each in own if not each.path_names]
        inside = [each for each in own if each.path_names == ["slug"]]
        for operation in mine:
            if operation.method == "GET":
                self._note(operation.path, self.call("GET", operation.path))
        for operation in (*mine, *inside):
            if operation.method == "POST" and operation.body is not None and "201" in operation.statuses:
                path = self.path(operation)
                self._note(path, self.call("POST", path, json=self.sample(operation)))

    def _note(self, path: str, answer: TestResponse) -> None:
        body = answer.get_json(silent=True)
        for _ in range(3):
            if isinstance(body, dict):
                body = next((body[name] for name in ("data", "results", "items") if name in body), body)
            if isinstance(body, list) and body:
                body = body[0]
        if answer.status_code < 300 and isinstance(body, dict):
            id = next((value for name, value in body.items() if name == "id" or name.endswith("_id")), None)
            if id is not None:
                self.things[path.strip("/").split("/")[-1]] = id
            if "slug" in body:
                self.things["slug"] = body["slug"]

    def thing(self, name: str) -> Any:
        """The id of a thing by the name of its list or by what a field calls it: `categoryId` → categories."""
        stem = name.removesuffix("_id").removesuffix("Id").lower()
        return next((id for key, id in self.things.items() if key.startswith(stem[: max(4, len(stem) - 1)])), None)

    def sample(self, operation: Operation) -> Any:
        body = operation.sample()
        if isinstance(body, dict):
            for name in body:
                if name.endswith(("Id", "_id")) or name == "project":
                    body[name] = self.thing(name) or body[name]
            if "slug" in body:  # the documented one is somebody else's by now
                body["slug"] = f"{body['slug']}-{self._mark}"
        return body

    def path(self, operation: Operation) -> str:
        """The operation's path with real ids in it."""
        parts = operation.path.split("/")
        for place, part in enumerate(parts):
            if PATHS.fullmatch(part):
                name = part.strip("{}")
                real = self.thing("slug") if name == "slug" else self.thing(parts[place - 1]) or self.thing(name)
                real = "github" if name == "provider" else real
                parts[place] = str(real or NOBODYS[operation.is_number(name)])
        return "/".join(parts)

    def wrong(self, operation: Operation) -> tuple[int, ...]:
        """The statuses of a wrong value: 400, or where the path names nothing real perhaps 404 before."""
        names_nothing = any(str(each) in self.path(operation) for each in NOBODYS.values())
        return (400, 404) if names_nothing else (400,)

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        began = time.thread_time()
        answer = self.front.call(method, path, token=self.token, **options)
        assert time.thread_time() - began < SLOWEST, f"{method} {path[:200]} took its time"
        return answer
