"""Posting to addresses that strangers chose: outgoing webhooks.

The name is resolved here, every address that it has is checked, and the connection goes to a checked address, so a
name that changes its mind between check and connection gains nothing. Redirects are not followed, nothing of the
answer's body is read, and the whole exchange has one deadline.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from urllib.parse import SplitResult, urlsplit

from settings import settings

CONNECT_SECONDS = 5.0
WHOLE_SECONDS = 15.0
_DEFAULT_PORTS = {"http": 80, "https": 443}
_FORBIDDEN = tuple(
    ipaddress.ip_network(each)
    for each in (
        # What `is_global` lets through although it leads inside: addresses that carry an IPv4 address in them,
        # retired site-local ones, and the protocol assignments.
        "::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "fec0::/10",
        "192.0.0.0/24", "192.88.99.0/24", "100.64.0.0/10", "240.0.0.0/4",
    )
)  # fmt: skip


class Refused(Exception):
    """An address that may not be posted to; the words are for its owner."""


class Unreachable(Exception):
    """No answer came: the name, the connection, TLS or time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said. `retry_after` in seconds, where it asked for patience."""

    status: int
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """An address in its parts. `is_trusted` where the operator allows exactly this host and port."""

    scheme: str
    host: str
    port: int
    path: str
    is_trusted: bool

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@cache
def _trust() -> ssl.SSLContext:
    """Whom certificates may come from; reading the list anew for each post would cost more than the post."""
    return ssl.create_default_context()


def check(url: str) -> None:
    """Whether this may be posted to, as far as can be told now; the host is resolved. Errors: Refused."""
    target = read(url)
    try:
        resolve(target)
    except Unreachable as error:
        raise Refused(f"The host {target.host} cannot be resolved") from error


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Post once. Errors: Refused, Unreachable."""
    target = read(url)
    deadline = time.monotonic() + WHOLE_SECONDS
    connection = _connect(target, resolve(target))
    # A receiver that sends a byte now and then keeps every single read within its limit; this ends the exchange.
    cut = threading.Timer(max(0.1, deadline - time.monotonic()), _cut, [connection.sock])
    cut.daemon = True
    cut.start()
    try:
        connection.request("POST", target.path, body, {**headers, "Host": target.host_header, "Connection": "close"})
        answer = connection.getresponse()
        return Answer(answer.status, _seconds(answer.getheader("Retry-After")))
    except (OSError, http.client.HTTPException, ValueError) as error:
        if time.monotonic() >= deadline - 0.2:
            raise Unreachable(f"No answer within {WHOLE_SECONDS:.0f} seconds") from error
        raise Unreachable(_words(error)) from error
    finally:
        cut.cancel()
        connection.close()


def read(url: str) -> Target:
    """An address in its parts. Errors: Refused."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused("This is not a web address") from error
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise Refused("The address must begin with https:// or http:// and name a host")
    if not url.isascii():
        raise Refused("Write the address in ASCII: the host in punycode, the path percent-encoded")
    if parts.username is not None or parts.password is not None or "\\" in url or not url.isprintable():
        raise Refused("The address may hold no user name, password, backslash or control character")
    host = parts.hostname.rstrip(".")
    port = port if port is not None else _DEFAULT_PORTS[parts.scheme]
    is_trusted = f"{host}:{port}" in settings.webhook_allowed_hosts
    if not is_trusted:
        if port not in _DEFAULT_PORTS.values():
            raise Refused("Webhooks go to port 443 or 80 only")
        if host == (urlsplit(settings.public_url).hostname or ""):
            raise Refused("Webhooks may not be sent to this server itself")
    return Target(parts.scheme, host, port, _path(parts), is_trusted)


def resolve(target: Target) -> list[str]:
    """The addresses that a host has, each of them checked. Errors: Refused, Unreachable."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable("The host cannot be resolved") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses:
        raise Unreachable("The host cannot be resolved")
    if not target.is_trusted and not all(map(is_public, addresses)):
        raise Refused("Webhooks may not be sent to a private, loopback or local address")
    return addresses


def is_public(address: str) -> bool:
    """Whether an IP address leads out to the internet and nowhere else."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if any(ip.version == network.version and ip in network for network in _FORBIDDEN):
        return False
    return ip.is_global and not ip.is_multicast


def _connect(target: Target, addresses: list[str]) -> http.client.HTTPConnection:
    """A connection to the first of these very addresses that answers; the certificate must still be the host's."""
    connection = http.client.HTTPConnection(target.host, target.port, timeout=WHOLE_SECONDS)
    raw = _open(addresses, target.port)
    try:
        if target.scheme == "https":
            raw = _trust().wrap_socket(raw, server_hostname=target.host)
    except (OSError, ValueError) as error:
        raw.close()
        raise Unreachable(_words(error)) from error
    raw.settimeout(WHOLE_SECONDS)
    connection.sock = raw
    return connection


def _open(addresses: list[str], port: int) -> socket.socket:
    failure: OSError = OSError()
    for address in addresses[:3]:
        try:
            return socket.create_connection((address, port), timeout=CONNECT_SECONDS)
        except OSError as error:  # perhaps an IPv6 address where there is no IPv6
            failure = error
    raise Unreachable(_words(failure)) from failure


def _cut(raw: socket.socket) -> None:
    with suppress(OSError):  # it may end by itself at this very moment
        raw.shutdown(socket.SHUT_RDWR)


def _path(parts: SplitResult) -> str:
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _seconds(header: str | None) -> float | None:
    """`Retry-After` in seconds: a number, or a date."""
    if header is None:
        return None
    try:
        return max(0.0, float(int(header)))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def _words(error: BaseException) -> str:
    """What went wrong, without what the receiver sent."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "The TLS certificate is not valid for this host"
    if isinstance(error, ssl.SSLError):
        return "No TLS connection came about"
    if isinstance(error, TimeoutError):
        return "No answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "The connection was refused"
    if isinstance(error, http.client.HTTPException | ValueError):
        return "The answer was not HTTP"
    return "The connection failed"
