"""Daybook, complete, on one machine: the embedded server, web, worker, beat and the sandbox (`cli.py up`)."""

from __future__ import annotations

import fcntl
import http.client
import os
import shlex
import sys
import time
from typing import IO
from urllib.parse import urlsplit

from processes import ports, valkey
from processes.console import Console
from processes.gate import Gate
from processes.supervisor import GaveUp, Stopped, Supervisor
from settings import PROVIDERS, ROOT, settings

CLI = (sys.executable, str(ROOT / "cli.py"))
DEMO = ("demo@focusflow.com", "DemoPass123!")
WAIT_FOR_WEB = 60.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Refused(Exception):
    """Daybook cannot start here, and why."""


def up(*, demo: bool, until_parent_ends: bool = False) -> None:
    """Run Daybook until it is told to stop; `demo` says that there is a demo account to make."""
    parent = os.getppid() if until_parent_ends else None
    if not settings.production:
        os.environ.setdefault("PYTHONWARNINGS", "ignore:You're running the worker with superuser")
    settings.var_dir.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds accounts
    with _only_one():
        if settings.embeds_redis:
            valkey.end_left_over(settings.valkey_port, settings.var_dir / "valkey")
        if reasons := ports.refusals(wanted_ports()):
            raise Refused("\n".join(reasons))
        console = Console()
        supervisor = Supervisor(ROOT, console, parent)
        try:
            _run(supervisor, console, demo)
        except Stopped as stopped:
            console.say(f"Stopping: {stopped}")
        except valkey.NoServer as error:
            raise Refused(str(error)) from None
        except GaveUp as error:
            raise Refused(f"{error} What it wrote stands above.") from None
        finally:
            supervisor.close(last=["valkey"])
        console.say("Stopped.")


def wanted_ports() -> dict[str, ports.Address]:
    """The addresses that Daybook will listen at, by the setting that names each."""
    wanted = {"PORT": (settings.host, settings.port)}
    if settings.embeds_redis:
        wanted["VALKEY_PORT"] = (valkey.HOST, settings.valkey_port)
    if runs_sandbox():
        wanted["SANDBOX_URL"] = ("127.0.0.1", _sandbox_port())
        wanted["SANDBOX_SMTP_PORT"] = ("127.0.0.1", settings.sandbox_smtp_port)
    return wanted


def runs_sandbox() -> bool:
    """Whether the providers' stand-ins run here: in development, where one is needed and nobody runs it elsewhere."""
    local = urlsplit(settings.sandbox_url).hostname in LOOPBACK
    return not settings.production and local and any(map(settings.sandboxed, (*PROVIDERS, "stripe")))


def _sandbox_port() -> int:
    return urlsplit(settings.sandbox_url).port or 80


def _run(supervisor: Supervisor, console: Console, demo: bool) -> None:
    started = time.monotonic()
    if settings.embeds_redis:
        data = settings.var_dir / "valkey"
        supervisor.start("valkey", valkey.command(settings.valkey_port, data))
        if not supervisor.wait(lambda: valkey.ready(settings.valkey_port), 30):
            raise GaveUp(f"valkey does not answer; {data / 'valkey.log'} says why.")
    gate, roles = Gate(settings.var_dir), commands()
    supervisor.start("web", roles.pop("web"))
    supervisor.run("migrate", [*CLI, "migrate"])
    if demo:
        supervisor.run("demo", [*CLI, "seed-demo"])
    if runs_sandbox():
        supervisor.start("sandbox", _sandbox())
    gate.open()
    # The others wait for the web, so that the machine's cores go to what the reader waits for.
    serves = supervisor.wait(lambda: _web_answers() and _sandbox_answers(), WAIT_FOR_WEB)
    for name, role in roles.items():
        supervisor.start(name, role)
    if serves:
        supervisor.gives_up = False
        console.say(_greeting(time.monotonic() - started, demo))
    else:
        console.say(f"The web has not answered at {settings.public_url} for {WAIT_FOR_WEB:.0f} s; still trying.")
    supervisor.wait()


def commands() -> dict[str, list[str]]:
    """The roles of the Procfile, each run by this interpreter."""
    roles = {}
    for line in (ROOT / "Procfile").read_text().splitlines():
        name, _, command = line.partition(":")
        roles[name] = [sys.executable, "-m", *shlex.split(command)]
    return roles


def _sandbox() -> list[str]:
    return [
        sys.executable, "-m", "sandbox", "--port", str(_sandbox_port()), "--smtp-port", str(settings.sandbox_smtp_port),
        "--webhook-base", settings.public_url,
    ]  # fmt: skip


def _web_answers() -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    connection = http.client.HTTPConnection(host, settings.port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _sandbox_answers() -> bool:
    """Whoever follows the README's walk is at the sandbox's consent page seconds later."""
    return not runs_sandbox() or ports.answers("127.0.0.1", _sandbox_port())


def _greeting(seconds: float, demo: bool) -> str:
    database = urlsplit(settings.database_url).scheme.partition("+")[0]
    redis = "the embedded Valkey" if settings.embeds_redis else "Redis"
    lines = ["", f"Daybook serves after {seconds:.1f} s ({settings.daybook_env}, on {database} and {redis})", ""]
    lines.append(f"  Start page     {settings.public_url}/")
    if runs_sandbox():
        lines.append(f"  Sandbox        {settings.sandbox_url}/")
    if settings.catches_mail:
        lines.append(f"  Mail sent      {settings.public_url}/outbox")
    if demo:
        lines.append(f"  Demo account   {DEMO[0]} / {DEMO[1]}")
    return "\n".join([*lines, "", "  Ctrl-C stops everything.", ""])


def _only_one() -> IO[str]:
    """Hold this folder's lock; Refused where another Daybook runs in it.

    The guard shares the lock: it is free only once everything that the last run started has gone.
    """
    lock = (settings.var_dir / "up.lock").open("a+")
    deadline = time.monotonic() + 8
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = int(lock.read() or 0)
            if _alive(holder) or time.monotonic() > deadline:
                where = f"{settings.var_dir} (process {holder})"
                raise Refused(f"Daybook already runs in {where}. Stop it first.") from None
            time.sleep(0.1)
        else:
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            return lock


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process > 0
