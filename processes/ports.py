"""Whether the ports that Daybook wants are free, said before anything is started."""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping

Address = tuple[str, int]


def address(host: str, port: int) -> str:
    """`host:port` as it stands in an address, with IPv6 in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def refusals(wanted: Mapping[str, Address]) -> list[str]:
    """Why Daybook cannot have the addresses it wants, by the setting that names each; empty where it can."""
    found, seen = [], dict[int, str]()
    for setting, (host, port) in wanted.items():
        if port in seen:
            found.append(f"Port {port} is wanted twice, by {seen[port]} and by {setting}. Give one of them another.")
        elif reason := _refusal(host, port):
            found.append(f"Port {port} {reason}. Free it, or choose another with {setting}.")
        seen[port] = setting
    return found


def _refusal(host: str, port: int) -> str:
    if answers(host, port):
        return "is taken by another process"
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that linger from before do not count
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "is taken by another process"
            return f"cannot be used at {host} ({error.strerror})"
    return ""


def answers(host: str, port: int) -> bool:
    """Whether something accepts connections there."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    try:
        socket.create_connection((reached, port), timeout=1).close()
    except OSError:
        return False
    return True
