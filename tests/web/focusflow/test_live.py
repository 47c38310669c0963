"""Live events, over real sockets to a real server."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, update
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from models.db import session
from models.focus import FocusSession
from models.live import LiveEvent, forget_old_events
from tests.cast import Front, Person, transaction
from tests.parallel import at_once
from tests.served import Served, served
from tests.web.focusflow.conftest import do, register, task
from web.focusflow.listener import PAGE
from workers.focus import close_overdue

PATIENCE = 8.0


@pytest.fixture(scope="module")
def web() -> Iterator[Served]:
    with served(WEB_WORKERS="2") as web:
        yield web


@pytest.fixture
def alice(front: Front) -> Person:
    return register(front, "alice")


@pytest.fixture
def bob(front: Front) -> Person:
    return register(front, "bob")


@contextmanager
def listening(web: Served, token: str, query: str = "") -> Iterator[ClientConnection]:
    """A socket whose token was accepted."""
    with connect(f"{web.ws}/focusflow/ws/pomodoro/{query}") as socket:
        socket.send(json.dumps({"token": token}))
        assert hear(socket)["type"] == "connected"
        yield socket


def hear(socket: ClientConnection, seconds: float = PATIENCE) -> dict[str, Any]:
    return json.loads(socket.recv(timeout=seconds))


def silence(socket: ClientConnection, seconds: float = 0.5) -> bool:
    try:
        socket.recv(timeout=seconds)
    except TimeoutError:
        return True
    return False


def closing(socket: ClientConnection, seconds: float = PATIENCE) -> tuple[int, float]:
    """The code with which the server closes a socket, and after how many seconds."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        try:
            socket.recv(timeout=0.2)
        except TimeoutError:
            continue
        except ConnectionClosed as closed:
            return (closed.rcvd.code if closed.rcvd else 0), time.monotonic() - began
    raise AssertionError("the socket stays open")


def test_the_six_events_come_exactly_as_documented(web: Served, alice: Person) -> None:
    with listening(web, alice.token) as socket:
        made = task(alice, "Write blog post")
        began = do(alice, "start", made)["pomodoro_session"]
        heard = [hear(socket)]
        paused = do(alice, "pause", made)
        heard.append(hear(socket))
        resumed = do(alice, "resume", made)
        heard.append(hear(socket))
        ended = do(alice, "complete", made)
        heard += [hear(socket), hear(socket)]
        rest = alice.post("/pomodoro/break/start/", {"break_type": "short"}).json
        heard.append(hear(socket))
    ids = [each.pop("id") for each in heard]
    assert ids == sorted(set(ids))
    assert heard == [
        {
            "type": "task_started",
            "data": {
                "task_id": made["id"],
                "title": "Write blog post",
                "started_at": began["started_at"],
                "pomodoro_session": {"id": began["id"], "duration_minutes": 25},
            },
        },
        {
            "type": "task_paused",
            "data": {"task_id": made["id"], "paused_at": paused["paused_at"], "elapsed_seconds": 0},
        },
        {
            "type": "task_resumed",
            "data": {"task_id": made["id"], "resumed_at": resumed["resumed_at"], "remaining_seconds": 1500},
        },
        {
            "type": "pomodoro_completed",
            "data": {
                "session_id": began["id"],
                "task_id": made["id"],
                "completed_at": ended["ended_at"],
                "play_sound": False,
            },
        },
        {
            "type": "task_completed",
            "data": {
                "task_id": made["id"],
                "title": "Write blog post",
                "completed_at": ended["ended_at"],
                "total_focus_seconds": ended["total_focus_seconds"],
                "completed_pomodoros": 1,
            },
        },
        {
            "type": "break_started",
            "data": {
                "session_id": rest["id"],
                "break_type": "short",
                "duration_minutes": 5,
                "started_at": rest["started_at"],
            },
        },
    ]


def test_every_socket_in_every_process_hears_its_owner_alone(web: Served, alice: Person, bob: Person) -> None:
    with contexts([listening(web, alice.token) for _ in range(8)]) as sockets, listening(web, bob.token) as foreign:
        do(alice, "start", task(alice))
        assert {hear(socket)["type"] for socket in sockets} == {"task_started"}
        assert silence(foreign)


@contextmanager
def contexts(managers: list[Any]) -> Iterator[list[Any]]:
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield [stack.enter_context(manager) for manager in managers]


def test_a_session_closed_by_the_worker_is_heard(web: Served, alice: Person) -> None:
    made = task(alice)
    began = do(alice, "start", made)["pomodoro_session"]["id"]
    with listening(web, alice.token) as socket:
        with transaction():
            session.execute(
                update(FocusSession)
                .where(FocusSession.id == began)
                .values(running_since=datetime.now(UTC) - timedelta(minutes=25), ends_at=datetime.now(UTC))
            )
        with transaction():
            close_overdue()
        told = hear(socket)
        if told["type"] == "task_started":  # it was on its way when the socket was opened
            told = hear(socket)
    assert (told["type"], told["data"]["session_id"], told["data"]["play_sound"]) == ("pomodoro_completed", began, True)


