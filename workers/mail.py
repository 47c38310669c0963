"""Mail that goes out over SMTP. Sent at least once; the Message-ID stays the same, so a repeat can be told."""

from __future__ import annotations

import logging
import smtplib
import ssl
from datetime import timedelta
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from sqlalchemy import update

from celery_app import celery
from models import db
from models.clock import now
from models.letters import write_letter
from models.mail import Mail
from models.queues import claim
from models.seal import Unreadable
from settings import settings
from workers.announce import announce

log = logging.getLogger(__name__)
TIMEOUT = 15
MOST_ATTEMPTS = 10


@celery.task(name="send_mail")
def send_mail(mail_id: int) -> None:
    """Send one mail, if nobody has."""
    send(mail_id)


def send(mail_id: int) -> bool:
    """Send one mail; whether it went out. No transaction is open while the SMTP server is spoken to."""
    with db.transaction():
        mail = db.session.get(Mail, mail_id)
        if mail is None or mail.sent_at is not None or mail.failed_at is not None:
            return False
        mail.attempts += 1
        mail.run_at = now() + timedelta(minutes=2 ** min(mail.attempts, 8))
        if mail.attempts > MOST_ATTEMPTS:
            mail.failed_at = now()
            return False
        try:
            if not write_letter(mail):
                db.session.delete(mail)
                return False
            message = _compose(mail)
        except Unreadable:
            mail.failed_at = now()
            log.error("mail cannot be unsealed", extra={"mail": mail_id})
            return False
    try:
        _deliver(message)
    except (OSError, smtplib.SMTPException) as error:
        log.warning("mail not sent", extra={"mail": mail_id, "reason": type(error).__name__})
        return False
    with db.transaction():
        db.session.execute(update(Mail).where(Mail.id == mail_id).values(sent_at=now(), sealed=None))
    return True


@celery.task(name="wake_mails")
def wake_mails() -> None:
    """Announce mails that are due and were not announced, or not sent."""
    for mail_id in claim(Mail, Mail.run_at, Mail.sent_at.is_(None), Mail.failed_at.is_(None)):
        announce("send_mail", mail_id, queue_name="mail")


def _compose(mail: Mail) -> EmailMessage:
    subject, text = mail.content
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = settings.mail_from
    message["To"] = mail.recipient
    message["Message-ID"] = f"<{mail.uid}@{urlsplit(settings.public_url).hostname}>"
    message.set_content(text)
    return message


def _deliver(message: EmailMessage) -> None:
    """`smtp://`, `smtp+starttls://` or `smtps://user:password@host:port`."""
    server = urlsplit(settings.smtp_url)
    host = server.hostname or "127.0.0.1"
    context = ssl.create_default_context()
    connection: smtplib.SMTP
    if server.scheme == "smtps":
        connection = smtplib.SMTP_SSL(host, server.port or 465, timeout=TIMEOUT, context=context)
    else:
        connection = smtplib.SMTP(host, server.port or 25, timeout=TIMEOUT)
    with connection:
        if server.scheme == "smtp+starttls":
            connection.starttls(context=context)
        if server.username:
            connection.login(unquote(server.username), unquote(server.password or ""))
        connection.send_message(message)
