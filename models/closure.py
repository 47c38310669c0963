"""The end of an account: closed at once, had back by a mailed link for 30 days, then erased without a trace."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update

from models.blocks import TimeBlock
from models.clock import now
from models.db import session
from models.deliveries import Delivery
from models.errors import ResetTokenInvalid
from models.guesses import forget_guesses
from models.integrations import list_integrations
from models.invites import Invite
from models.letters import send_restore_link
from models.logins import end_logins
from models.mail import Mail
from models.organizations import Membership, Organization
from models.projects import Project
from models.rollups import forget
from models.subscriptions import Subscription, end_subscription
from models.tasks import Task
from models.users import RESTORE_DAYS, User
from models.webhooks import Webhook


def close_account(user: User) -> datetime:
    """Close every door, stop syncs and mails, cancel what is paid for; returns when all is erased.

    Errors: Conflict, when it is closed already.
    """
    erased_at = user.delete()
    end_logins(user)
    session.execute(delete(Mail).where(Mail.user_id == user.id, Mail.sent_at.is_(None)))
    end_subscription(user)
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


def accounts_to_erase(limit: int = 100) -> list[int]:
    """Ids of accounts whose time to come back is over, the longest closed first."""
    over = select(User.id).where(User.deleted_at <= now() - timedelta(days=RESTORE_DAYS))
    return list(session.scalars(over.order_by(User.deleted_at).limit(limit)))


def erase_account(user_id: int) -> bool:
    """Remove a closed account and all that is its owner's; False where it was restored or erased meanwhile."""
    user = session.scalar(
        select(User)
        .where(User.id == user_id, User.deleted_at <= now() - timedelta(days=RESTORE_DAYS))
        .with_for_update()
    )
    if user is None:
        return False
    for integration in list_integrations(user_id):
        integration.disconnect()
    for organization in list(session.scalars(select(Organization).where(_has_a_part(user_id)))):
        _leave_behind(organization, user)
    forget(user_id)
    forget_guesses(user.email)
    session.execute(delete(Invite).where(Invite.email_key == user.email_key))
    session.execute(delete(Mail).where(func.lower(Mail.recipient) == user.email.lower()))
    session.execute(delete(TimeBlock).where(TimeBlock.owner_id == user_id))  # they hold the categories
    session.execute(delete(User).where(User.id == user_id))
    session.expunge_all()
    return True


def _has_a_part(user_id: int) -> ColumnElement[bool]:
    member = exists().where(Membership.organization_id == Organization.id, Membership.user_id == user_id)
    return or_(Organization.owner_id == user_id, member)


def _leave_behind(organization: Organization, user: User) -> None:
    """What is the organisation's passes to another member, an admin first; an organisation of nobody is erased."""
    organization.lock()
    heir = session.scalar(
        select(Membership)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.organization_id == organization.id,
            Membership.user_id != user.id,
            Membership.left_at.is_(None),
            User.deleted_at.is_(None),
        )
        .order_by(Membership.role != "admin", Membership.role != "manager", Membership.joined_at)
    )
    webhooks = select(Webhook.id).where(Webhook.organization_id == organization.id)
    named = Delivery.payload.contains(json.dumps(user.username), autoescape=True)
    session.execute(delete(Delivery).where(Delivery.webhook_id.in_(webhooks), named))
    if heir is None:
        session.delete(organization)
        session.flush()
        return
    if organization.owner_id == user.id:
        organization.owner_id = heir.user_id
        heir.role = "admin"
    for kind in (Project, Task):
        session.execute(
            update(kind)
            .where(kind.organization_id == organization.id, kind.owner_id == user.id)
            .values(owner_id=heir.user_id)
        )
    session.flush()
