"""Requests in this process: WSGI without a server, so that only the application's own work is timed."""

from __future__ import annotations

import io
import os
import sys
import time
from pathlib import Path
from typing import Any


def application() -> Any:
    """Daybook in this process; its log lines are written, to a file beside its database."""
    kept = sys.stdout
    sys.stdout = (Path(os.environ["VAR_DIR"]) / "bench.log").open("w")
    try:
        from wsgi import application as made
    finally:
        sys.stdout = kept
    return made


def call(application: Any, path: str, query: str = "", token: str = "", body: bytes = b"") -> bytes:
    """The answer's body to a GET, or to a POST where there is a body. Errors: RuntimeError when it is no success."""
    seen: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST" if body else "GET", "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1", "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr,
        "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
    }  # fmt: skip
    if token:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    parts = application(environ, lambda status, *_: seen.append(status))
    answer = b"".join(parts)
    parts.close()
    if not seen[0].startswith("2"):
        raise RuntimeError(f"{path}: {seen[0]} {answer[:200]!r}")
    return answer


def cpu_of(application: Any, asked: list[dict[str, Any]], count: int) -> float:
    """CPU microseconds for each of `count` requests, the asked ones in turn."""
    began = time.process_time()
    for turn in range(count):
        call(application, **asked[turn % len(asked)])
    return (time.process_time() - began) / count * 1e6
