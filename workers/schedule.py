"""The beat table: ticks that find what is due and was missed, and the work of quiet hours."""

from __future__ import annotations

from celery.schedules import crontab

from celery_app import celery
from settings import settings

TICKS = {
    "show_life": 10.0,
    "wake_mails": 5.0,
    "wake_syncs": settings.tick_seconds,
    "wake_revocations": 30.0,
    "wake_webhooks": settings.tick_seconds,
    "watch_idle": 60.0,
    "recount_moved_teams": 30.0,
    "wake_subscriptions": 30.0,
    "refresh_stats": settings.tick_seconds,
    "close_sessions": min(1.0, settings.tick_seconds),
    "remind": 15.0,
    "summarize": 60.0,
}
"""Task name → seconds between two runs."""

NIGHTLY = {
    "tidy_up": crontab(minute="17"),
    "lay_out_series": crontab(hour="*/6", minute="5"),
    "erase_accounts": crontab(minute="47"),
    "rebuild_stats": crontab(hour="3", minute="40"),
}

celery.conf.beat_schedule = {
    # A tick that nobody picked up in time is worthless: the next one does its work.
    **{
        name: {"task": name, "schedule": seconds, "options": {"expires": max(seconds * 2, 5)}}
        for name, seconds in TICKS.items()
    },
    **{name: {"task": name, "schedule": when} for name, when in NIGHTLY.items()},
}
