"""OAuth as GitHub's OAuth Apps have it: tokens that do not expire, and errors that come with status 200."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from sandbox.consent import Consent
from sandbox.exchange import Refused
from sandbox.tokens import Grant

ERRORS = {
    "invalid_client": ("incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect."),
    "invalid_grant": ("bad_verification_code", "The code passed is incorrect or expired."),
    "redirect_uri_mismatch": (
        "redirect_uri_mismatch", "The redirect_uri MUST match the registered callback URL for this application.",
    ),
    "unsupported_grant_type": ("unsupported_grant_type", "The grant_type is not supported."),
}  # fmt: skip


class GitHubConsent(Consent):
    title = "GitHub"
    prefixes = {"access": "gho_"}
    authorize_paths = ("/login/oauth/authorize",)
    token_paths = ("/login/oauth/access_token",)
    required = ()
    scope_separators = " ,"
    scopes = {
        "repo": "See and change your repositories, the private ones too",
        "public_repo": "See and change your public repositories",
        "notifications": "See your notifications and mark them as read",
        "read:user": "Read your profile",
        "user:email": "Read your e-mail addresses",
        "user": "Change your profile",
        "read:org": "See your organizations and teams",
    }

    def grant_type_unsaid(self) -> str | None:
        return "authorization_code"

    def denial(self) -> dict[str, str]:
        return {
            "error": "access_denied",
            "error_description": "The user has denied your application access.",
            "error_uri": "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-authorization-request-errors",
        }

    def shape(self, grant: Grant, access: str, refresh: str | None) -> dict[str, Any]:
        return {"access_token": access, "token_type": "bearer", "scope": ",".join(grant.scopes)}

    def answer(self, body: dict[str, Any], status: int = 200) -> Response:
        if "json" in request.headers.get("Accept", ""):
            return super().answer(body, status)
        form = Response(urlencode(body), status, mimetype="application/x-www-form-urlencoded")
        form.headers["Cache-Control"] = "no-store"
        return form

    def refused(self, refusal: Refused) -> Response:
        error, description = ERRORS.get(refusal.error, (refusal.error, refusal.description))
        page = "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors"
        return self.answer({"error": error, "error_description": description, "error_uri": page}, 200)

    def authenticated(self) -> str:
        """The app that calls with Basic authentication. Errors: Refused."""
        return self._client({})
