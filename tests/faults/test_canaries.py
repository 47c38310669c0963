"""G5: nothing that opens a door stands in a dump of the database or in any log."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import time
from typing import Any

import httpx
import pytest

from sandbox.app import serve
from tests.connect import consent
from tests.faults.journal import PASSWORD, Journal, Writer
from tests.faults.stage import Stage
from tests.product import free_ports

pytestmark = pytest.mark.timeout(300)


def test_no_secret_stands_in_the_dump_or_in_a_log(stage: Stage, report) -> None:
    pg_dump = shutil.which("pg_dump")
    if pg_dump is None:
        pytest.skip("there is no pg_dump")
    port, smtp = free_ports(2)
    settings = {
        "SANDBOX_URL": f"http://127.0.0.1:{port}",
        "SMTP_URL": f"smtp://127.0.0.1:{smtp}",
        "PUBLIC_URL": stage.url,
        "LOG_LEVEL": "DEBUG",
    }
    with serve(port, smtp, redirects=(f"{stage.url}/oauth/*/callback",)) as sandbox:
        stage.serve(**settings)
        stage.start("worker", **settings)
        stage.start("beat", **settings)
        canaries = _live_a_little(stage, sandbox)
        mails = _mails(sandbox, 2)
        canaries |= {f"mail {number}": token for number, token in enumerate(_tokens_of(mails))}
        _use_them_wrongly(stage, canaries)
        time.sleep(2)
    dump = subprocess.run(
        [pg_dump, f"postgresql://daybook@127.0.0.1:{stage.postgres.port}/daybook"], check=True, capture_output=True,
        text=True,
    ).stdout  # fmt: skip
    logs = stage.logs()
    assert "time_blocks" in dump and '"event":"request"' in logs  # else nothing would be found for want of looking
    found = [
        f"{name} in the {where}"
        for name, secret in canaries.items()
        for where, text in (("dump", dump), ("logs", logs))
        if secret in text or json.dumps(secret)[1:-1] in text
    ]
    report("G5", f"{len(canaries)} canaries, dump {len(dump) // 1024} KiB, logs {len(logs) // 1024} KiB: {found}")
    assert len(canaries) >= 14, sorted(canaries)
    assert not found
    assert "Traceback" not in logs


def _live_a_little(stage: Stage, sandbox: str) -> dict[str, str]:
    """Somebody logs in everywhere, connects an account, leads a team and forgets a password; the secrets of it."""
    secrets: dict[str, str] = {"password": PASSWORD}
    writers = {door: Writer(stage.url, door, Journal()) for door in ("tymblok", "focusflow", "produktifin")}
    for door, writer in writers.items():
        for number, answer in enumerate(writer.answers):
            secrets |= {f"{door} {number} {name}": value for name, value in _tokens_in(answer)}
    ask = httpx.Client(base_url=stage.url, timeout=30, trust_env=False)
    here = {"Authorization": f"Bearer {writers['tymblok'].token}"}
    asked = ask.post("/tymblok/v1/integrations/github/connect", json={}, headers=here).json()
    assert ask.get(consent(asked["data"]["authUrl"])).status_code < 400
    there = {"Authorization": f"Bearer {writers['focusflow'].token}"}
    key = ask.post("/focusflow/api/v1/auth/api-keys/", json={"name": "Canary"}, headers=there)
    assert key.status_code == 201, key.text
    secrets |= {f"api key {name}": value for name, value in _tokens_in(key.json())}
    team = {"name": "Canary", "slug": "canary"}
    assert ask.post("/focusflow/api/v2/organizations/", json=team, headers=there).status_code == 201
    invite = {"email": "guest@example.com", "role": "employee"}
    answer = ask.post("/focusflow/api/v2/organizations/canary/invites/", json=invite, headers=there)
    assert answer.status_code == 201, answer.text
    hook = {"url": "https://example.com/hook", "events": ["task.completed"]}
    answer = ask.post("/focusflow/api/v2/organizations/canary/webhooks/", json=hook, headers=there)
    assert answer.status_code in (201, 400), answer.text  # 400 where the name does not resolve
    secrets |= {f"webhook {name}": value for name, value in _tokens_in(answer.json())}
    feed = ask.post("/tymblok/v1/settings/calendar-feed", headers=here).json()
    secrets |= {f"feed {number}": value for number, value in enumerate(re.findall(r"[\w-]{32,}", json.dumps(feed)))}
    ask.post("/tymblok/v1/auth/forgot-password", json={"email": writers["tymblok"].email})
    grants = httpx.get(f"{sandbox}/github/_control/tokens", trust_env=False).json()
    secrets |= {f"github {number}": _start_of_token(grant["id"]) for number, grant in enumerate(grants)}
    assert grants
    return secrets


def _start_of_token(grant: str) -> str:
    """What an access token of the sandbox begins with: it says its grant, in base64."""
    return base64.urlsafe_b64encode(f'["access","{grant}'.encode()[:21]).decode()


def _tokens_in(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Whatever an answer holds under a name that speaks of a secret."""
    if isinstance(value, dict):
        return [pair for key, member in value.items() for pair in _tokens_in(member, key)]
    if isinstance(value, list):
        return [pair for member in value for pair in _tokens_in(member, name)]
    speaks = re.search(r"token|secret|access|refresh|^key$", name, re.IGNORECASE)
    return [(name, value)] if speaks and isinstance(value, str) and len(value) >= 20 else []


def _mails(sandbox: str, wanted: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 40
    while True:
        mails = httpx.get(f"{sandbox}/outbox.json", trust_env=False).json()
        if len(_tokens_of(mails)) >= wanted or time.monotonic() > deadline:
            return mails
        time.sleep(0.5)


def _tokens_of(mails: list[dict[str, Any]]) -> list[str]:
    return [token for mail in mails for token in re.findall(r"token=([\w-]{30,})", mail["text"])]


def _use_them_wrongly(stage: Stage, canaries: dict[str, str]) -> None:
    """Each in the wrong place, where an error might quote it."""
    for secret in canaries.values():
        httpx.get(f"{stage.url}/tymblok/v1/blocks", params={"date": secret}, trust_env=False)
        httpx.get(f"{stage.url}/tymblok/v1/users/me", headers={"Authorization": f"Bearer {secret}x"}, trust_env=False)
        body = {"email": "a@b", "password": secret, "refreshToken": secret, "token": secret, "newPassword": secret}
        for path in ("login", "refresh", "reset-password"):
            httpx.post(f"{stage.url}/tymblok/v1/auth/{path}", json=body, trust_env=False)
