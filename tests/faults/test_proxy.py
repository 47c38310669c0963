"""deploy/nginx.conf in front of two webs: what it passes on, keeps out, and does when one of them is gone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import ssl
import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from socket import create_connection

import httpx
import pytest
from websockets.sync.client import connect

from bench.slow_clients import slow_clients
from settings import ROOT
from tests.faults.stage import Stage
from tests.product import free_ports

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(not os.environ.get("DAYBOOK_CHAOS"), reason="runs by make chaos"),
    pytest.mark.skipif(shutil.which("nginx") is None, reason="there is no nginx on this machine"),
]
HOST = "daybook.example"
CREDENTIALS = {"email": "proxy@example.com", "password": "SecurePass123!"}


class Proxy:
    """nginx on two ports of its own, with a certificate of its own."""

    def __init__(self, folder: Path, webs: list[int]) -> None:
        self.plain, self.secure = free_ports(2)
        self.folder, self.config = folder, folder / "nginx.conf"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}",
             "-addext", f"subjectAltName=DNS:{HOST},DNS:api.tymblok.app", "-keyout", folder / "daybook.key",
             "-out", folder / "daybook.crt"], check=True, capture_output=True,
        )  # fmt: skip
        text = (ROOT / "deploy" / "nginx.conf").read_text()
        for given, here in {
            "listen 80;": f"listen 127.0.0.1:{self.plain};",
            "listen 443 ssl;": f"listen 127.0.0.1:{self.secure} ssl;",
            "/etc/nginx/daybook.": f"{folder}/daybook.",
            "/var/log/nginx/daybook.log": f"{folder}/access.log",
            "web1.internal:8000": f"127.0.0.1:{webs[0]}",
            "web2.internal:8000": f"127.0.0.1:{webs[1]}",
        }.items():
            assert given in text
            text = text.replace(given, here)
        self.config.write_text(f"pid {folder}/nginx.pid;\n{text}")
        self.process: subprocess.Popen[bytes] | None = None

    def command(self, *more: str) -> list[str]:
        log = str(self.folder / "error.log")
        return ["nginx", "-e", log, "-c", str(self.config), "-p", str(self.folder), *more]

    def start(self) -> None:
        self.process = subprocess.Popen(self.command("-g", "daemon off;"))

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)

    def client(self, host: str = HOST) -> httpx.Client:
        """Somebody who asks for a host over TLS."""
        trust = ssl.create_default_context(cafile=self.folder / "daybook.crt")
        trust.check_hostname = False
        return httpx.Client(
            base_url=f"https://127.0.0.1:{self.secure}", headers={"Host": host}, verify=trust, timeout=10
        )


@pytest.fixture
def proxy(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    (other,) = free_ports(1)
    stage.serve(PUBLIC_URL=f"https://{HOST}")
    stage.start("web", PORT=str(other), PUBLIC_URL=f"https://{HOST}")
    folder = tmp_path_factory.mktemp("nginx")
    folder.chmod(0o755)
    proxy = Proxy(folder, [stage.port, other])
    tried = subprocess.run(proxy.command("-t"), capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    proxy.start()
    try:
        _wait(other)
        yield proxy
    finally:
        proxy.stop()


def _wait(port: int, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError("the second web did not come up")


def test_plain_http_is_sent_to_tls_and_what_is_for_machines_inside_stays_inside(proxy):
    moved = httpx.get(f"http://127.0.0.1:{proxy.plain}/tymblok/v1/blocks", headers={"Host": HOST})
    assert (moved.status_code, moved.headers["location"]) == (301, f"https://{HOST}/tymblok/v1/blocks")
    with proxy.client() as client:
        assert client.get("/").status_code == 200
        assert [client.get(path).status_code for path in ("/metrics", "/readyz")] == [404, 404]


def test_a_contract_answers_below_its_path_and_at_its_own_host(proxy):
    with proxy.client() as client, proxy.client("api.tymblok.app") as direct:
        made = client.post("/tymblok/v1/auth/register", json=CREDENTIALS | {"name": "Ada Lovelace"})
        assert made.status_code == 201, made.text
        entered = direct.post("/v1/auth/login", json=CREDENTIALS)
        assert entered.status_code == 200, entered.text
        mounts = client.get("/tymblok/v1/openapi.json"), direct.get("/v1/openapi.json")
        assert [answer.json()["servers"][0]["url"] for answer in mounts] == ["/tymblok", "/"]


def test_what_is_too_large_is_refused_in_the_contracts_own_words(proxy):
    with proxy.client() as client:
        refused = client.post("/tymblok/v1/auth/login", content=b" " * (5 * 1024 * 1024 + 10),
                              headers={"Content-Type": "application/json"})  # fmt: skip
    assert refused.status_code == 413
    assert "error" in refused.json()


def test_a_socket_is_passed_through(proxy):
    with proxy.client() as client:
        entered = client.post("/focusflow/api/v1/auth/login/", json=CREDENTIALS)
        token = entered.json()["tokens"]["access"]
    trust = ssl.create_default_context(cafile=proxy.folder / "daybook.crt")
    address = f"wss://{HOST}:{proxy.secure}/focusflow/ws/pomodoro/"
    with create_connection(("127.0.0.1", proxy.secure)) as wire, connect(address, ssl=trust, sock=wire) as socket:
        socket.send(json.dumps({"token": token}))
        assert json.loads(socket.recv(timeout=8))["type"] == "connected"


def test_200_slow_clients_hold_up_nobody(proxy, report):
    with slow_clients(proxy.plain, 200, "header"), proxy.client() as client:
        time.sleep(0.5)
        taken = []
        for _ in range(100):
            began = time.perf_counter()
            assert client.get("/tymblok/v1/openapi.json").status_code == 200
            taken.append((time.perf_counter() - began) * 1000)
    p95 = statistics.quantiles(taken, n=20)[-1]
    report("B4", f"through nginx, 200 slow clients: others' p95 {p95:.0f} ms")
    assert p95 < 500


def test_a_web_host_that_is_gone_is_not_noticed(proxy, stage, report):
    with proxy.client() as client:
        assert client.get("/healthz").status_code == 200
        stage.roles[-1].kill()
        statuses = [client.get("/healthz").status_code for _ in range(200)]
        entered = [client.post("/tymblok/v1/auth/login", json=CREDENTIALS).status_code for _ in range(20)]
    report("proxy", f"one of two webs killed: {statuses.count(200)} of 200 reads and {entered.count(200)} of 20 logins")
    assert set(statuses) == {200}
    assert set(entered) == {200}
