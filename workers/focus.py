"""Sessions whose time is up: closed within a second or two, whether a client is there or not."""

from __future__ import annotations

import logging

from sqlalchemy.exc import DBAPIError

from celery_app import celery
from models.db import session
from models.focus import hold_timer, owners_overdue
from workers.announce import announce

log = logging.getLogger(__name__)
BATCH = 100
"""Timers that are closed in one transaction."""


@celery.task(name="close_sessions")
def close_sessions() -> None:
    """Close what is past its time, and go on at once where there is more."""
    if close_overdue() == BATCH:
        announce("close_sessions")


def close_overdue(limit: int = BATCH) -> int:
    """End sessions whose time is up and pause forgotten runs; returns of how many users."""
    owners = owners_overdue(limit)
    for owner in owners:
        try:
            with session.begin_nested():
                hold_timer(owner)
        except DBAPIError:  # one broken row must not keep everybody's bells from ringing
            log.exception("a session cannot be closed", extra={"user": owner})
    return len(owners)
