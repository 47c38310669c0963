"""OAuth as Linear has it: access for a day, refresh tokens that are good once, forms only."""

from __future__ import annotations

from flask import Response, request

from sandbox.consent import Consent
from sandbox.exchange import Refused


class LinearConsent(Consent):
    title = "Linear"
    prefixes = {"access": "lin_oauth_", "refresh": "lin_refresh_"}
    revoke_paths = ("/oauth/revoke",)
    scope_separators = " ,"
    body_types = ("form",)
    refresh = "rotate"
    access_seconds = 86_399
    scopes = {
        "read": "Read your issues, teams and projects",
        "write": "Change your issues",
        "issues:create": "Create issues",
        "comments:create": "Create comments",
    }

    def revoke(self) -> Response:
        """Whoever holds a token may give it back, in the body or in the header."""
        token = request.form.get("token") or self.stand.bearer()
        found = self.tokens.read(token)
        if found is None or found.grant.is_revoked:
            return self.refused(Refused("invalid_request", "The token is unknown or was revoked before"))
        found.grant.is_revoked = True
        return self.answer({})
