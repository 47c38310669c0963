"""What is seen of each request: an id, one JSON log line, and Prometheus counts by contract, rule and status."""

from __future__ import annotations

import os
import re
import time
from functools import lru_cache
from typing import Any

import structlog
from flask import Flask, Response, g, request
from prometheus_client import Counter, Histogram

import logs

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
_lines = logs.lines("daybook.web")


def request_id() -> str:
    """The id of this request: the client's where it is a sane one, else a new one."""
    known: str | None = g.get("request_id")
    if known is None:
        given = request.headers.get("X-Request-Id", "")
        known = g.request_id = given if _ACCEPTED.fullmatch(given) else f"req_{os.urandom(8).hex()}"
    return known


def watch(app: Flask, contract: str) -> None:
    """Log and count every request of an app."""

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        seconds = time.perf_counter() - g.get("began", time.perf_counter())
        rule = request.url_rule.rule if request.url_rule else "(none)"
        method = request.method if request.method in _METHODS else "(other)"  # a client could make up any number
        status, id_ = response.status_code, request_id()
        response.headers["X-Request-Id"] = id_
        _count(contract, method, rule, status).inc()
        _clock(contract).observe(seconds)
        caller = g.get("caller")
        _lines.info(
            "request",
            contract=contract,
            method=method,
            rule=rule,
            status=status,
            ms=round(seconds * 1000, 1),
            request_id=id_,
            user=caller.id if caller is not None else None,
        )
        return response


@lru_cache(maxsize=4096)
def _count(contract: str, method: str, rule: str, status: int) -> Any:
    """The counter of these labels; looking it up by them each time costs more than counting."""
    return REQUESTS.labels(contract, method, rule, status)


@lru_cache(maxsize=16)
def _clock(contract: str) -> Any:
    # Made by the first request: on SQLite the apps are made before the server has a folder for its counters.
    return SECONDS.labels(contract)
