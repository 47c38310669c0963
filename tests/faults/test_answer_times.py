"""E5: neither an answer nor the time it takes tells whether an address has an account."""

from __future__ import annotations

import itertools
import random
import statistics
import time
from typing import Any

import httpx
import pytest

from tests.faults.journal import PASSWORD
from tests.faults.stage import Stage
from tests.web.tymblok.test_tokens import TRICKS, parts

pytestmark = pytest.mark.timeout(300)
EACH = 50
KINDS = ("known", "unknown", "deleted")
PATHS = {
    "login": ("/tymblok/v1/auth/login", lambda email: {"email": email, "password": "a wrong guess"}),
    "forgot": ("/tymblok/v1/auth/forgot-password", lambda email: {"email": email}),
}
_numbers = itertools.count(1)


def fresh_address() -> dict[str, str]:
    number = next(_numbers)
    return {"X-Forwarded-For": f"10.77.{number // 250}.{number % 250 + 1}"}


@pytest.fixture(scope="module")
def people(stage: Stage) -> dict[str, list[str]]:
    """E-mail addresses of each kind."""
    emails = {kind: [f"{kind}-{number}-{time.time_ns()}@example.com" for number in range(EACH)] for kind in KINDS}
    stage.serve(ARGON2_PROFILE="standard")  # a hash costs what it was made with
    for email in emails["known"] + emails["deleted"]:
        body = {"email": email, "password": PASSWORD, "name": "Some Body"}
        answer = post(stage, "/tymblok/v1/auth/register", body)
        assert answer.status_code == 201, answer.text
        if email in emails["deleted"]:
            bearer = {"Authorization": f"Bearer {answer.json()['data']['accessToken']}"}
            gone = httpx.request(
                "DELETE", f"{stage.url}/tymblok/v1/users/me", json={"password": PASSWORD}, headers=bearer,
                trust_env=False,
            )  # fmt: skip
            assert gone.status_code == 200, gone.text
    stage.clear()
    return emails


def post(stage: Stage, path: str, body: Any) -> httpx.Response:
    return httpx.post(stage.url + path, json=body, headers=fresh_address(), timeout=20, trust_env=False)


def shape_of(answer: httpx.Response) -> tuple[Any, ...]:
    """All that an answer says but what differs from one to the next."""
    body = answer.json()
    for name in ("requestId", "timestamp"):
        body["meta"].pop(name, None)
    headers = {name: value for name, value in answer.headers.items() if name not in ("date", "x-request-id")}
    headers.pop("x-ratelimit-reset", None)
    return answer.status_code, body, headers


@pytest.mark.parametrize("name", PATHS)
def test_an_answer_and_its_time_are_the_same(
    stage: Stage, people: dict[str, list[str]], name: str, report
) -> None:
    path, body_of = PATHS[name]
    stage.serve(ARGON2_PROFILE="standard", RATE_LIMITS="true", WEB_WORKERS="1")
    http = httpx.Client(base_url=stage.url, timeout=20, trust_env=False)
    for number in range(5):  # the first ones load and connect
        http.post(path, json=body_of(f"nobody-{number}@example.com"), headers=fresh_address())
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    shapes = []
    for number in range(EACH):
        for kind in random.sample(KINDS, len(KINDS)):
            began = time.perf_counter()
            answer = http.post(path, json=body_of(people[kind][number]), headers=fresh_address())
            times[kind].append((time.perf_counter() - began) * 1000)
            shapes.append(shape_of(answer))
    medians = {kind: statistics.median(each) for kind, each in times.items()}
    shown = ", ".join(f"{kind} {median:.1f} ms" for kind, median in medians.items())
    report("E5", f"{name}, medians of {EACH}: {shown}")
    assert all(shape == shapes[0] for shape in shapes)
    assert shapes[0][0] == (401 if name == "login" else 200)
    assert max(medians.values()) - min(medians.values()) <= min(10, 0.15 * min(medians.values()))


def test_a_forged_token_is_refused_at_once(stage: Stage, report) -> None:
    stage.serve(WEB_WORKERS="1")
    body = {"email": f"forged-{time.time_ns()}@example.com", "password": PASSWORD, "name": "Some Body"}
    token = post(stage, "/tymblok/v1/auth/register", body).json()["data"]["accessToken"]
    http = httpx.Client(base_url=stage.url, timeout=20, trust_env=False)
    slowest = 0.0
    for name, trick in TRICKS.items():
        bearer = f"Bearer {trick(*parts(token))}".encode()
        seconds = []
        for _ in range(5):
            began = time.perf_counter()
            answer = http.get("/tymblok/v1/users/me", headers={"Authorization": bearer})
            seconds.append(time.perf_counter() - began)
            # A header of 100 kB is refused for its size before anybody looks at what it says.
            assert answer.status_code == (431 if name == "100 kB" else 401), name
        assert statistics.median(seconds) <= 0.05, name
        slowest = max(slowest, *seconds)
    report("E1", f"{len(TRICKS)} forgeries, 5 times each over HTTP: the slowest refused after {slowest * 1000:.0f} ms")
