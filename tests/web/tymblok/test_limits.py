"""Tymblok's documented limits: exactly so many pass, whatever stands in the headers, with Redis and without."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from werkzeug.test import TestResponse

from settings import settings
from tests.cast import Front, Person
from tests.parallel import at_once
from web.limits import Counter

MOMENT = datetime(2026, 5, 4, 12, 0, 13, tzinfo=UTC)


@pytest.fixture(params=["redis", "redis away"])
def counter(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter]:
    """Requests are counted in Redis, or where Redis does not answer in the process itself."""
    made = Counter(settings.redis_url if request.param == "redis" else "redis://127.0.0.1:1/0")
    monkeypatch.setattr("web.app.counter", made)
    yield made
    assert (made._away_until > 0) == (request.param != "redis")


@pytest.fixture
def frozen() -> Iterator[None]:
    """The minute does not end while a test counts."""
    with time_machine.travel(MOMENT, tick=False):
        yield


def refresh(front: Front, **options: object) -> TestResponse:
    return front.call("POST", "/tymblok/v1/auth/refresh", {"refreshToken": "x"}, **options)


@pytest.mark.usefixtures("counter", "frozen")
def test_ten_posts_a_minute_to_auth_from_one_address(front: Front) -> None:
    answers = [refresh(front) for _ in range(14)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 4
    assert [int(answer.headers["X-RateLimit-Remaining"]) for answer in answers] == [*range(9, -1, -1), 0, 0, 0, 0]
    ends = int(MOMENT.timestamp()) // 60 * 60 + 60
    for answer in answers:
        assert answer.headers["X-RateLimit-Limit"] == "10" and answer.headers["X-RateLimit-Reset"] == str(ends)
    over = answers[-1]
    assert over.json["error"]["code"] == "RATE_LIMITED" and set(over.json) == {"error", "meta"}
    assert over.headers["Retry-After"] == str(ends - int(MOMENT.timestamp())) == "47"
    assert "Retry-After" not in answers[0].headers


@pytest.mark.usefixtures("counter", "frozen")
def test_all_posts_to_auth_are_counted_together_over_both_mounts(front: Front) -> None:
    paths = ["login", "register", "refresh", "forgot-password", "reset-password", "login/"]
    host = {"Host": "api.tymblok.app"}
    statuses = [front.call("POST", f"/tymblok/v1/auth/{path}", {}).status_code for path in paths]
    statuses += [front.call("POST", f"/v1/auth/{path}", {}, headers=host).status_code for path in paths]
    assert statuses == [400] * 10 + [429] * 2


@pytest.mark.usefixtures("frozen")
def test_headers_give_nobody_another_address(front: Front) -> None:
    given = [
        {name: f"{value}.{n}"}
        for n in range(10)
        for name, value in {
            "X-Forwarded-For": "10.1.1", "Forwarded": "for=10.1.1", "X-Real-IP": "10.1.1", "True-Client-IP": "10.1.1",
            "CF-Connecting-IP": "10.1.1",
        }.items()
    ]  # fmt: skip
    mounts = (("/tymblok/v1", {}), ("/v1", {"Host": "api.tymblok.app"}))
    statuses = []
    for number, headers in enumerate(given):
        base, host = mounts[number % 2]
        body = {"refreshToken": "x"}
        statuses.append(front.call("POST", f"{base}/auth/refresh", body, headers=headers | host).status_code)
    assert statuses == [401] * 10 + [429] * 40


@pytest.mark.usefixtures("counter", "frozen")
def test_a_hundred_requests_a_minute_for_a_user(alice: Person, bob: Person) -> None:
    unknown = "/blocks/00000000-0000-4000-8000-000000000000"
    paths = ["/settings", "/users/me", unknown, "/inbox?page=0"] * 25
    assert [alice.get(path).status_code for path in paths] == [200, 200, 404, 400] * 25
    over = [alice.get("/settings"), alice.post("/inbox", {"title": "x"}), alice.get(unknown)]
    assert {answer.json["error"]["code"] for answer in over} == {"RATE_LIMITED"}
    assert over[0].status_code == over[1].status_code == 429
    assert over[0].headers["X-RateLimit-Limit"] == "100" and over[0].headers["X-RateLimit-Remaining"] == "0"
    assert bob.get("/settings").headers["X-RateLimit-Remaining"] == "99", "each has his own"


@pytest.mark.usefixtures("frozen")
def test_a_user_has_one_limit_wherever_he_comes_from(alice: Person) -> None:
    for n in range(100):
        assert Front(f"127.205.0.{n}").call("GET", "/tymblok/v1/settings", token=alice.token).status_code == 200
    assert Front("127.205.1.1").call("GET", "/tymblok/v1/settings", token=alice.token).status_code == 429


@pytest.mark.usefixtures("counter")
def test_a_new_minute_begins_anew(front: Front) -> None:
    with time_machine.travel(MOMENT, tick=False) as clock:
        assert [refresh(front).status_code for _ in range(11)][-1] == 429
        clock.shift(47)
        answer = refresh(front)
        assert answer.status_code == 401 and answer.headers["X-RateLimit-Remaining"] == "9"


@pytest.mark.usefixtures("counter", "frozen")
def test_thirty_at_once_pass_no_more_than_ten(front: Front) -> None:
    statuses = [answer.status_code for answer in at_once(*[lambda: refresh(front)] * 30)]
    assert statuses.count(401) == 10 and statuses.count(429) == 20


@pytest.mark.usefixtures("frozen")
def test_documents_and_probes_are_not_counted(front: Front) -> None:
    for _ in range(15):
        assert front.call("GET", "/tymblok/v1/openapi.json").status_code == 200
        assert "X-RateLimit-Limit" not in front.call("GET", "/healthz").headers


def test_a_redis_that_is_away_costs_little_time(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.app.counter", Counter("redis://127.0.0.1:1/0"))
    began = time.perf_counter()
    for _ in range(10):
        refresh(front)
    assert time.perf_counter() - began < 1
