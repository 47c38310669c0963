"""What is seen of each request: an id, one JSON log line, and Prometheus counts by contract, rule and status."""

from __future__ import annotations

import re
import secrets
import time

import structlog
from flask import Flask, Response, g, request
from prometheus_client import Counter, Histogram

REQUESTS = Counter("daybook_requests_total", "Requests answered", ("contract", "method", "rule", "status"))
SECONDS = Histogram(
    "daybook_request_seconds",
    "Seconds from request to answer",
    ("contract",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}")
log = structlog.get_logger("daybook.web")


def request_id() -> str:
    """The id of this request: the client's where it is a sane one, else a new one."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _ACCEPTED.fullmatch(given) else f"req_{secrets.token_hex(8)}"
    return str(g.request_id)


def watch(app: Flask, contract: str) -> None:
    """Log and count every request of an app."""

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        seconds = time.perf_counter() - g.get("began", time.perf_counter())
        rule = request.url_rule.rule if request.url_rule else "(none)"
        response.headers["X-Request-Id"] = request_id()
        method = request.method if request.method in _METHODS else "(other)"  # a client could make up any number
        REQUESTS.labels(contract, method, rule, response.status_code).inc()
        SECONDS.labels(contract).observe(seconds)
        caller = g.get("caller")
        log.info(
            "request",
            contract=contract,
            method=request.method,
            rule=rule,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
            request_id=request_id(),
            user=caller.id if caller is not None else None,
        )
        return response
