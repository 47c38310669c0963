"""A read that shows time first closes the caller's session if its time is up, whether a worker was there or not."""

from __future__ import annotations

from models import db
from models.db import Record
from models.focus import hold_timer, is_overdue
from web.auth import caller


def punctual_caller() -> Record:
    """Who calls, with nothing of his left running past its time."""
    found = caller()
    if is_overdue(found.id):
        with db.writing():
            hold_timer(found.id)
    return found
