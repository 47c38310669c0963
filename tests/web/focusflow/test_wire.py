"""A WebSocket's bytes, between the two ends of a socket pair."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from web.focusflow.wire import LARGEST_MESSAGE, MOST_FRAMES, MOST_UNSENT, Gone, Wire, text_frame


class Pair:
    """A wire and its client."""

    def __init__(self) -> None:
        ours, self.client = socket.socketpair()
        ours.setblocking(False)
        self.blocked: list[int] = []
        self.wire = Wire(ours, self.blocked.append)
        self._ours = ours

    def say(self, *frames: bytes) -> list[str | bytes]:
        """Send bytes to the wire; the messages that it makes of them."""
        self.client.sendall(b"".join(frames))
        return self.wire.receive()

    def read(self) -> bytes:
        """All that has come to the client so far."""
        self.client.setblocking(False)
        got = bytearray()
        with suppress(BlockingIOError):
            while part := self.client.recv(1 << 20):
                got += part
        return bytes(got)

    def close(self) -> None:
        self._ours.close()
        self.client.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.close()


def masked(opcode: int, payload: bytes, *, is_last: bool = True) -> bytes:
    head = bytes((0x80 * is_last | opcode,))
    size = bytes((0x80 | len(payload),)) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
    return head + size + b"\0\0\0\0" + payload


def test_a_message_may_come_in_parts_and_several_at_once(pair: Pair) -> None:
    whole = masked(1, b"one") + masked(2, b"two") + masked(1, b"th", is_last=False) + masked(0, b"ree")
    for byte in whole[:-1]:
        pair.client.send(bytes((byte,)))
    assert pair.wire.receive() == ["one", b"two"]
    assert pair.say(whole[-1:]) == ["three"]


def test_a_ping_is_answered_with_its_own_words(pair: Pair) -> None:
    assert pair.say(masked(9, b"there?")) == []
    assert pair.read() == b"\x8a\x06there?"


def test_a_client_that_never_answers_a_ping_is_cut_off(pair: Pair) -> None:
    pair.wire.beat()
    pair.say(masked(10, b""))
    pair.wire.beat()
    assert pair.read() == b"\x89\x00" * 2
    pair.wire.beat()
    with pytest.raises(Gone):
        pair.wire.receive()


def test_a_good_bye_is_returned(pair: Pair) -> None:
    with pytest.raises(Gone):
        pair.say(masked(8, b"\x03\xe8bye"))
    assert pair.read() == b"\x88\x05\x03\xe8bye"


def test_after_our_good_bye_nothing_is_sent_or_heard(pair: Pair) -> None:
    pair.wire.close(4401, "no")
    pair.wire.send(text_frame(b"late"))
    assert pair.say(masked(1, b"but"), masked(9, b"?")) == []
    assert pair.read() == b"\x88\x04\x11\x31no"
    with pytest.raises(Gone):
        pair.say(masked(8, b"\x11\x31"))


@pytest.mark.parametrize(
    "broken",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x81\x03abc",  # not masked
        b"\xf1\x80\0\0\0\0",  # reserved bits
        b"\x09\x80\0\0\0\0",  # a ping in parts
        masked(0, b"x"),  # goes on with nothing
        masked(8, b"\x03"),  # half a code
    ],
)
def test_who_breaks_the_rules_is_cut_off(pair: Pair, broken: bytes) -> None:
    with pytest.raises(Gone):
        pair.say(broken)


def test_a_message_that_is_too_large_is_not_kept(pair: Pair) -> None:
    part = masked(1, b"x" * 4000, is_last=False)
    pair.client.sendall(part + 3 * masked(0, b"x" * 4000, is_last=False))
    for _ in range(5):
        assert pair.wire.receive() == []
    assert pair.read()[2:4] == b"\x03\xf1"  # 1009
    assert pair.wire.closing_since is not None
    assert LARGEST_MESSAGE < 16_000


def test_who_does_not_stop_talking_is_cut_off(pair: Pair) -> None:
    with pytest.raises(Gone):
        for _ in range(MOST_FRAMES * 2 + 1):  # a minute may begin on the way
            pair.say(masked(9, b""))


def test_a_frame_that_had_no_room_goes_on_where_it_stopped(pair: Pair) -> None:
    frames = [text_frame(str(number).encode() * 5000) for number in range(10, 50)]
    read = bytearray()
    for frame in frames:
        pair.wire.send(frame)
        read += pair.client.recv(3000)
    assert pair.blocked  # asked for room, once
    assert len(pair.blocked) == 1
    while not pair.wire.send_on():
        read += pair.client.recv(3000)
    assert bytes(read) + pair.read() == b"".join(frames)


def test_a_slow_reader_is_cut_off_and_not_waited_for(pair: Pair) -> None:
    frame = text_frame(b"x" * 1000)
    began = time.monotonic()
    while not pair.blocked:
        pair.wire.send(frame)
    for _ in range(MOST_UNSENT // len(frame) - 1):
        pair.wire.send(frame)
    assert pair.wire.receive() == []  # connected still
    for _ in range(2):
        pair.wire.send(frame)
    with pytest.raises(Gone):
        pair.wire.receive()
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_a_text_of_any_length_is_framed(size: int) -> None:
    frame = text_frame(b"x" * size)
    lengths = {1: frame[1], 2: int.from_bytes(frame[2:4], "big"), 8: int.from_bytes(frame[2:10], "big")}
    assert (frame[0], lengths[1 if size < 126 else 2 if size < 65536 else 8]) == (0x81, size)
    assert frame.endswith(b"x" * size)
