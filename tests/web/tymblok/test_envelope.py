"""Tymblok's envelope: around every answer and every refusal, wherever they come from."""

from __future__ import annotations

import re

import pytest
from werkzeug.test import TestResponse

from tests.cast import Front, Person
from tests.web.tymblok.test_auth import error

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
BASE = "/tymblok/v1"


def sealed(answer: TestResponse) -> bool:
    """Whether an answer has exactly the two documented halves."""
    body = answer.json
    assert set(body) == ({"error", "meta"} if answer.status_code >= 400 else {"data", "meta"})
    assert STAMP.fullmatch(body["meta"]["timestamp"])
    assert body["meta"]["requestId"] == answer.headers["X-Request-Id"]
    if answer.status_code >= 400:
        assert set(body["error"]) <= {"code", "message", "details"}
        assert isinstance(body["error"]["message"], str) and body["error"]["message"]
    return True


def test_good_answers_carry_data_and_meta(alice: Person) -> None:
    for path in ("/users/me", "/settings", "/blocks", "/categories", "/inbox", "/integrations"):
        assert sealed(alice.get(path))


def test_every_answer_has_an_id_of_its_own(alice: Person) -> None:
    ids = {alice.get("/settings").json["meta"]["requestId"] for _ in range(20)}
    assert len(ids) == 20 and all(each.startswith("req_") for each in ids)


def test_the_clients_own_request_id_is_kept_where_it_is_a_sane_one(front: Front, alice: Person) -> None:
    show = lambda given: front.call(  # noqa: E731
        "GET", f"{BASE}/settings", token=alice.token, headers={"X-Request-Id": given}
    ).headers["X-Request-Id"]
    assert show("trace-0123.abc_DEF") == "trace-0123.abc_DEF"
    for given in ("short", "x" * 65, "has space in it", "<script>alert(1)</script>", "é" * 10):
        assert show(given) != given


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/nothing", (404, "NOT_FOUND")),
        ("GET", "/", (404, "NOT_FOUND")),
        ("GET", "", (404, "NOT_FOUND")),
        ("GET", "/blocks/not-an-id", (404, "NOT_FOUND")),
        ("GET", "/blocks//", (404, "NOT_FOUND")),
        ("GET", "/blocks/%00", (404, "NOT_FOUND")),
        ("DELETE", "/blocks", (405, "VALIDATION_ERROR")),
        ("PUT", "/settings", (405, "VALIDATION_ERROR")),
        ("TRACE", "/settings", (405, "VALIDATION_ERROR")),
        ("PROPFIND", "/settings", (405, "VALIDATION_ERROR")),
        ("GET", "/auth/login", (405, "VALIDATION_ERROR")),
    ],
)
def test_what_the_server_itself_refuses_is_in_the_envelope(
    alice: Person, method: str, path: str, expected: tuple[int, str]
) -> None:
    answer = alice.call(method, path)
    assert error(answer) == expected and sealed(answer)


def test_a_wrong_method_names_the_right_ones(alice: Person) -> None:
    allowed = set(alice.call("DELETE", "/blocks").headers["Allow"].split(", "))
    assert allowed == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize("path", ["/nothing", "/users/me", "/blocks", "/blocks/x", "/integrations/github/sync"])
def test_without_a_token_nothing_is_told(front: Front, path: str) -> None:
    answer = front.call("GET", BASE + path)
    assert answer.status_code in (401, 404, 405) and sealed(answer)
    if path == "/users/me":
        assert error(answer) == (401, "AUTH_TOKEN_INVALID")


def test_the_token_is_asked_for_before_the_body_is_looked_at(front: Front) -> None:
    answer = front.call("POST", f"{BASE}/blocks", data=b"{", headers={"Content-Type": "application/json"})
    assert error(answer) == (401, "AUTH_TOKEN_INVALID")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                                  "application/xml", "application/octet-stream", "", "x"])  # fmt: skip
def test_another_content_type_is_415(front: Front, alice: Person, kind: str) -> None:
    answer = front.call(
        "PATCH", f"{BASE}/settings", token=alice.token, data=b'{"theme": "dark"}', headers={"Content-Type": kind}
    )
    assert error(answer) == (415, "VALIDATION_ERROR") and sealed(answer)


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "application/x+json"])
def test_json_by_any_of_its_names_is_read(front: Front, alice: Person, kind: str) -> None:
    answer = front.call(
        "PATCH", f"{BASE}/settings", token=alice.token, data=b'{"theme": "dark"}', headers={"Content-Type": kind}
    )
    assert answer.status_code == 200 and answer.json["data"]["theme"] == "dark"


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 10 * 1024 * 1024])
def test_a_body_over_a_mebibyte_is_413(alice: Person, size: int) -> None:
    answer = alice.call("POST", "/inbox", data=b" " * size, headers={"Content-Type": "application/json"})
    assert error(answer) == (413, "VALIDATION_ERROR") and sealed(answer)


