"""Is it alive, is it ready, how is it doing."""

from __future__ import annotations

import os
import threading
from typing import Any

import redis
from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest, multiprocess
from prometheus_client import REGISTRY as PROCESS
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from models import db
from models.heartbeats import seconds_since_worker
from settings import settings

routes = Blueprint("health", __name__)
STALE_WORKER_SECONDS = 60
PATIENCE = 2.0
"""Seconds that the database has for its answer: a server that is there and hangs is as good as away."""


@routes.get("/healthz")
def alive() -> dict[str, str]:
    """This process answers; nothing else is asked."""
    return {"status": "ok"}


@routes.get("/readyz")
def ready() -> tuple[dict[str, Any], int]:
    """Whether requests can be served: the database decides; without Redis or a worker the service is degraded."""
    parts = check()
    is_ready = parts["database"] == "ok"
    status = "ok" if all(value == "ok" for value in parts.values()) else "degraded" if is_ready else "unavailable"
    return {"status": status, **parts}, 200 if is_ready else 503


def check() -> dict[str, str]:
    """Each part that Daybook stands on, `ok` or a word on what is wrong."""
    parts = {"database": "ok", "redis": "ok", "worker": "ok"}
    found = _database.ask(PATIENCE)
    if found is None:
        parts["database"] = "does not answer"
        parts["worker"] = "unknown"
    elif found.worker_age is None:
        parts["worker"] = "not seen"
    elif found.worker_age > STALE_WORKER_SECONDS:
        parts["worker"] = f"last seen {found.worker_age:.0f} s ago"
    try:
        redis.Redis.from_url(settings.redis_url, socket_timeout=0.5, socket_connect_timeout=0.5, retry=None).ping()
    except redis.RedisError:
        parts["redis"] = "does not answer"
    return parts


@routes.get("/metrics")
def metrics() -> Response:
    """Prometheus text, summed over the web processes."""
    registry = PROCESS
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Asked(threading.Thread):
    """One question to the database, in a thread of its own, for it may wait for ever."""

    def __init__(self) -> None:
        super().__init__(name="readiness", daemon=True)
        self.answered = False
        self.worker_age: float | None = None
        self.start()

    def run(self) -> None:
        try:
            with db.transaction(reading=True):
                db.session.execute(text("SELECT 1"))
                self.worker_age = seconds_since_worker()
            self.answered = True
        except SQLAlchemyError:
            pass


class _Database:
    """Asks one question at a time, so that asking again and again uses no connections up."""

    def __init__(self) -> None:
        self._asked: _Asked | None = None

    def ask(self, seconds: float) -> _Asked | None:
        """The answered question; None where no answer came in time."""
        asked = self._asked
        if asked is None or not asked.is_alive():
            asked = self._asked = _Asked()
        asked.join(seconds)
        return asked if asked.answered else None


_database = _Database()
