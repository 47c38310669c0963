"""Outgoing mail: a row in the same transaction as its cause, sent by the worker, blanked once it is out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now
from models.db import Base, session
from models.events import record
from models.seal import seal, unseal
from models.users import User


@dataclass(frozen=True, slots=True)
class MailQueued:
    """A mail is ready to go."""

    mail_id: int


class Mail(Base):
    """A mail to one person. Subject and text are sealed: they may hold one-time links."""

    __tablename__ = "mails"
    __table_args__ = (Index("ix_mails_due", "sent_at", "run_at"), Index("ix_mails_created_at", "created_at"))

    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    recipient: Mapped[str] = mapped_column(String(254))
    sealed: Mapped[str | None] = mapped_column(Text)
    unique_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    attempts: Mapped[int] = mapped_column(default=0)
    run_at: Mapped[datetime] = mapped_column(default=now)
    sent_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)

    @classmethod
    def queue(
        cls, recipient: str, subject: str, text: str, *, user: User | None = None, unique_key: str | None = None
    ) -> Self:
        """Write a mail that will go out once this transaction is committed."""
        mail = cls(
            user_id=user.id if user else None,
            recipient=recipient,
            sealed=seal({"subject": subject, "text": text}, "mail"),
            unique_key=unique_key,
        )
        return mail._add()

    @classmethod
    def queue_letter(cls, recipient: str, letter: str) -> Self:
        """Ask for a letter that is written when it goes out, should there be anybody to get it."""
        return cls(recipient=recipient, sealed=seal({"letter": letter}, "mail"))._add()

    def _add(self) -> Self:
        session.add(self)
        session.flush()
        record(MailQueued(self.id))
        return self

    @property
    def letter(self) -> str | None:
        """The letter that is still to be written. Errors: Unreadable."""
        wanted: str | None = unseal(self.sealed or "", "mail").get("letter")
        return wanted

    def write(self, user: User, subject: str, text: str) -> None:
        """Put words in the place of the letter that was asked for; tried again, the same words go out."""
        self.user_id, self.recipient = user.id, user.email
        self.sealed = seal({"subject": subject, "text": text}, "mail")

    @property
    def content(self) -> tuple[str, str]:
        """Subject and text. Errors: Unreadable."""
        value = unseal(self.sealed or "", "mail")
        return value["subject"], value["text"]

