"""The texts that Daybook writes to people. Links are built from `PUBLIC_URL`, never from a request's Host."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from models.mail import Mail
from models.mailed_tokens import MailedToken
from models.users import RESTORE_DAYS, User
from settings import settings

FAREWELL = "\n\nDaybook\n"


def ask_reset_link(email: str) -> None:
    """The way back in for somebody who forgot the password.

    The worker finds out whether there is such an account, so that an answer takes as long where there is none.
    """
    Mail.queue_letter(email, "reset")


def write_letter(mail: Mail) -> bool:
    """Write what was only asked for so far; whether there is anybody to get it. Errors: Unreadable."""
    if mail.letter is None:
        return True
    user = User.by_email(mail.recipient)
    if user is None:
        return False
    token = MailedToken.issue(user, "reset")
    mail.write(
        user,
        "Reset your Daybook password",
        _greeting(user)
        + f"Somebody asked to reset the password of your account. If it was you, open this link within 60 minutes:\n\n"
        f"{settings.public_url}/account/reset?token={token}\n\n"
        f"Or give your app this token:\n\n{token}\n\n"
        "If it was not you, nothing has changed and nothing needs to be done." + FAREWELL,
    )
    return True


def send_verification_link(user: User) -> None:
    """Proof that the e-mail address is read by the one who registered it."""
    token = MailedToken.issue(user, "verify")
    _send(
        user,
        "Confirm your e-mail address",
        f"Welcome to Daybook. Please confirm that this address is yours:\n\n"
        f"{settings.public_url}/account/verify?token={token}\n\n"
        "Until then we send you no reminders.",
    )


def send_restore_link(user: User) -> None:
    """The way back for an account that was just deleted."""
    token = MailedToken.issue(user, "restore")
    _send(
        user,
        "Your Daybook account is closed",
        f"Your account is closed and will be erased in {RESTORE_DAYS} days. Until then you can have it back:\n\n"
        f"{settings.public_url}/account/restore?token={token}\n\n"
        "If you meant it, nothing needs to be done.",
    )


def send_password_changed(user: User) -> None:
    """Word to the owner that the password is another one now."""
    _send(
        user,
        "Your Daybook password was changed",
        "The password of your account was just changed. If it was not you, ask for a new one at once:\n\n"
        f"{settings.public_url}/account/forgot",
    )


def send_reconnect(user: User, provider: str) -> None:
    """Word that a connected account needs its owner's consent again."""
    _send(
        user,
        f"Daybook lost its access to {provider}",
        f"{provider} no longer accepts our access to your account, so nothing new arrives from there.\n"
        "Connect it again in the settings of your app whenever you like; what is in your inbox stays.",
    )


def send_payment_failed(user: User) -> None:
    """Word that a renewal was not paid."""
    _send(
        user,
        "Your payment for Daybook did not go through",
        "The payment for your Daybook subscription was declined. It will be tried again in the next days; until then\n"
        "nothing changes for you. To use another card, open the billing page in the settings of your app.",
    )


def send_paid_twice(user: User) -> None:
    """Word that a second subscription was bought, and undone."""
    _send(
        user,
        "You subscribed to Daybook twice; we undid the second",
        "Your account had a Daybook subscription already when another one was paid for. The first one goes on; the\n"
        "second one was cancelled and all that was paid for it goes back to your card, usually within ten days.\n\n"
        "To change to another plan, open the billing page in the settings of your app.",
    )


def send_webhook_off(user: User, url: str, reason: str) -> None:
    """Word to an admin that events no longer go out to an address."""
    _send(
        user,
        "A FocusFlow webhook was switched off",
        f"No more events are posted to\n\n{url}\n\n{reason}.\n\n"
        "Events that could not be delivered are kept for 30 days. Once the receiver works again, switch the webhook "
        "on in FocusFlow and they go out.",
    )


def send_made_admin(user: User, team: str) -> None:
    """Word to somebody who has to run an organisation now."""
    _send(
        user,
        f"You are now an admin of {_one_line(team)}",
        f"The last admin of {_one_line(team)} has closed their account. So that the team stays in good hands, you are\n"
        "its admin now: you can change its settings, invite people and give them roles. To hand it on, make somebody\n"
        "else an admin in FocusFlow.",
    )


def send_block_reminder(user: User, title: str, starts_at: datetime, minutes: int) -> None:
    """A word before a planned block; `starts_at` as the user's wall clock shows it."""
    _send(
        user,
        f"At {starts_at:%H:%M}: {_one_line(title)}",
        f"{title}\n\nstarts at {starts_at:%H:%M} and is planned for {minutes} minutes.\n\n"
        "You can switch these reminders off in the settings of your app.",
    )


def send_daily_summary(
    user: User, day: date, done: int, planned: int, minutes: int, tomorrow: Sequence[tuple[str, str]]
) -> None:
    """What became of the day, and what the next one holds as (time, title)."""
    text = f"Done today: {done} of {planned} blocks, {minutes} minutes.\n\n"
    if tomorrow:
        text += "Planned for tomorrow:\n" + "".join(f"  {time}  {title}\n" for time, title in tomorrow)
    else:
        text += "Nothing is planned for tomorrow yet.\n"
    _send(
        user, f"Your day, {day.isoformat()}", text + "\nYou can switch this summary off in the settings of your app."
    )


def _one_line(text: str) -> str:
    """A title as a subject may hold it: without line breaks, and not too long."""
    return " ".join(text.split())[:120]


def _send(user: User, subject: str, text: str) -> None:
    Mail.queue(user.email, subject, _greeting(user) + text + FAREWELL, user=user)


def _greeting(user: User) -> str:
    return f"Hello {user.first_name or user.username},\n\n"
