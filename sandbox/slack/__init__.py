"""The sandbox's Slack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from flask import Blueprint, Response, request

from sandbox.faults import Fault
from sandbox.reply import reply
from sandbox.sender import Delivery
from sandbox.slack import events, methods, search
from sandbox.slack.consent import SlackConsent
from sandbox.slack.control import Control
from sandbox.slack.workspace import Workspace
from sandbox.stand import Stand
from sandbox.tokens import Token

NAMES = {500: "internal_error", 502: "internal_error", 503: "service_unavailable"}


class Slack(Control, Stand):
    """Slack's Web API, OAuth v2 and Events API: one workspace."""

    name = "slack"
    title = "Slack"
    consent_type = SlackConsent
    routes: ClassVar[Blueprint] = Blueprint("slack", __name__, url_prefix="/slack")

    def reset(self) -> None:
        self.workspace = Workspace(self.accounts, self.base)
        self.workspace.fill()

    def bearer(self) -> str | None:
        return super().bearer() or request.values.get("token")

    def token(self) -> Token | None:
        tokens = self.consent.tokens
        return tokens.living(self.bearer()) or tokens.living(self.bearer(), "bot")

    def failed(self, status: int) -> Response:
        return reply({"ok": False, "error": NAMES.get(status, "fatal_error")}, status)

    def unauthorized(self) -> Response:
        """An error in a 200, which says what became of the token."""
        text = self.bearer()
        token = self.consent.tokens.read(text)
        error = "invalid_auth" if text else "not_authed"
        if token is not None and token.grant.is_revoked:
            error = "token_revoked"
        elif token is not None and token.is_expired:
            error = "token_expired"
        return reply({"ok": False, "error": error})

    def limited(self, fault: Fault) -> Response:
        wait = 30 if fault.retry_after is None else fault.retry_after
        return reply({"ok": False, "error": "ratelimited"}, fault.status or 429, {"Retry-After": str(wait)})

    def deliveries(self, spec: dict[str, Any]) -> Iterator[Delivery]:
        yield events.delivery(self, spec)


Slack.routes.register_blueprint(methods.routes)
Slack.routes.register_blueprint(search.routes)
