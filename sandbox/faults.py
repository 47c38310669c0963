"""Faults that a test switches on: what providers and networks do on a bad day."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from flask import Response, g, request

BEFORE = ("status", "html", "rate_limit", "secondary_limit", "unauthorized", "empty", "garbage", "delay", "timeout")
"""Answered instead of the request (`delay`: before it)."""
AFTER = ("reset", "short", "truncated")
"""Done to the answer on its way out."""
LISTS = ("duplicates", "update_while_paging", "close_while_paging", "empty_page", "stale_cursor", "partial")
"""Done by the provider's own lists."""
KINDS = BEFORE + AFTER + LISTS

BAD_GATEWAY = """<html>
<head><title>502 Bad Gateway</title></head>
<body>
<center><h1>502 Bad Gateway</h1></center>
<hr><center>nginx</center>
</body>
</html>
"""


@dataclass
class Fault:
    """One fault, for the next `times` requests that match (None: until it is taken away)."""

    kind: str
    times: int | None = 1
    path: str = "*"
    """A pattern over the path behind the provider's prefix, as `/issues` or `/repos/*`."""
    method: str = "*"
    account: str | None = None
    skip: int = 0
    """How many matching requests pass unharmed first."""
    status: int = 0
    retry_after: int | None = None
    seconds: float = 30.0
    body: str | None = None
    used: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; known are {', '.join(KINDS)}")

    def matches(self, method: str, path: str) -> bool:
        return fnmatchcase(path, self.path) and self.method in ("*", method)


@dataclass
class Faults:
    """The faults of one provider."""

    pending: list[Fault] = field(default_factory=list)
    lock: Any = field(default_factory=threading.Lock)

    def add(self, spec: dict[str, Any]) -> Fault:
        fault = Fault(**spec)
        with self.lock:
            self.pending.append(fault)
        return fault

    def clear(self) -> None:
        with self.lock:
            self.pending.clear()

    def take(self, *kinds: str, account: str | None = None, method: str = "", path: str = "") -> Fault | None:
        """The first fault that is due on this request, counted as used."""
        with self.lock:
            for fault in self.pending:
                if fault.kind not in kinds or not fault.matches(method or request.method, path or g.path):
                    continue
                if fault.account not in (None, account):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times is not None and fault.used >= fault.times:
                    continue
                fault.used += 1
                g.fault = fault.kind
                return fault
        return None

    def show(self) -> list[dict[str, Any]]:
        with self.lock:
            return [asdict(fault) for fault in self.pending]


def before(stand: Any, account: str | None) -> Response | None:
    """The bad answer that is due instead of a request, if any."""
    fault = stand.faults.take(*BEFORE, account=account)
    if fault is None:
        return None
    match fault.kind:
        case "delay":
            time.sleep(fault.seconds)
            return None
        case "timeout":
            time.sleep(fault.seconds)
            request.environ["sandbox.wire"] = "drop"
            return Response()
        case "html":
            return Response(fault.body or BAD_GATEWAY, fault.status or 502, mimetype="text/html")
        case "empty":
            return Response(b"", fault.status or 200, mimetype="application/json")
        case "garbage":
            return Response(fault.body or '{"items": [{"id": 1', fault.status or 200, mimetype="application/json")
        case "unauthorized":
            return stand.unauthorized()
        case "rate_limit" | "secondary_limit":
            return stand.limited(fault)
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    answer = stand.failed(fault.status or 500)
    answer.headers.extend(headers)
    return answer


def after(stand: Any, response: Response, account: str | None) -> Response:
    """The answer, harmed on its way out if that is due."""
    fault = stand.faults.take(*AFTER, account=account)
    if fault is None:
        return response
    if fault.kind == "truncated":
        body = response.get_data()
        response.set_data(body[: len(body) // 2])
        response.headers.pop("ETag", None)
    else:
        request.environ["sandbox.wire"] = fault.kind
    return response
