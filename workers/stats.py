"""Statistics in batch: changed days within seconds, everybody nightly."""

from __future__ import annotations

from celery_app import celery
from models.dirty_days import users_with_dirty_days
from models.rollups import rebuild, refresh, slices

BATCH = 100
"""Users whose changed days are counted in one transaction."""


@celery.task(queue="stats")
def refresh_changed_days() -> None:
    """Count what changed since the last tick."""
    refresh_batch()


@celery.task(queue="stats")
def rebuild_everybody() -> None:
    """Have everybody's statistics counted from the blocks again, slice by slice."""
    for first, last in slices():
        rebuild_slice.delay(first, last)


@celery.task(queue="stats")
def rebuild_slice(first: int, last: int) -> None:
    """Count all statistics of the users with ids from `first` to `last`."""
    rebuild(first, last)


def refresh_batch(limit: int = BATCH) -> int:
    """Count the changed days of up to `limit` users; returns how many days there were."""
    return sum(refresh(user_id) for user_id in users_with_dirty_days(limit))
