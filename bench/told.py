"""The product's Celery app with an empty task beside its own, telling when each task starts; for `bench.queue`."""

from __future__ import annotations

import os
import time
from typing import Any

import redis
from celery import Task
from celery.signals import task_prerun

from celery_app import celery

STARTS = "bench:starts"
_redis = redis.Redis.from_url(os.environ["REDIS_URL"])


@celery.task(name="bench_nothing", base=Task)
def nothing() -> None:
    """Do nothing, and without a transaction: the yardstick."""


@task_prerun.connect
def _tell(task: Any, **_: Any) -> None:
    if _redis.exists("bench:tell"):
        _redis.rpush(STARTS, f"{task.name} {time.monotonic()}")  # the machine's clock: two processes may compare it
