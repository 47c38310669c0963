"""`Idempotency-Key` on the POSTs of every contract: a request sent twice takes effect once."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from models.db import session
from models.idempotency import Claim, KeptAnswer, claim_key, keyed_hash
from tests.cast import PASSWORD, Front, Person, transaction
from tests.parallel import at_once
from tests.web.tymblok.test_blocks import category

DAY = "2026-03-20"


@pytest.fixture(autouse=True)
def _as_many_requests_as_it_takes(unlimited: None) -> None:
    pass


def send(person: Person, path: str, body: Any, key: str, **headers: str) -> TestResponse:
    return person.post(path, body, headers={"Idempotency-Key": key, **headers})


def block(person: Person, title: str = "Work", **more: Any) -> dict[str, Any]:
    body = {"categoryId": category(person), "title": title, "date": DAY, "startTime": "09:00", "durationMinutes": 15}
    return {**body, **more}


def titles(person: Person) -> list[str]:
    return [each["title"] for each in person.get("/blocks", date=DAY).json["data"]]


def test_the_same_key_and_request_get_the_first_answer(alice: Person) -> None:
    body = block(alice)
    first, second = send(alice, "/blocks", body, "key-1"), send(alice, "/blocks", body, "key-1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.data == second.data
    assert (first.headers.get("Idempotent-Replayed"), second.headers["Idempotent-Replayed"]) == (None, "true")
    assert second.headers["Content-Type"] == "application/json"
    assert titles(alice) == ["Work"]
    assert send(alice, "/blocks", body, "key-2").json["data"]["id"] != first.json["data"]["id"]


def test_another_request_under_the_key_is_refused(alice: Person) -> None:
    send(alice, "/blocks", block(alice), "key")
    for path, body in (("/blocks", block(alice, "Other")), ("/inbox", block(alice)), ("/blocks?x=1", block(alice))):
        refused = send(alice, path, body, "key")
        assert (refused.status_code, refused.json["error"]["code"]) == (409, "CONFLICT")
    assert titles(alice) == ["Work"]


def test_a_key_is_its_owners_alone(alice: Person, bob: Person) -> None:
    mine, his = send(alice, "/inbox", {"title": "A"}, "key"), send(bob, "/inbox", {"title": "A"}, "key")
    assert (his.status_code, "Idempotent-Replayed" in his.headers) == (201, False)
    assert mine.json["data"]["id"] != his.json["data"]["id"]


def test_twenty_at_once_take_effect_once(alice: Person) -> None:
    body = block(alice)
    answers = at_once(*[lambda: send(alice, "/blocks", body, "key")] * 20)
    kinds = {answer.status_code for answer in answers}
    assert kinds <= {201, 409} and 201 in kinds
    assert len({answer.data for answer in answers if answer.status_code == 201}) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert int(answer.headers["Retry-After"]) >= 1
            assert "still being worked on" in answer.json["error"]["message"]
    assert titles(alice) == ["Work"]
    assert send(alice, "/blocks", body, "key").status_code == 201


def test_one_that_is_still_at_work_says_when_to_come_back(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    from web.tymblok import inbox

    begun, may_end = threading.Event(), threading.Event()
    write = inbox.InboxItem.write

    def slowly(*given: Any, **more: Any) -> Any:
        begun.set()
        assert may_end.wait(10)
        return write(*given, **more)

    monkeypatch.setattr(inbox.InboxItem, "write", slowly)
    answers: list[TestResponse] = []
    worker = threading.Thread(target=lambda: answers.append(send(alice, "/inbox", {"title": "A"}, "key")))
    worker.start()
    assert begun.wait(10)
    busy = send(alice, "/inbox", {"title": "A"}, "key")
    may_end.set()
    worker.join(10)
    assert (busy.status_code, busy.headers["Retry-After"], answers[0].status_code) == (409, "1", 201)
    assert send(alice, "/inbox", {"title": "A"}, "key").data == answers[0].data


def test_a_refusal_is_kept_and_a_fault_of_ours_is_not(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    from web.tymblok import inbox

    refused = send(alice, "/inbox", {"title": ""}, "key-1")
    assert refused.status_code == 400
    assert send(alice, "/inbox", {"title": ""}, "key-1").data == refused.data
    with monkeypatch.context() as broken:
        broken.setattr(inbox.InboxItem, "write", lambda *_, **__: 1 / 0)
        assert send(alice, "/inbox", {"title": "A"}, "key-2").status_code == 500
    assert send(alice, "/inbox", {"title": "A"}, "key-2").status_code == 201


def test_who_may_not_call_gets_no_answer_of_anothers(alice: Person) -> None:
    send(alice, "/inbox", {"title": "A"}, "key")
    stranger = alice.front.call(
        "POST", "/tymblok/v1/inbox", {"title": "A"}, headers={"Idempotency-Key": "key", "Authorization": "Bearer x"}
    )
    assert stranger.status_code == 401


def test_public_keys_belong_to_an_address_and_tokens_are_sealed(front: Front, alice: Person) -> None:
    body = {"email": alice.email, "password": PASSWORD}
    login = lambda by: by.call(  # noqa: E731
        "POST", "/tymblok/v1/auth/login", body, headers={"Idempotency-Key": "login-1"}
    )
    first, again, elsewhere = login(front), login(front), login(Front("127.99.1.1"))
    assert first.data == again.data
    tokens = {each.json["data"]["refreshToken"] for each in (first, elsewhere)}
    assert len(tokens) == 2
    with transaction(reading=True):
        stored = repr(session.execute(text("SELECT * FROM kept_answers")).all())
    for secret in (*tokens, first.json["data"]["accessToken"], PASSWORD, alice.email, "login-1"):
        assert secret not in stored


def test_a_key_is_good_for_a_day(alice: Person) -> None:
    body = block(alice)
    send(alice, "/blocks", body, "key")
    with transaction():
        for row in session.scalars(select(KeptAnswer).where(KeptAnswer.user_id == alice.id)):
            row.created_at -= timedelta(hours=24, seconds=1)
    assert "Idempotent-Replayed" not in send(alice, "/blocks", body, "key").headers
    assert titles(alice) == ["Work", "Work"]


def test_a_claim_whose_owner_died_runs_out(alice: Person) -> None:
    given = ("key", "user 0", b"request")
    with transaction():
        assert isinstance(claim_key(*given, "first", None), Claim)
    with transaction(), pytest.raises(Exception, match="still being worked on"):
        claim_key(*given, "second", None)
    with time_machine.travel(time.time() + 121, tick=False):
        with transaction():
            assert isinstance(claim_key(*given, "second", None), Claim)
        with transaction(), pytest.raises(Exception, match="begun again"):
            Claim(_hash_of(given), "first").keep({})


def _hash_of(given: tuple[str, str, bytes]) -> str:
    return keyed_hash(f"{given[1]}\n{given[0]}".encode())


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "ключ".encode().decode("latin-1")])
def test_an_odd_key_is_refused(alice: Person, key: str) -> None:
    refused = send(alice, "/inbox", {"title": "A"}, key)
    assert refused.json["error"]["details"][0]["field"] == "Idempotency-Key"


def test_every_contract_takes_keys(alice: Person) -> None:
    body = {"email": alice.email, "password": PASSWORD}
    for path in ("/focusflow/api/v1/auth/login/", "/produktifin/v1/auth/login", "/flow-sudoku/v1/auth/signin"):
        call = lambda path=path: alice.front.call(  # noqa: E731
            "POST", path, body, headers={"Idempotency-Key": f"key {path}".replace(" ", "-")}
        )
        first, second = call(), call()
        assert (first.status_code, first.data) == (second.status_code, second.data)
        assert second.headers["Idempotent-Replayed"] == "true"


def test_a_cookie_is_given_again(alice: Person) -> None:
    with transaction(reading=True):
        from models.users import User

        username = session.get_one(User, alice.id).username
    body = {"email": alice.email, "username": username, "password": PASSWORD}
    call = lambda: alice.front.call(  # noqa: E731
        "POST", "/pomodoro-timer/api/v1/auth/login", body, headers={"Idempotency-Key": "key-1"}
    )
    first, second = call(), call()
    assert first.headers["Set-Cookie"] == second.headers["Set-Cookie"]


def test_every_post_is_documented_to_take_a_key(front: Front) -> None:
    for base in ("/tymblok/v1", "/focusflow/api/v1", "/produktifin/v1", "/pomodoro-timer/api/v1", "/flow-sudoku/v1"):
        paths = front.call("GET", f"{base}/openapi.json").json["paths"]
        for item in paths.values():
            if "post" in item:
                assert "Idempotency-Key" in [each.get("name") for each in item["post"]["parameters"]]
