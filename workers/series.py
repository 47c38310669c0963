"""Blocks that repeat are laid out a day further each night."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery_app import celery
from models import db
from models.clock import today
from models.horizon import lay_out_all, owners_of_due_series
from models.series import AHEAD

log = logging.getLogger(__name__)
_AT_ONCE = 200


@celery.task(name="lay_out_series")
def lay_out_series() -> None:
    """Lay out what is due, for everybody."""
    lay_out_due()


def lay_out_due() -> int:
    """Lay out what is due, one owner at a time; returns how many series that were."""
    until = today("UTC") + AHEAD + timedelta(days=1)  # somewhere it is tomorrow already
    last, count = 0, 0
    while True:
        with db.transaction(reading=True):
            owners = owners_of_due_series(until, last, _AT_ONCE)
        if not owners:
            return count
        for last in owners:
            try:
                with db.transaction():
                    count += lay_out_all(last)
            except Exception:  # one person's series must not keep everybody else's from going on
                log.exception("series not laid out", extra={"user": last})