def test_what_was_missed_is_told_on_request(web: Served, alice: Person) -> None:
    made = task(alice)
    with listening(web, alice.token) as socket:
        do(alice, "start", made)
        last = hear(socket)["id"]
    do(alice, "pause", made)
    do(alice, "resume", made)
    with listening(web, alice.token, f"?last_event_id={last}") as socket:
        assert [hear(socket)["type"] for _ in range(2)] == ["task_paused", "task_resumed"]
        do(alice, "pause", made)
        assert hear(socket)["type"] == "task_paused"
        assert silence(socket)
    for odd in ("?last_event_id=x", "?last_event_id=-1", "?last_event_id=", "?last_event_id=99999999999999999"):
        with listening(web, alice.token, odd) as socket:
            assert silence(socket, 0.2)


def test_however_much_was_missed_it_comes_whole_and_once(web: Served, alice: Person) -> None:
    with transaction():
        session.add_all(LiveEvent(user_id=alice.id, kind="made", data={"number": number}) for number in range(2 * PAGE))
    with listening(web, alice.token, "?last_event_id=0") as socket:
        assert [hear(socket)["data"]["number"] for _ in range(2 * PAGE)] == list(range(2 * PAGE))
        do(alice, "start", task(alice))
        assert hear(socket)["type"] == "task_started"
        assert silence(socket)


def test_events_are_kept_for_an_hour(web: Served, alice: Person) -> None:
    made = task(alice)
    do(alice, "start", made)
    do(alice, "pause", made)
    with transaction():
        session.execute(
            update(LiveEvent)
            .where(LiveEvent.user_id == alice.id)
            .values(created_at=datetime.now(UTC) - timedelta(minutes=61))
        )
    with listening(web, alice.token, "?last_event_id=0") as socket:
        assert silence(socket)
    with transaction():
        forget_old_events()
        left = list(session.scalars(select(LiveEvent.kind).where(LiveEvent.user_id == alice.id)))
    assert left == ["task_paused"]  # the newest of all keeps its number from being given again


@pytest.mark.parametrize(
    "message", ["not JSON", "{}", "[]", '{"token": 7}', '{"token": "not-a-jwt"}', b"\xff\xfe", '{"token": null}']
)
def test_a_wrong_first_message_is_refused_at_once(web: Served, message: str | bytes) -> None:
    with connect(f"{web.ws}/focusflow/ws/pomodoro/") as socket:
        socket.send(message)
        refusal = hear(socket)
        assert (refusal["type"], refusal["error"]["code"]) == ("error", "AUTHENTICATION_FAILED")
        code, seconds = closing(socket)
    assert code == 4401
    assert seconds < 1


def test_a_token_of_another_contract_opens_no_socket(web: Served, front: Front) -> None:
    with connect(f"{web.ws}/focusflow/ws/pomodoro/") as socket:
        socket.send(json.dumps({"token": Person.register(front, "dora").token}))
        assert hear(socket)["type"] == "error"


def pinging_until_closed(web: Served) -> tuple[int, float]:
    """The code with which somebody is closed who pings but gives no token, and after how many seconds."""
    began = time.monotonic()
    with connect(f"{web.ws}/focusflow/ws/pomodoro/") as socket:
        while time.monotonic() - began < 20:
            try:
                socket.ping()
                socket.recv(timeout=0.3)
            except TimeoutError:
                continue
            except ConnectionClosed as closed:
                return (closed.rcvd.code if closed.rcvd else 0), time.monotonic() - began
    raise AssertionError("the socket stays open")


def silent_until_closed(web: Served) -> tuple[int, float]:
    """The same for somebody who says nothing at all, from a page of another host."""
    with connect(f"{web.ws}/focusflow/ws/pomodoro/", origin=Origin("https://elsewhere.example")) as socket:
        return closing(socket, 12)


def test_who_gives_no_token_is_closed_after_ten_seconds_with_pings_or_without(web: Served) -> None:
    for code, seconds in at_once(lambda: pinging_until_closed(web), lambda: silent_until_closed(web)):
        assert code == 4401
        assert 9 < seconds < 10.2


def test_a_huge_frame_closes_the_socket(web: Served, alice: Person) -> None:
    with connect(f"{web.ws}/focusflow/ws/pomodoro/") as socket:
        with suppress(ConnectionClosed):
            socket.send("x" * 1_000_000)
        closing(socket)
    with listening(web, alice.token) as socket:
        with suppress(ConnectionClosed):
            socket.send("x" * 1_000_000)
        closing(socket)


