"""Logs: one JSON line for each record, ours and the libraries', on standard output."""

from __future__ import annotations

import logging
import sys
from typing import Any

import orjson
import structlog

from settings import settings


def _json(record: Any, **_: Any) -> str:
    return _json_bytes(record).decode()


def _json_bytes(record: Any, **_: Any) -> bytes:
    return orjson.dumps(record, default=str, option=orjson.OPT_NON_STR_KEYS)


def lines(name: str) -> Any:
    """A logger for what every request writes: the same lines at the same level, not by way of `logging`.

    That way costs as much as a query. Nothing but this process's standard output sees these lines.
    """
    level = logging.getLevelNamesMapping()[settings.log_level]
    return structlog.wrap_logger(
        structlog.BytesLogger(sys.stdout.buffer, name=name),
        processors=[
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=_json_bytes),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )


def set_up() -> None:
    """Send every record of this process there."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_json),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    for chatty in ("celery.worker.strategy", "celery.app.trace", "celery.beat", "celery.redirected"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    for noisy in ("urllib3", "googleapiclient", "httpx", "httpx2", "notion_client", "slack_sdk"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
