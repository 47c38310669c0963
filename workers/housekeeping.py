"""Signs of life, and what nobody needs any more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from sqlalchemy import or_

from celery_app import celery
from models import db
from models.activity import Activity
from models.blocks import TimeBlock
from models.clock import now
from models.closure import accounts_to_erase, erase_account
from models.deliveries import Delivery
from models.expiry import drop
from models.guesses import forget_old_addresses, forget_old_guesses
from models.heartbeats import beat
from models.idempotency import forget_old_answers
from models.invites import Invite
from models.live import forget_old_events
from models.logins import Login
from models.mail import Mail
from models.mailed_tokens import MailedToken
from models.oauth_states import OAuthState
from models.pushes import forget_old_pushes
from models.reminders import forget_old_reminders, forget_old_summaries
from models.subscriptions import StripeEvent

KEPT_DAYS = 30
FEED_DAYS = 366


@celery.task(name="show_life")
def show_life() -> None:
    """Say that a worker works."""
    beat("worker")


@celery.task(name="tidy_up")
def tidy_up() -> None:
    """Drop what has expired, piece by piece, each piece in a transaction of its own."""
    old = now() - timedelta(days=KEPT_DAYS)
    is_over = or_(Mail.sent_at.is_not(None), Mail.failed_at.is_not(None))
    # An occurrence of a series stays: it remembers that its day was laid out.
    is_single = TimeBlock.series_id.is_(None)
    work: tuple[Callable[[], int], ...] = (
        forget_old_answers,
        forget_old_guesses,
        forget_old_addresses,
        forget_old_pushes,
        forget_old_events,
        partial(forget_old_reminders, old),
        partial(forget_old_summaries, old),
        partial(drop, OAuthState, OAuthState.expires_at < now()),
        partial(drop, MailedToken, MailedToken.expires_at < old),
        partial(drop, Login, Login.expires_at < old),
        partial(drop, Mail, Mail.created_at < old, is_over),
        partial(drop, StripeEvent, StripeEvent.created_at < old),
        partial(drop, TimeBlock, TimeBlock.deleted_at < old, is_single),
        partial(drop, Delivery, Delivery.created_at < old),
        partial(drop, Invite, Invite.expires_at < old),
        partial(drop, Activity, Activity.at < now() - timedelta(days=FEED_DAYS)),
    )
    for each in work:
        while _apart(each):
            pass


def _apart(work: Callable[[], int]) -> int:
    with db.transaction():
        return work()


@celery.task(name="erase_accounts")
def erase_accounts() -> None:
    """Erase the accounts whose 30 days are over, each in a transaction of its own."""
    erase_due()


def erase_due() -> int:
    """Erase the accounts whose time to come back is over; returns how many."""
    with db.transaction(reading=True):
        due = accounts_to_erase()
    erased = 0
    for user_id in due:
        with db.transaction():
            erased += erase_account(user_id)
    return erased
