"""Five contracts behind one address: chosen by Host, or by the first path segment, which becomes `SCRIPT_NAME`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a contract answers: at its documented host, and below a path segment."""

    segment: str
    app: WSGIApplication
    host: str | None = None


class Dispatcher:
    """The WSGI application that everything is served from."""

    def __init__(self, house: WSGIApplication, mounts: Iterable[Mount]) -> None:
        self._house = house
        mounts = tuple(mounts)
        self._by_segment: Mapping[str, WSGIApplication] = {mount.segment: mount.app for mount in mounts}
        self._by_host: Mapping[str, WSGIApplication] = {mount.host: mount.app for mount in mounts if mount.host}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "").partition(":")[0].lower()
        app = self._by_host.get(host)
        if app is not None:
            return app(environ, start_response)
        path: str = environ.get("PATH_INFO", "")
        segment, _, rest = path.removeprefix("/").partition("/")
        app = self._by_segment.get(segment)
        if app is None:
            return self._house(environ, start_response)
        environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}/{segment}"
        environ["PATH_INFO"] = f"/{rest}"
        return app(environ, start_response)
