"""An SMTP server that keeps every mail, and the pages on which they can be read."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from flask import Blueprint, Response, abort, current_app, render_template

from sandbox.reply import reply

KEPT = 500
LINK = re.compile(r"https?://[^\s<>\"')\]]+|tymblok://[^\s<>\"')\]]+")

routes = Blueprint("outbox", __name__)


class Door(Controller):
    """aiosmtpd's controller, which would knock at port 0 where it was asked for any free port."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]  # it listens by now
        super()._trigger_server()


class Outbox:
    """The mails that were sent, the newest last."""

    def __init__(self) -> None:
        self.mails: list[dict[str, Any]] = []
        self.lock = threading.Lock()
        self.controller: Door | None = None
        self._count = 0

    def listen(self, host: str, port: int) -> int:
        """Take mail in from now on; the port."""
        self.controller = Door(self, hostname=host, port=port, enable_SMTPUTF8=True, ident="Daybook sandbox")
        self.controller.start()
        return self.controller.port

    def stop(self) -> None:
        if self.controller:
            self.controller.stop(no_assert=True)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.keep(message, envelope.mail_from, envelope.rcpt_tos)
        return "250 Kept"

    def keep(self, message: EmailMessage, sender: str, recipients: list[str]) -> None:
        text, html = _text(message, "plain"), _text(message, "html")
        with self.lock:
            self._count += 1
            self.mails.append(
                {
                    "id": self._count,
                    "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "envelope": {"from": sender, "to": list(recipients)},
                    "from": str(message.get("From", "")),
                    "to": str(message.get("To", "")),
                    "subject": str(message.get("Subject", "")),
                    "headers": [[name, str(value)] for name, value in message.items()],
                    "text": text,
                    "html": html,
                    "links": list(dict.fromkeys(link.rstrip(".,;") for link in LINK.findall(text or html or ""))),
                }
            )
            del self.mails[:-KEPT]


def _text(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return None
    try:
        return part.get_content()
    except (LookupError, UnicodeError):  # a charset that nobody knows
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def outbox() -> Outbox:
    return current_app.extensions["sandbox"].outbox


@routes.get("/outbox")
def index() -> str:
    """Every mail, the newest first."""
    return render_template("outbox.html", mails=outbox().mails[::-1])


@routes.get("/outbox/<int:id>.html")
def show(id: int) -> Response:
    """A mail's HTML part, as a mail program would show it: without scripts."""
    mail = next((mail for mail in outbox().mails if mail["id"] == id and mail["html"]), None)
    if mail is None:
        abort(404)
    response = Response(mail["html"], mimetype="text/html")
    response.headers["Content-Security-Policy"] = "sandbox allow-popups allow-top-navigation-by-user-activation"
    return response


@routes.get("/outbox.json")
def listing() -> Response:
    return reply(outbox().mails[::-1])


@routes.delete("/outbox.json")
def empty() -> Response:
    with outbox().lock:
        outbox().mails.clear()
    return reply([])
