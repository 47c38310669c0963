"""OAuth as Notion has it: no scopes, the app's password in the Authorization header, tokens that do not expire."""

from __future__ import annotations

from typing import Any

from flask import Response

from sandbox.consent import Consent
from sandbox.exchange import Refused
from sandbox.notion.pages import WORKSPACE_ID, WORKSPACE_NAME, bot_id, uuid_of
from sandbox.notion.shapes import user
from sandbox.tokens import Grant


class NotionConsent(Consent):
    title = "Notion"
    prefixes = {"access": "ntn_"}
    authorize_paths = ("/oauth/authorize", "/v1/oauth/authorize")
    token_paths = ("/oauth/token", "/v1/oauth/token")
    revoke_paths = ("/oauth/revoke", "/v1/oauth/revoke")
    client_authentication = ("basic",)
    capabilities = ("Read the pages and databases of Harborline", "See the people of the workspace and their addresses")

    def shape(self, grant: Grant, access: str, refresh: str | None) -> dict[str, Any]:
        person = self.stand.accounts.people[grant.account]
        owner = {"type": "user", "user": user(person, self.stand.origin)}
        return {
            "access_token": access, "token_type": "bearer", "refresh_token": None, "bot_id": bot_id(person),
            "workspace_name": WORKSPACE_NAME, "workspace_icon": None, "workspace_id": WORKSPACE_ID, "owner": owner,
            "duplicated_template_id": None, "request_id": uuid_of("request", access),
        }  # fmt: skip

    def refused(self, refusal: Refused) -> Response:
        error = "invalid_grant" if refusal.error == "redirect_uri_mismatch" else refusal.error
        request_id = uuid_of("request", error)
        return self.answer(
            {"error": error, "error_description": refusal.description, "request_id": request_id}, refusal.status
        )
