"""Mail as it really goes out: the worker's own sending over SMTP, and the mailbox at the other end."""

from __future__ import annotations

import re
from typing import Any

import httpx2
from sqlalchemy import func, select

from tests.cast import transaction
from tests.connect import PLAIN_HTTP


class Post:
    """`post.deliver(person.email)`, then `post.to(person.email)`."""

    def __init__(self, sandbox: str) -> None:
        self.sandbox = sandbox

    def deliver(self, email: str | None = None) -> int:
        """Have the worker send what waits, for one address or for all; how many went out."""
        from models import db
        from models.mail import Mail
        from workers.mail import send

        with transaction(reading=True):
            waiting = select(Mail.id).where(Mail.sent_at.is_(None), Mail.failed_at.is_(None)).order_by(Mail.id)
            waiting = waiting if email is None else waiting.where(func.lower(Mail.recipient) == email.lower())
            due = list(db.session.scalars(waiting))
        return sum(send(mail_id) for mail_id in due)

    def to(self, email: str, subject: str = "") -> list[dict[str, Any]]:
        """What arrived for one address, the newest first."""
        mails = httpx2.get(f"{self.sandbox}/outbox.json", timeout=10, **PLAIN_HTTP).json()
        return [mail for mail in mails if email in mail["envelope"]["to"] and subject in mail["subject"]]

    def token(self, email: str, subject: str = "") -> str:
        """The one-time token in the newest mail."""
        mail = self.to(email, subject)[0]
        found = re.search(r"token=([\w-]{40,})", mail["text"])
        assert found, mail["text"]
        return found[1]
