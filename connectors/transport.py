"""How far a provider's answer may go: times, bytes and hosts, for the HTTP libraries that the clients stand on."""

from __future__ import annotations

import functools
import ssl
import time
from types import ModuleType
from typing import Any
from urllib.parse import urljoin, urlsplit

import certifi
import httpx
import httpx2
import requests
from requests.adapters import HTTPAdapter

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
WHOLE_SECONDS = 60.0
"""A body that drips may keep each single read within its limit; the whole answer has one of its own."""
MAX_BYTES = 5 * 1024 * 1024


class TooLong(ValueError):
    """An answer that is larger than any honest one."""


class TooSlow(TimeoutError):
    """An answer that never comes to its end."""


class SentElsewhere(ValueError):
    """A redirect to another host, which must never be given a token."""


class _Measure:
    """Counts one body while it is read."""

    def __init__(self) -> None:
        self._body = bytearray()
        self._ends_at = time.monotonic() + WHOLE_SECONDS

    def add(self, piece: bytes) -> None:
        self._body += piece
        if len(self._body) > MAX_BYTES:
            raise TooLong(f"more than {MAX_BYTES} bytes")
        if time.monotonic() > self._ends_at:
            raise TooSlow(f"more than {WHOLE_SECONDS} seconds")

    def all(self) -> bytes:
        return bytes(self._body)


class BoundedAdapter(HTTPAdapter):
    """For requests, under PyGithub, jira and Google's client: mounted on their sessions."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["stream"] = True
        kwargs["timeout"] = (CONNECT_SECONDS, READ_SECONDS)
        response = super().send(request, *args, **kwargs)
        try:
            location = response.headers.get("Location")
            if response.is_redirect and location:
                target = urlsplit(urljoin(str(request.url), location))
                if (target.scheme, target.netloc) != urlsplit(str(request.url))[:2]:
                    raise SentElsewhere(target.netloc)
            body = _Measure()
            for piece in response.iter_content(65536):
                body.add(piece)
        except BaseException:
            response.close()
            raise
        response._content = body.all()
        response._content_consumed = True
        return response


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def session() -> requests.Session:
    """A requests session that keeps these bounds, and knows no password but what it is given (.netrc is not asked)."""
    made = requests.Session()
    made.auth = _as_it_is
    made.mount("http://", BoundedAdapter())
    made.mount("https://", BoundedAdapter())
    return made


@functools.cache
def _trust() -> ssl.SSLContext:
    """Reading all certificate authorities takes longer than a small sync: once for the process."""
    return ssl.create_default_context(cafile=certifi.where())


def _bounded(library: ModuleType) -> type[Any]:
    class Bounded(library.BaseTransport):  # type: ignore[name-defined]  # httpx and httpx2 share one shape
        """Reads the whole body, unpacked and counted, before anybody else sees it."""

        def __init__(self) -> None:
            self._inner = library.HTTPTransport(verify=_trust())

        def handle_request(self, request: Any) -> Any:
            answer = self._inner.handle_request(request)
            body = _Measure()
            try:
                for piece in answer.iter_bytes():
                    body.add(piece)
            finally:
                answer.close()
            unpacked = (b"content-encoding", b"content-length", b"transfer-encoding")
            headers = [(name, value) for name, value in answer.headers.raw if name.lower() not in unpacked]
            return library.Response(
                answer.status_code, headers=headers, content=body.all(), extensions=answer.extensions
            )

        def close(self) -> None:
            self._inner.close()

    return Bounded


BoundedHttpx = _bounded(httpx)
"""For httpx, under Notion's client."""
BoundedHttpx2 = _bounded(httpx2)
"""For httpx2, under Authlib and for Linear."""
def timeout_httpx2() -> httpx2.Timeout:
    return httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
