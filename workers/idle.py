"""Looking, every minute, for employees who have not worked for a while."""

from __future__ import annotations

from celery_app import celery
from models import db
from models.idle import organizations_at_work, tell_of_idle


@celery.task(name="watch_idle")
def watch_idle() -> None:
    """Tell managers of idle employees."""
    watch()


def watch() -> int:
    """Each organisation in a transaction of its own; how many people were found idle."""
    with db.transaction(reading=True):
        at_work = organizations_at_work()
    told = 0
    for organization_id in at_work:
        with db.transaction():
            told += tell_of_idle(organization_id)
    return told
