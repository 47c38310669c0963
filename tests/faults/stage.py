"""Daybook's roles as separate processes over a cluster of their own, each of which may be killed."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from settings import ROOT, Settings
from tests.faults.cluster import LOOPBACK, Postgres, Redis, family
from tests.product import free_ports


class Role:
    """One line of the Procfile, running in a process group of its own."""

    def __init__(self, stage: Stage, name: str, **settings: str) -> None:
        self.name, self.log = name, stage.folder / f"{name}-{len(stage.roles)}.log"
        lines = (line.partition(":") for line in (ROOT / "Procfile").read_text().splitlines())
        self.command = [sys.executable, "-m", *shlex.split({role: command for role, _, command in lines}[name])]
        self.environment = stage.environment | settings
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Role:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                process_group=0,
            )  # fmt: skip
        return self

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def children(self) -> list[int]:
        assert self.process is not None
        return family(self.process.pid)

    def kill(self) -> None:
        """kill -9 of the process and everything it started."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Stage:
    """PostgreSQL, Redis, and the roles that a test starts on them; leaving the block ends everything."""

    def __init__(self, folder: Path, disk: int = 0, host: str = LOOPBACK) -> None:
        self.folder = folder
        self.postgres, self.redis = Postgres(folder, disk, host), Redis(folder, host)
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.roles: list[Role] = []
        others = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
        self.environment = others | {
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.redis.url,
            "VAR_DIR": str(folder / "var"),
            "PORT": str(self.port),
            "WEB_WORKERS": "2",
            "ARGON2_PROFILE": "test",
            "RATE_LIMITS": "false",
            "TRUSTED_PROXIES": "1",
            "LOG_LEVEL": "INFO",
            "PYTHONUNBUFFERED": "1",
        }

    def __enter__(self) -> Stage:
        self.postgres.start()
        self.redis.start()
        self.postgres.create()
        self.command("migrate")
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()
        self.redis.stop()
        self.postgres.stop()

    def command(self, *arguments: str, **settings: str) -> str:
        """Run `cli.py`; what it wrote."""
        return subprocess.run(
            [sys.executable, "cli.py", *arguments], cwd=ROOT, env=self.environment | settings, check=True, text=True,
            capture_output=True,
        ).stdout  # fmt: skip

    def start(self, name: str, **settings: str) -> Role:
        """Start one more process of a role."""
        role = Role(self, name, **settings)
        self.roles.append(role)
        return role.start()

    def serve(self, **settings: str) -> Role:
        """Start the web and wait until it answers."""
        role = self.start("web", **settings)
        self.wait_until_ready()
        return role

    def wait_until_ready(self, seconds: float = 60) -> float:
        """Seconds until /readyz said yes."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return time.monotonic() - began
            time.sleep(0.05)
        raise TimeoutError("\n".join(role.log.read_text()[-3000:] for role in self.roles))

    def clear(self) -> None:
        """End every role."""
        for role in self.roles:
            role.kill()
        self.roles.clear()

    def logs(self) -> str:
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))
