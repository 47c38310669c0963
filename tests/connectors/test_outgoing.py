"""Where outgoing posts may go: out to the internet, never inside, whatever an address says or becomes."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from connectors import outgoing
from settings import settings

INSIDE = (
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "192.88.99.1",
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::1", "::", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "64:ff9b::a9fe:a9fe",
    "64:ff9b::1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::", "2001::1", "2001:0:7f00:1::",
    "fc00::1", "fd12:3456::1", "fe80::1", "febf::1", "fec0::1", "ff02::1", "2001:db8::1", "100::1",
)  # fmt: skip
OUTSIDE = ("8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:800::200e")
SPELLINGS = (
    "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://0/",
    "http://localhost/", "http://localhost./", "http://LOCALHOST/", "http://127.0.0.1./", "http://[::1]/", "http://[::]/",
    "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[0:0:0:0:0:ffff:7f00:1]/", "http://①②⑦.⓪.⓪.①/",
    "http://ⓛocalhost/", "http://１２７.0.0.1/", "http://127。0。0。1/", "http://user@127.0.0.1/", "http://user:pw@example.com/",
    "http://example.com@127.0.0.1/", "http://127.0.0.1:80@example.com/", "http://169.254.169.254/latest/meta-data/",
    "http://127.0.0.1:22/", "http://127.0.0.1:5432/", "http://127.0.0.1:6379/", "http://8.8.8.8:22/", "http://8.8.8.8:6379/",
    "http://8.8.8.8:8080/", "https://8.8.8.8:70000/", "file:///etc/passwd", "ftp://example.com/", "gopher://127.0.0.1/",
    "javascript:alert(1)", "//127.0.0.1/", "http:///path", "http://", "", "not an address", "http://exa mple.com/",
    "http://127.0.0.1\\@example.com/", "http://example.com\\@127.0.0.1/", "http://127.0.0.1%00.example.com/",
    "http://127.0.0.1#@example.com/", "http://[fe80::1%25lo]/", "http://example.com\r\nHost: 127.0.0.1/",
    "http://does-not-exist.invalid/",
)  # fmt: skip


class Listener:
    """A port of loopback that counts who comes, and says what it is told to."""

    def __init__(self, say: Callable[[socket.socket], None]) -> None:
        self.visits = 0
        self._say = say
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                visitor, _ = self.server.accept()
            except OSError:
                return
            self.visits += 1
            threading.Thread(target=self._meet, args=(visitor,), daemon=True).start()

    def _meet(self, visitor: socket.socket) -> None:
        with visitor:
            try:
                visitor.recv(65536)
                self._say(visitor)
            except OSError:
                return


@pytest.fixture
def listen() -> Iterator[Callable[..., Listener]]:
    opened: list[Listener] = []

    def open_one(
        answer: bytes = b"HTTP/1.1 204 No Content\r\n\r\n", say: Callable[..., None] | None = None
    ) -> Listener:
        opened.append(Listener(say or (lambda visitor: visitor.sendall(answer))))
        return opened[-1]

    yield open_one
    for each in opened:
        each.server.close()


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def add(*hosts: str) -> None:
        monkeypatch.setattr(
            "connectors.outgoing.settings", settings.model_copy(update={"webhook_allowed_hosts": hosts})
        )

    return add


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_that_leads_inside_is_not_public(address: str) -> None:
    assert not outgoing.is_public(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_out_there_is_public(address: str) -> None:
    assert outgoing.is_public(address)


@pytest.mark.parametrize("url", SPELLINGS)
def test_no_spelling_leads_inside(url: str) -> None:
    with pytest.raises(outgoing.Refused):
        outgoing.check(url)


@pytest.mark.parametrize("url", SPELLINGS)
def test_no_spelling_leads_inside_when_it_is_posted_to_either(url: str, listen: Callable[..., Listener]) -> None:
    with pytest.raises((outgoing.Refused, outgoing.Unreachable)):
        outgoing.post(url, b"{}", {})


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(2, 1, 6, "", (address, 443)) for address in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: answers)
    with pytest.raises(outgoing.Refused):
        outgoing.check("https://both.example.com/")


def test_a_name_that_turns_inside_after_it_was_checked_is_not_followed(
    listen: Callable[..., Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = listen()
    turns = iter(["8.8.8.8"])
    asked = []

    def rebind(host: str, port: int, *_: object, **__: object) -> list[object]:
        asked.append(host)
        return [(2, 1, 6, "", (next(turns, "127.0.0.1"), inside.port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    outgoing.check("http://rebind.example.com/")
    with pytest.raises(outgoing.Refused):
        outgoing.post("http://rebind.example.com/", b"{}", {})
    assert asked == ["rebind.example.com"] * 2 and inside.visits == 0


def test_the_checked_address_is_the_one_connected_to(
    listen: Callable[..., Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the check and the connection nobody asks for the name again."""
    inside = listen()
    connected: list[str] = []
    names = iter([[(2, 1, 6, "", ("8.8.8.8", 80))]])

    def connect(address: tuple[str, int], **_: object) -> socket.socket:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: next(names))
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(outgoing.Unreachable):
        outgoing.post("http://example.com/", b"{}", {})
    assert connected == ["8.8.8.8"] and inside.visits == 0


