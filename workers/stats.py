"""Statistics in batch: changed days within seconds, everybody nightly."""

from __future__ import annotations

from celery_app import celery
from models.dirty_days import users_with_dirty_days
from models.rollups import rebuild, refresh, slices
from workers.announce import announce

BATCH = 100
"""Users whose changed days are counted in one transaction."""


@celery.task(name="refresh_stats")
def refresh_stats() -> None:
    """Count what changed since the last tick."""
    refresh_batch()


@celery.task(name="rebuild_stats")
def rebuild_stats() -> None:
    """Have everybody's statistics counted from the blocks again, slice by slice."""
    for first, last in slices():
        announce("rebuild_stats_of", first, last, queue_name="stats")


@celery.task(name="rebuild_stats_of")
def rebuild_stats_of(first: int, last: int) -> None:
    """Count all statistics of the users with ids from `first` to `last`."""
    rebuild(first, last)


def refresh_batch(limit: int = BATCH) -> int:
    """Count the changed days of up to `limit` users; returns how many days there were."""
    return sum(refresh(user_id) for user_id in users_with_dirty_days(limit))
