"""The processes beside the web, for measurements that need them: the roles of the Procfile, and the sandbox."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator

from bench import stage


@contextlib.contextmanager
def sandbox(*arguments: str) -> Iterator[str]:
    """The providers' stand-ins on a port of their own, which SANDBOX_URL names from now on; their address."""
    port = stage.free_port()
    os.environ["SANDBOX_URL"] = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", str(port), "--smtp-port", str(stage.free_port()), *arguments],
        cwd=stage.ROOT, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield os.environ["SANDBOX_URL"]
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def employed(*names: str, **environment: str) -> Iterator[dict[str, int]]:
    """Roles of the Procfile, until the block ends; the process id of each."""
    lines = (line.partition(":") for line in (stage.ROOT / "Procfile").read_text().splitlines())
    commands = {name: shlex.split(command) for name, _, command in lines}
    processes = {
        name: subprocess.Popen(
            [sys.executable, "-m", *commands[name]], cwd=stage.ROOT, env=os.environ | environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0,
        )
        for name in names
    }  # fmt: skip
    try:
        yield {name: process.pid for name, process in processes.items()}
    finally:
        for process in processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
