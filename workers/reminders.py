"""Reminders of blocks that start soon, and a summary in the evening."""

from __future__ import annotations

from celery_app import celery
from models.reminders import remind_of_blocks, summarize_days


@celery.task(name="remind")
def remind() -> None:
    """Announce what starts soon."""
    remind_of_blocks()


@celery.task(name="summarize")
def summarize() -> None:
    """Write to those whose evening has come."""
    summarize_days()