def test_who_does_not_stop_talking_is_cut_off(web: Served, alice: Person) -> None:
    with listening(web, alice.token) as socket:
        with suppress(ConnectionClosed):
            for number in range(10_000):
                socket.send(f"frame {number}")
        closing(socket)
    with listening(web, alice.token) as socket:
        do(alice, "start", task(alice))
        assert hear(socket)["type"] == "task_started"


def test_logging_out_closes_the_socket(web: Served, alice: Person) -> None:
    with listening(web, alice.token) as socket:
        assert alice.post("/auth/logout/", {"refresh": alice.data["tokens"]["refresh"]}).status_code == 205
        code, seconds = closing(socket)
    assert code == 4401
    assert seconds < 2


def test_an_api_key_opens_a_socket_until_it_is_revoked(web: Served, alice: Person) -> None:
    key = alice.post("/auth/api-keys/", {"name": "socket"}).json
    with listening(web, key["key"]) as socket:
        do(alice, "start", task(alice))
        assert hear(socket)["type"] == "task_started"
        alice.delete(f"/auth/api-keys/{key['id']}/")
        assert closing(socket)[0] == 4401


def test_a_deleted_account_closes_its_sockets(web: Served, alice: Person) -> None:
    key = alice.post("/auth/api-keys/", {"name": "socket"}).json
    with listening(web, alice.token) as first, listening(web, key["key"]) as second:
        assert alice.at("tymblok").delete("/users/me").status_code == 200
        assert closing(first)[0] == closing(second)[0] == 4401


def test_an_expired_token_closes_the_socket(web: Served, alice: Person) -> None:
    with time_machine.travel(datetime.now(UTC) - timedelta(seconds=3597)):
        given = {"refresh": alice.data["tokens"]["refresh"]}
        renewed = alice.front.call("POST", "/focusflow/api/v1/auth/refresh/", given)
    with listening(web, renewed.json["access"]) as socket:
        code, seconds = closing(socket)
    assert code == 4401
    assert seconds < 5


def test_a_plain_request_is_told_what_to_do(web: Served, front: Front) -> None:
    answer = front.call("GET", "/focusflow/ws/pomodoro/")
    assert (answer.status_code, answer.json["error"]["code"]) == (426, "VALIDATION_ERROR")
    with pytest.raises(InvalidStatus), connect(f"{web.ws}/focusflow/ws/elsewhere/"):
        pass


def test_the_documented_host_opens_the_same_socket(web: Served, alice: Person) -> None:
    with connect("ws://api.focusflow.com/ws/pomodoro/", sock=_socket(web)) as socket:
        socket.send(json.dumps({"token": alice.token}))
        assert hear(socket)["type"] == "connected"


def _socket(web: Served) -> Any:
    import socket

    return socket.create_connection(("127.0.0.1", web.port))


def test_without_redis_events_come_late_not_never(alice: Person) -> None:
    with served(REDIS_URL="redis://127.0.0.1:1/0") as web, listening(web, alice.token) as socket:
        made = task(alice)
        do(alice, "start", made)
        assert hear(socket, 5)["type"] == "task_started"
        do(alice, "pause", made)
        assert hear(socket, 5)["type"] == "task_paused"
        assert silence(socket, 2.5)


def test_a_server_that_stops_says_good_bye_and_wrote_no_token_down(
    alice: Person, capfd: pytest.CaptureFixture[str]
) -> None:
    with served(LOG_LEVEL="DEBUG") as web, listening(web, alice.token) as socket:
        for wrong in (alice.token + "x", alice.data["tokens"]["refresh"]):
            with connect(f"{web.ws}/focusflow/ws/pomodoro/?token={wrong}") as refused:
                refused.send(json.dumps({"token": wrong}))
                assert hear(refused)["type"] == "error"
        began = time.monotonic()
        web.process.send_signal(signal.SIGTERM)
        assert closing(socket)[0] == 1001
        web.process.wait(20)
        assert time.monotonic() - began < 10
    written = "".join(capfd.readouterr())
    assert "live connection opened" in written
    assert alice.token not in written
    assert alice.data["tokens"]["refresh"] not in written


def test_more_sockets_than_allowed_are_refused_and_guests_give_way(alice: Person) -> None:
    with served(LIVE_SOCKETS="2") as web, connect(f"{web.ws}/focusflow/ws/pomodoro/") as guest:
        with listening(web, alice.token), listening(web, alice.token):
            assert closing(guest, 2)[0] == 1013
            with pytest.raises(InvalidStatus) as refused, connect(f"{web.ws}/focusflow/ws/pomodoro/"):
                pass
        assert refused.value.response.status_code == 503
