"""The end of an account: closed at once, had back by a mailed link for 30 days, then erased without a trace."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, text, update

from models.blocks import TimeBlock
from models.clock import now
from models.db import session
from models.errors import ResetTokenInvalid
from models.guesses import forget_guesses
from models.heirs import keep_governed, leave_to_teams, take_up
from models.integrations import list_integrations
from models.invites import Invite
from models.letters import send_restore_link
from models.logins import end_logins
from models.mail import Mail
from models.rollups import forget
from models.subscriptions import Subscription, end_subscription
from models.users import RESTORE_DAYS, User
from settings import settings


def close_account(user: User) -> datetime:
    """Close every door, stop syncs and mails, cancel what is paid for; returns when all is erased.

    Errors: Conflict, when it is closed already.
    """
    erased_at = user.delete()
    end_logins(user)
    session.execute(delete(Mail).where(Mail.user_id == user.id, Mail.sent_at.is_(None)))
    end_subscription(user)
    keep_governed(user)
    send_restore_link(user)
    return erased_at


def restore_account(user: User) -> None:
    """Have a closed account back as it was; its owner logs in anew. Errors: ResetTokenInvalid, when it is too late."""
    opened = session.execute(
        update(User)
        .where(User.id == user.id, User.deleted_at > now() - timedelta(days=RESTORE_DAYS))
        .values(deleted_at=None)
    )
    if opened.rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
        raise ResetTokenInvalid
    session.refresh(user)
    for integration in list_integrations(user.id):
        integration.wake()
    subscription = Subscription.of_user(user.id)
    if subscription is not None:
        subscription.ends_with_account = False
    take_up(user)


def accounts_to_erase(limit: int = 100) -> list[int]:
    """Ids of accounts whose time to come back is over, the longest closed first."""
    over = select(User.id).where(User.deleted_at <= now() - timedelta(days=RESTORE_DAYS))
    return list(session.scalars(over.order_by(User.deleted_at).limit(limit)))


def erase_account(user_id: int) -> bool:
    """Remove a closed account and all that is its owner's; False where it was restored or erased meanwhile."""
    if not settings.on_sqlite:
        session.execute(text("SET LOCAL statement_timeout = '60s'"))  # years of work go in few statements
    user = session.scalar(
        select(User)
        .where(User.id == user_id, User.deleted_at <= now() - timedelta(days=RESTORE_DAYS))
        .with_for_update()
    )
    if user is None:
        return False
    for integration in list_integrations(user_id):
        integration.disconnect()
    leave_to_teams(user)
    forget(user_id)
    forget_guesses(user.email)
    session.execute(delete(Invite).where(Invite.email_key == user.email_key))
    session.execute(delete(Mail).where(func.lower(Mail.recipient) == user.email.lower()))
    session.execute(delete(TimeBlock).where(TimeBlock.owner_id == user_id))  # they hold the categories
    session.execute(delete(User).where(User.id == user_id))
    session.expunge_all()
    return True
