"""The ways into an account: a new one, and a new password for somebody who forgot the old."""

from __future__ import annotations

from typing import Any

from models.clock import now
from models.letters import ask_reset_link, send_password_changed, send_verification_link
from models.logins import end_logins
from models.mailed_tokens import MailedToken
from models.passwords import check_rules
from models.users import User


def open_account(email: str, password: str, **more: Any) -> User:
    """Make an account and ask its owner to confirm the address. Errors: EmailTaken, Conflict, Invalid."""
    user = User.register(email, password, **more)
    send_verification_link(user)
    return user


def forgot_password(email: str) -> None:
    """Send a link for a new password, if there is such an account: the worker finds out, and no answer tells."""
    ask_reset_link(email)


def reset_password(token: str, password: str, field: str = "password") -> None:
    """Give the owner of a mailed token a new password and end every login. Errors: Invalid, ResetTokenInvalid.

    A password that is refused leaves the token good.
    """
    check_rules(password, field)
    user = MailedToken.spend(token, "reset")
    user.set_password(password, field)
    user.email_verified_at = user.email_verified_at or now()  # whoever reads its mail has the address
    end_logins(user)
    send_password_changed(user)
