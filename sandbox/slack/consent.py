"""OAuth v2 as Slack has it: a user token beside (or instead of) the bot's, and errors that say `ok: false`."""

from __future__ import annotations

from typing import Any

from flask import Response, g

from sandbox.consent import Consent
from sandbox.exchange import Refused
from sandbox.tokens import Grant

ERRORS = {
    "invalid_client": "bad_client_secret",
    "invalid_grant": "invalid_code",
    "redirect_uri_mismatch": "bad_redirect_uri",
    "unsupported_grant_type": "invalid_grant_type",
}
BOT_SCOPES = {"commands": "Add commands", "chat:write": "Write messages as the app"}


class SlackConsent(Consent):
    title = "Slack"
    prefixes = {"access": "xoxp-", "bot": "xoxb-"}
    authorize_paths = ("/oauth/authorize", "/oauth/v2/authorize")
    token_paths = ("/oauth/token", "/api/oauth.v2.access")
    required = ("redirect_uri",)
    scope_parameters = ("scope", "user_scope")
    scope_separators = " ,"
    scopes = {
        "search:read": "Search your messages",
        "reminders:read": "See your reminders",
        "stars:read": "See what you saved",
        "channels:read": "See public channels",
        "channels:history": "Read public channels that you are in",
        "groups:read": "See your private channels",
        "groups:history": "Read your private channels",
        "im:read": "See your direct messages",
        "im:history": "Read your direct messages",
        "mpim:read": "See your group conversations",
        "mpim:history": "Read your group conversations",
        "users:read": "See the people of the workspace",
        "users:read.email": "See their e-mail addresses",
        "team:read": "See the name of the workspace",
        "identify": "Know who you are",
        **BOT_SCOPES,
    }

    def grant_type_unsaid(self) -> str | None:
        return "authorization_code"

    def denial(self) -> dict[str, str]:
        return {"error": "access_denied"}

    def shape(self, grant: Grant, access: str, refresh: str | None) -> dict[str, Any]:
        """Who asked with `user_scope` alone gets no token on the top level."""
        workspace = self.stand.workspace
        person = self.stand.accounts.people[grant.account]
        asked = next((code.parameters for code in self.codes.values() if code.grant is grant), {"user_scope": "x"})
        user = [scope for scope in grant.scopes if scope not in BOT_SCOPES]
        body: dict[str, Any] = {
            "ok": True,
            "app_id": workspace.app_id,
            "authed_user": {"id": workspace.user_id(person)},
        }
        if asked.get("user_scope"):
            body["authed_user"] |= {"scope": ",".join(user), "access_token": access, "token_type": "user"}
        if asked.get("scope"):
            bot = self.tokens.mint("bot", grant, self.access_seconds)
            body |= {"access_token": bot, "token_type": "bot", "scope": asked["scope"], "bot_user_id": workspace.bot_id}
        team = {"id": workspace.team_id, "name": workspace.name}
        return body | {"team": team, "enterprise": None, "is_enterprise_install": False}

    def refused(self, refusal: Refused) -> Response:
        error = ERRORS.get(refusal.error, refusal.error)
        if "used before" in refusal.description:
            error = "code_already_used"
        g.note = error
        return self.answer({"ok": False, "error": error}, 200)