def test_only_exactly_the_allowed_host_and_port_may_be_local(
    listen: Callable[..., Listener], allow: Callable[..., None]
) -> None:
    welcome, unwelcome = listen(), listen()
    allow(f"127.0.0.1:{welcome.port}")
    assert outgoing.post(f"http://127.0.0.1:{welcome.port}/hook?a=b", b"{}", {}).status == 204
    for url in (
        f"http://127.0.0.1:{unwelcome.port}/",
        f"http://localhost:{welcome.port}/",
        f"http://127.1:{welcome.port}/",
    ):
        with pytest.raises(outgoing.Refused):
            outgoing.post(url, b"{}", {})
    assert (welcome.visits, unwelcome.visits) == (1, 0)


def test_a_redirect_is_an_answer_and_not_followed(listen: Callable[..., Listener], allow: Callable[..., None]) -> None:
    target = listen()
    first = listen(f"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:{target.port}/\r\n\r\n".encode())
    allow(f"127.0.0.1:{first.port}", f"127.0.0.1:{target.port}")
    assert outgoing.post(f"http://127.0.0.1:{first.port}/", b"{}", {}).status == 307
    assert target.visits == 0


def test_a_receiver_that_drips_is_cut_off(
    listen: Callable[..., Listener], allow: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "WHOLE_SECONDS", 1.0)

    def drip(visitor: socket.socket) -> None:
        for letter in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 500:
            visitor.sendall(bytes([letter]))
            time.sleep(0.1)

    slow = listen(say=drip)
    allow(f"127.0.0.1:{slow.port}")
    began = time.monotonic()
    with pytest.raises(outgoing.Unreachable, match="within"):
        outgoing.post(f"http://127.0.0.1:{slow.port}/", b"{}", {})
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\0" * 100, b"HTTP/1.1 200 " + b"a" * 100_000]
)
def test_what_is_no_answer_is_unreachable(
    listen: Callable[..., Listener], allow: Callable[..., None], answer: bytes
) -> None:
    odd = listen(answer)
    allow(f"127.0.0.1:{odd.port}")
    with pytest.raises(outgoing.Unreachable) as caught:
        outgoing.post(f"http://127.0.0.1:{odd.port}/", b"{}", {})
    assert "SSH" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [("120", 120, 120), ("soon", None, None), ("Wed, 01 Jan 2070 00:00:00 GMT", 10**8, 10**10)],
)
def test_patience_is_read(
    listen: Callable[..., Listener], allow: Callable[..., None], header: str, least: int | None, most: int | None
) -> None:
    busy = listen(f"HTTP/1.1 429 Too Many\r\nRetry-After: {header}\r\n\r\n".encode())
    allow(f"127.0.0.1:{busy.port}")
    answer = outgoing.post(f"http://127.0.0.1:{busy.port}/", b"{}", {})
    assert answer.status == 429
    if least is None or most is None:
        assert answer.retry_after is None
    else:
        assert answer.retry_after is not None and least <= answer.retry_after <= most


def test_this_server_itself_is_no_receiver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "connectors.outgoing.settings", settings.model_copy(update={"public_url": "https://daybook.example"})
    )
    with pytest.raises(outgoing.Refused, match="itself"):
        outgoing.check("https://daybook.example/webhooks/github")
