"""People who act through the front door, and the check that every answer is what its document says."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from werkzeug.test import Client, TestResponse

from wsgi import application

PASSWORD = "SecurePass123!"
_numbers = itertools.count(1)
_DOCUMENTS = {
    "tymblok": ("/tymblok/v1",),
    "focusflow": ("/focusflow/api/v1", "/focusflow/api/v2"),
    "produktifin": ("/produktifin/v1",),
    "pomodoro-timer": ("/pomodoro-timer/api/v1",),
    "flow-sudoku": ("/flow-sudoku/v1",),
}
_DOORS: dict[str, tuple[str, str, Callable[[Any], str]]] = {
    "tymblok": ("/tymblok/v1", "/auth/login", lambda body: body["data"]["accessToken"]),
    "focusflow": ("/focusflow/api/v1", "/auth/login/", lambda body: body["tokens"]["access"]),
    "produktifin": ("/produktifin/v1", "/auth/login", lambda body: body["token"]),
    "pomodoro-timer": ("/pomodoro-timer/api/v1", "/auth/login", lambda body: body["data"]["token"]),
    "flow-sudoku": ("/flow-sudoku/v1", "/auth/signin", lambda body: body["access_token"]),
}
"""Where a person logs in at each contract, and where the access token stands in the answer."""


class Front:
    """The product over WSGI, as one network address sees it."""

    def __init__(self, address: str) -> None:
        self.address = address

    def call(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> TestResponse:
        """One request; a JSON answer of a contract is held against its document."""
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if json is not None:
            options["json"] = json
        client = Client(application, use_cookies=False)
        response = client.open(
            path, method=method, headers=headers, environ_overrides={"REMOTE_ADDR": self.address}, **options
        )
        check_answer(method, path.partition("?")[0], response)
        return response


class Person:
    """Somebody with an account, logged in at one contract: `alice.get("/blocks")`."""

    def __init__(self, front: Front, base: str, token: str, email: str, data: dict[str, Any]) -> None:
        self.front, self.base, self.token, self.email, self.data = front, base, token, email, data

    @classmethod
    def register(cls, front: Front, name: str, **more: Any) -> Person:
        """A new account at Tymblok; `timezone`, `plan` are set on the way."""
        email = f"{name}-{next(_numbers)}@example.com"
        body = {"email": email, "password": PASSWORD, "name": name.title() + " Doe"}
        # People live at different addresses: an account for each test must not spend the test's own limit.
        home = Front(f"127.200.{next(_numbers) // 250 % 250}.{next(_numbers) % 250 + 1}")
        answer = home.call("POST", "/tymblok/v1/auth/register", body)
        assert answer.status_code == 201, answer.text
        data = answer.json["data"]
        person = cls(front, "/tymblok/v1", data["accessToken"], email, data)
        if "timezone" in more:
            assert person.patch("/users/me", {"timezone": more["timezone"]}).status_code == 200
        if "plan" in more:
            person.upgrade(more["plan"])
        return person

    def at(self, door: str) -> Person:
        """The same person, logged in at another contract: `alice.at("produktifin").get("/history")`."""
        base, path, token_of = _DOORS[door]
        body = {"email": self.email, "password": PASSWORD}
        if door == "pomodoro-timer":
            body["username"] = self.username
        answer = self.front.call("POST", base + path, body)
        assert answer.status_code == 200, answer.text
        return Person(self.front, base, token_of(answer.json), self.email, answer.json)

    @property
    def username(self) -> str:
        """The name that is asked for beside the e-mail address at Pomodoro Timer."""
        from models.users import User

        with transaction(reading=True):
            user = User.by_email(self.email)
            assert user is not None
            return user.username

    @property
    def id(self) -> int:
        """The account's number in the database."""
        from models.users import User

        with transaction(reading=True):
            user = User.by_email(self.email)
            assert user is not None
            return user.id

    def upgrade(self, plan: str) -> None:
        """Put the account on another plan, as an operator would."""
        from models.users import User

        with transaction():
            user = User.by_email(self.email)
            assert user is not None
            user.plan = plan

    def call(self, method: str, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self.front.call(method, self.base + path, json, token=self.token, **options)

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.call("GET", path, query_string=query or None)

    def post(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self.call("POST", path, json, **options)

    def patch(self, path: str, json: Any = None) -> TestResponse:
        return self.call("PATCH", path, json)

    def put(self, path: str, json: Any = None) -> TestResponse:
        return self.call("PUT", path, json)

    def delete(self, path: str) -> TestResponse:
        return self.call("DELETE", path)


def transaction(*, reading: bool = False) -> Any:
    """The core's transaction, for what has no front door."""
    from models import db

    return db.transaction(reading=reading)


def check_answer(method: str, path: str, response: TestResponse) -> None:
    """A JSON answer has exactly the documented keys and kinds. Errors: AssertionError."""
    if response.mimetype != "application/json" or response.status_code >= 500 or path.endswith("openapi.json"):
        return
    for base in _DOCUMENTS.get(path.split("/")[1], ()):
        if path.startswith(base + "/"):
            validator = _validator(base, method.lower(), path.removeprefix(base), response.status_code)
            if validator is not None:
                body = json.loads(response.data)
                problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]
                assert not problems, f"{method} {path} ({response.status_code}) is not as documented: {problems[:3]}"


@cache
def _document(base: str) -> dict[str, Any]:
    response = Client(application).get(f"{base}/openapi.json")
    document: dict[str, Any] = response.json or {}
    for schema in document.get("components", {}).get("schemas", {}).values():
        _close(schema)
    return document


def _close(schema: Any) -> None:
    """In a test an undocumented key is a mistake."""
    if isinstance(schema, dict):
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for member in schema.values():
            _close(member)
    elif isinstance(schema, list):
        for member in schema:
            _close(member)


@cache
def _validator(base: str, method: str, path: str, status: int) -> Draft202012Validator | None:
    document = _document(base)
    operation = next((item.get(method) for item in _matching(document, base, path) if method in item), None)
    if operation is None:
        return None
    responses = operation["responses"]
    answer = responses.get(str(status)) or responses.get("default") or {}
    if "$ref" in answer:
        answer = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    schema = answer.get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return None
    return Draft202012Validator({**schema, "components": document["components"]})


def _matching(document: dict[str, Any], base: str, path: str) -> Iterator[dict[str, Any]]:
    """Documented paths that fit, those without a parameter first."""
    wanted = path.strip("/").split("/")
    prefix = "/" + base.strip("/").partition("/")[2]
    found = []
    for template, item in document.get("paths", {}).items():
        parts = template.removeprefix(prefix).strip("/").split("/")
        if len(parts) == len(wanted) and all(
            part == value or part.startswith("{") for part, value in zip(parts, wanted, strict=True)
        ):
            found.append((sum(part.startswith("{") for part in parts), item))
    yield from (item for _, item in sorted(found, key=lambda pair: pair[0]))
