"""Signs of life, and what nobody needs any more."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, or_

from celery_app import celery
from models import db
from models.activity import Activity
from models.blocks import TimeBlock
from models.clock import now
from models.closure import accounts_to_erase, erase_account
from models.db import session
from models.deliveries import Delivery
from models.guesses import forget_old_guesses
from models.heartbeats import beat
from models.idempotency import forget_old_answers
from models.invites import Invite
from models.live import forget_old_events
from models.logins import Login
from models.mail import Mail
from models.mailed_tokens import MailedToken
from models.oauth_states import OAuthState
from models.pushes import forget_old_pushes
from models.reminders import forget_old_reminders
from models.subscriptions import StripeEvent

KEPT_DAYS = 30
FEED_DAYS = 366


@celery.task(name="show_life")
def show_life() -> None:
    """Say that a worker works."""
    beat("worker")


@celery.task(name="tidy_up")
def tidy_up() -> None:
    """Drop what has expired."""
    old = now() - timedelta(days=KEPT_DAYS)
    forget_old_answers()
    forget_old_guesses()
    forget_old_pushes()
    forget_old_events()
    session.execute(delete(OAuthState).where(OAuthState.expires_at < now()))
    session.execute(delete(MailedToken).where(MailedToken.expires_at < old))
    session.execute(delete(Login).where(Login.expires_at < old))
    is_over = or_(Mail.sent_at.is_not(None), Mail.failed_at.is_not(None))
    session.execute(delete(Mail).where(Mail.created_at < old, is_over))
    session.execute(delete(StripeEvent).where(StripeEvent.created_at < old))
    forget_old_reminders(old)
    # An occurrence of a series stays: it remembers that its day was laid out.
    session.execute(delete(TimeBlock).where(TimeBlock.deleted_at < old, TimeBlock.series_id.is_(None)))
    session.execute(delete(Delivery).where(Delivery.created_at < old))
    session.execute(delete(Invite).where(Invite.expires_at < old))
    session.execute(delete(Activity).where(Activity.at < now() - timedelta(days=FEED_DAYS)))


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
