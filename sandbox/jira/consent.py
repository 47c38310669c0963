"""OAuth 2.0 (3LO) as Atlassian has it: refresh tokens only for who asks, each good for one refresh."""

from __future__ import annotations

from typing import Any

from flask import Response

from sandbox.consent import Consent
from sandbox.exchange import Code, Refused
from sandbox.tokens import Grant


class JiraConsent(Consent):
    title = "Jira"
    prefixes = {"access": "eyJraWQiOi", "refresh": "eyJhbGciOi"}
    padding = 1100  # real ones are long, too long for many a column
    revoke_paths = ("/oauth/revoke",)
    refresh = "rotate"
    client_authentication = ("post",)
    access_seconds = 3600
    scopes = {
        "read:jira-work": "Read projects, issues and comments",
        "read:jira-user": "Read the users of the site",
        "write:jira-work": "Create and change issues",
        "manage:jira-webhook": "Register webhooks",
        "read:me": "Read your Atlassian profile",
        "offline_access": "Go on reading while you are away",
    }

    def gives_refresh(self, code: Code) -> bool:
        return "offline_access" in code.scopes

    def shape(self, grant: Grant, access: str, refresh: str | None) -> dict[str, Any]:
        body = super().shape(grant, access, refresh)
        if "offline_access" not in grant.scopes:
            body.pop("refresh_token", None)
        return body

    def refused(self, refusal: Refused) -> Response:
        error, status = refusal.error, refusal.status
        if error == "invalid_grant" and "refresh" in refusal.description:
            return self.answer({"error": error, "error_description": "Unknown or invalid refresh token."}, 403)
        if error == "invalid_client":
            return self.answer({"error": "access_denied", "error_description": "Unauthorized"}, 401)
        if error == "redirect_uri_mismatch":
            error = "invalid_grant"
        return self.answer({"error": error, "error_description": refusal.description}, status)
