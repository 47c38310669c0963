"""Mail that goes out over SMTP can be read in the outbox; and the pages and the server around it."""

from __future__ import annotations

import smtplib
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from pathlib import Path

import httpx2
import pytest

ROOT = Path(__file__).resolve().parents[2]


def send(port, **headers):
    mail = EmailMessage()
    mail["From"], mail["To"] = "Daybook <no-reply@daybook.example>", headers.get("to", "alice@example.com")
    mail["Subject"] = headers.get("subject", "Passwort zurücksetzen 🔑")
    mail.set_content("Hello Zoë,\n\nreset here: http://127.0.0.1:8000/reset?token=abc123.\n\n— Daybook <b>\n")
    if headers.get("html"):
        mail.add_alternative("<p>Hello <a href='http://127.0.0.1:8000/x'>there</a></p>", subtype="html")
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as server:
        server.send_message(mail)


def test_a_mail_can_be_read_and_its_link_clicked(base, http):
    send(base.smtp_port, html=True)
    mail = http.get("/outbox.json").json()[0]
    assert mail["subject"] == "Passwort zurücksetzen 🔑" and mail["envelope"]["to"] == ["alice@example.com"]
    assert mail["links"] == ["http://127.0.0.1:8000/reset?token=abc123"]
    page = http.get("/outbox").text
    assert '<a href="http://127.0.0.1:8000/reset?token=abc123"' in page
    assert "&lt;b&gt;" in page and "Zoë" in page
    part = http.get(f"/outbox/{mail['id']}.html")
    assert "there" in part.text and "sandbox" in part.headers["Content-Security-Policy"]


def test_the_newest_mail_comes_first(base, http):
    http.delete("/outbox.json")
    for number in (1, 2, 3):
        send(base.smtp_port, subject=f"Mail {number}")
    assert [mail["subject"] for mail in http.get("/outbox.json").json()] == ["Mail 3", "Mail 2", "Mail 1"]
    page = http.get("/outbox").text
    assert page.index("Mail 3") < page.index("Mail 1")


def test_the_front_page_lists_what_there_is(base, http):
    page = http.get("/").text
    for word in ("GitHub", "sandbox-github-secret", "mara.lindqvist@example.com", "/outbox", f"{base}/github/_control"):
        assert word in page
    assert http.get("/avatars/mara.svg").headers["Content-Type"].startswith("image/svg+xml")


def test_many_connections_at_once(base, bearer):
    headers = bearer("github")
    barrier = threading.Barrier(60)

    def ask(_):
        with httpx2.Client(trust_env=False, verify=False) as client:
            barrier.wait(10)
            return [client.get(f"{base}/github/user", headers=headers).status_code for _ in range(5)]

    with ThreadPoolExecutor(60) as pool:
        assert {status for answer in pool.map(ask, range(60)) for status in answer} == {200}


def test_one_connection_carries_many_requests_even_with_bodies_that_nobody_reads(base):
    with socket.create_connection(base.removeprefix("http://").split(":"), timeout=5) as raw:
        for _ in range(3):
            raw.sendall(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
            assert raw.recv(65536).startswith(b"HTTP/1.1 404")
        raw.sendall(b"POST /github/_control/accounts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        raw.sendall(b'8\r\n{"key": \r\n7\r\n"pipe"}\r\n0\r\n\r\n')
        assert raw.recv(65536).startswith(b"HTTP/1.1 201")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def test_the_command_starts_and_stops_cleanly():
    port, smtp = free_port(), free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", str(port), "--smtp-port", str(smtp)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert f"http://127.0.0.1:{port}" in process.stdout.readline()
        assert httpx2.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).text == "ok"
        send(smtp)
        began = time.perf_counter()
        process.terminate()
        assert process.wait(5) == 0 and time.perf_counter() - began < 3
    finally:
        process.kill()
        process.stdout.close()


@pytest.mark.parametrize("line", [b"NONSENSE\r\n\r\n", b"\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"])
def test_nonsense_does_not_stop_the_server(base, http, line):
    with socket.create_connection(base.removeprefix("http://").split(":"), timeout=5) as raw:
        raw.sendall(line)
    assert http.get("/healthz").status_code == 200


def test_nothing_of_daybook_is_imported():
    """The sandbox must stand alone: a module of the product here would drag its settings in."""
    foreign = ("settings", "models", "connectors", "workers", "web", "celery_app", "wsgi", "cli")
    for path in (ROOT / "sandbox").rglob("*.py"):
        for line in path.read_text("utf-8").splitlines():
            words = line.split()
            if words[:1] in (["import"], ["from"]):
                assert words[1].split(".")[0] not in foreign, f"{path}: {line}"
