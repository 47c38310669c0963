"""The sandbox's Notion."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar

from flask import Blueprint, Response

from sandbox.faults import Fault
from sandbox.notion import api, webhooks
from sandbox.notion.consent import NotionConsent
from sandbox.notion.control import Control
from sandbox.notion.pages import Page, fill
from sandbox.sender import Delivery
from sandbox.stand import Stand

CODES = {500: "internal_server_error", 502: "bad_gateway", 503: "service_unavailable", 504: "gateway_timeout"}


class Notion(Control, Stand):
    """Notion's API and OAuth: one workspace."""

    name = "notion"
    title = "Notion"
    consent_type = NotionConsent
    routes: ClassVar[Blueprint] = Blueprint("notion", __name__, url_prefix="/notion")

    def reset(self) -> None:
        self.pages: dict[str, Page] = fill(self.accounts)

    def touch(self, page: Page) -> None:
        page.edited = datetime.now(UTC)

    def failed(self, status: int) -> Response:
        return api.error(status, CODES.get(status, "internal_server_error"), "Unexpected error occurred.")

    def unauthorized(self) -> Response:
        return api.error(401, "unauthorized", "API token is invalid.")

    def limited(self, fault: Fault) -> Response:
        answer = api.error(fault.status or 429, "rate_limited", "You have been rate limited. Please try again later.")
        answer.headers["Retry-After"] = str(30 if fault.retry_after is None else fault.retry_after)
        return answer

    def deliveries(self, spec: dict[str, Any]) -> Iterator[Delivery]:
        yield webhooks.delivery(self, spec)


Notion.routes.register_blueprint(api.routes)
