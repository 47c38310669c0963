"""A lease that is renewed for as long as its process lives, so that a run that died is found out within seconds."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from models import db
from models.errors import Conflict
from models.integrations import LEASE, keep_lease

log = logging.getLogger(__name__)
RENEWALS = 45
"""No run lasts longer than a task may; one that hangs for ever must lose its lease."""


@contextmanager
def renewed(integration_id: int, lease: str) -> Iterator[None]:
    """Renew a lease from a thread while the block runs; pages do so too, but a slow provider may have none for long."""
    is_over = Event()
    seconds = LEASE.total_seconds() / 3

    def renew() -> None:
        for _ in range(RENEWALS):
            if is_over.wait(seconds):
                return
            try:
                with db.transaction():
                    keep_lease(integration_id, lease)
            except Conflict:
                return  # the run finds out with its next page
            except Exception:
                log.warning("lease not renewed", exc_info=True, extra={"integration": integration_id})

    thread = Thread(target=renew, name=f"lease-{integration_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(5)
