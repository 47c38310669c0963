"""Hosts of their own in network namespaces, joined by a switch, any of which can be cut off (Linux, root)."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

CLONE_NEWNET = 0x40000000
SUBNET = "10.71.0"


def missing() -> str:
    """Why there can be no such network here; empty where there can."""
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    if shutil.which("ip") is None:
        return "there is no `ip` (Debian's iproute2)"
    probe = f"dbk{os.getpid()}probe"
    if subprocess.run(["ip", "netns", "add", probe], capture_output=True, check=False).returncode:
        return "network namespaces may not be made here"
    ip("netns", "delete", probe)
    return ""


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Network:
    """A switch and its hosts; nothing leads out of it. Leaving the block takes it down."""

    def __init__(self, *hosts: str) -> None:
        self._mark = f"dbk{os.getpid()}"
        self._numbers = {host: number for number, host in enumerate(hosts, 10)}

    def _space(self, host: str) -> str:
        return f"{self._mark}-{host}"

    def address(self, host: str) -> str:
        return f"{SUBNET}.{self._numbers[host]}"

    def __enter__(self) -> Network:
        switch = self._space("switch")
        ip("netns", "add", switch)
        ip("-n", switch, "link", "add", "switch", "type", "bridge")
        ip("-n", switch, "link", "set", "switch", "up")
        for host in self._numbers:
            space, port = self._space(host), self._port(host)
            ip("netns", "add", space)
            ip("-n", switch, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", space)
            ip("-n", switch, "link", "set", port, "master", "switch", "up")
            ip("-n", space, "address", "add", f"{self.address(host)}/24", "dev", "eth0")
            for each in ("lo", "eth0"):
                ip("-n", space, "link", "set", each, "up")
        return self

    def __exit__(self, *_: object) -> None:
        for name in (*self._numbers, "switch"):
            with contextlib.suppress(subprocess.CalledProcessError):
                ip("netns", "delete", self._space(name))

    def _port(self, host: str) -> str:
        return f"port{self._numbers[host]}"

    def cut(self, *hosts: str) -> None:
        """Pull the cables: nothing comes through any more, and nobody is told."""
        for host in hosts:
            ip("-n", self._space("switch"), "link", "set", self._port(host), "down")

    def mend(self, *hosts: str) -> None:
        for host in hosts:
            ip("-n", self._space("switch"), "link", "set", self._port(host), "up")

    @contextlib.contextmanager
    def inside(self, host: str) -> Iterator[None]:
        """This thread, and what it starts in the block, on that host."""
        with Path("/proc/thread-self/ns/net").open("rb") as home:
            with Path(f"/run/netns/{self._space(host)}").open("rb") as space:
                _enter(space.fileno())
            try:
                yield
            finally:
                _enter(home.fileno())


def _enter(space: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(space, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
