"""The Celery app: queues, limits, the beat table, and one transaction per task."""

from __future__ import annotations

import socket
from typing import Any

from celery import Celery, Task
from celery.signals import setup_logging, worker_process_init, worker_ready
from kombu import Queue

import logs
import models.tables  # noqa: F401  # foreign keys name tables, so all must be known
from models import db
from settings import settings

VISIBILITY = 300  # longer than any task may run, or it would be handed out twice
# A worker that waits for work sends nothing, and would never learn that its host was cut off.
_KEEPALIVE = {
    getattr(socket, name): seconds
    for name, seconds in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
    if hasattr(socket, name)
}
_ON_REDIS = settings.broker.startswith(("redis", "unix"))


class TransactionalTask(Task):
    """A task whose body is one transaction: returning commits, raising keeps nothing."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with db.transaction():
            return super().__call__(*args, **kwargs)


celery = Celery("daybook", broker=settings.broker, task_cls=TransactionalTask)
celery.conf.update(
    include=["workers"],
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,
    # With late acknowledgement alone, a task whose process is killed is acknowledged and lost.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_time_limit=240,
    task_soft_time_limit=210,
    worker_max_tasks_per_child=2000,
    worker_soft_shutdown_timeout=30,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # A request never waits for the broker: its effect is a row, and a tick finds what was not announced.
    task_publish_retry=False,
    broker_transport_options={
        "visibility_timeout": VISIBILITY,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "health_check_interval": 25,
        "socket_keepalive": True,
        "socket_keepalive_options": _KEEPALIVE,
    }
    if _ON_REDIS
    else {},
    result_backend_transport_options={"visibility_timeout": VISIBILITY},
    visibility_timeout=VISIBILITY,
    task_default_queue="default",
    task_queues=[Queue(name) for name in ("default", "sync", "webhooks", "stats", "mail")],
    beat_scheduler="workers.clock:Clock",
    redbeat_redis_url=settings.redis_url,
    redbeat_key_prefix="daybook:beat:",
    redbeat_lock_timeout=30,
    beat_max_loop_interval=1,
    timezone="UTC",
)


@setup_logging.connect
def _log_as_the_web_does(**_: Any) -> None:
    # Celery would put its own format on every record; the JSON lines come from one place.
    logs.set_up()


@worker_process_init.connect
def _leave_the_parents_connections(**_: Any) -> None:
    db.forget_connections()


@worker_ready.connect
def _show_life_at_once(**_: Any) -> None:
    # The first tick comes only after ten seconds, and until then /readyz and the start page would miss the worker.
    celery.send_task("show_life", retry=False)


@celery.on_after_finalize.connect
def _listen_to_facts(**_: Any) -> None:
    from workers import listen  # the tasks know the app, so the app learns of them late

    listen()