def test_a_mistake_of_ours_says_nothing_of_itself(
    alice: Person, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("SELECT secret FROM somewhere")

    monkeypatch.setattr("web.tymblok.categories.list_categories", fail)
    answer = alice.get("/categories")
    assert error(answer) == (500, "INTERNAL_ERROR") and sealed(answer)
    assert "SELECT" not in answer.text and "ZeroDivision" not in answer.text and "Traceback" not in answer.text
    logged = [record for record in caplog.records if record.message == "failed"]
    assert logged and logged[0].request_id == answer.headers["X-Request-Id"]


def test_a_lost_database_is_503_in_the_envelope(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.exc import OperationalError

    def lost(*_: object) -> None:
        raise OperationalError("SELECT secret", {}, Exception("server closed the connection unexpectedly"))

    monkeypatch.setattr("web.tymblok.categories.list_categories", lost)
    answer = alice.get("/categories")
    assert error(answer) == (503, "INTERNAL_ERROR") and sealed(answer) and "SELECT" not in answer.text


def test_what_fails_on_the_way_keeps_nothing(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("web.tymblok.inbox.show_item", fail)
    assert alice.post("/inbox", {"title": "Half done"}).status_code == 500
    monkeypatch.undo()
    assert alice.get("/inbox").json["data"] == []


def test_both_mounts_answer_alike(front: Front, alice: Person) -> None:
    by_host = front.call("GET", "/v1/users/me", token=alice.token, headers={"Host": "api.tymblok.app"})
    assert by_host.json["data"] == alice.get("/users/me").json["data"]
    for host in ("API.TYMBLOK.APP", "api.tymblok.app:443"):
        assert front.call("GET", "/v1/users/me", token=alice.token, headers={"Host": host}).status_code == 200
    assert front.call("GET", "/v1/users/me", token=alice.token).status_code == 404, "elsewhere there is no /v1"


def test_a_trailing_slash_makes_no_difference(alice: Person) -> None:
    assert alice.get("/settings/").json["data"] == alice.get("/settings").json["data"]


def test_answers_are_not_for_caches_or_sniffers(front: Front, alice: Person) -> None:
    for answer in (alice.get("/users/me"), alice.get("/nothing"), front.call("GET", f"{BASE}/users/me")):
        # What has an ETag may be kept by its owner, who asks each time whether it still stands; nothing else may.
        kept = "private, no-cache" if "ETag" in answer.headers else "no-store"
        assert answer.headers["Cache-Control"] == kept
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_head_and_options_are_answered(alice: Person) -> None:
    head = alice.call("HEAD", "/settings")
    assert head.status_code == 200 and head.data == b""
    assert "PATCH" in alice.call("OPTIONS", "/settings").headers["Allow"]


def test_the_document_and_its_page_need_no_token(front: Front) -> None:
    document = front.call("GET", f"{BASE}/openapi.json").json
    assert document["openapi"].startswith("3.1") and len(document["paths"]) > 15
    page = front.call("GET", f"{BASE}/docs/")
    assert page.status_code == 200 and "swagger-ui" in page.text
    assert not re.search(r'(src|href)="(https?:)?//', page.text), "nothing from elsewhere"
    for name in re.findall(r'(?:src|href)="([\w.-]+\.(?:js|css))"', page.text):
        assert front.call("GET", f"{BASE}/docs/{name}").status_code == 200


def test_the_document_is_a_valid_one(front: Front) -> None:
    from openapi_spec_validator import validate

    validate(front.call("GET", f"{BASE}/openapi.json").json)


def test_the_documents_examples_fit_their_schemas(front: Front) -> None:
    from jsonschema import Draft202012Validator

    document = front.call("GET", f"{BASE}/openapi.json").json
    seen = 0
    for operations in document["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict) and "requestBody" in operation:
                content = operation["requestBody"]["content"]["application/json"]
                if "example" in content:
                    schema = {**content["schema"], "components": document["components"]}
                    Draft202012Validator(schema).validate(content["example"])
                    seen += 1
    assert seen >= 13
