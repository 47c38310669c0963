"""The sandbox's GitHub."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, ClassVar

from flask import Blueprint, Response

from sandbox.faults import Fault
from sandbox.github import account, lists, notifications, search, webhooks
from sandbox.github.api import Meter, error, exceeded
from sandbox.github.consent import GitHubConsent
from sandbox.github.control import Control
from sandbox.github.control import routes as control_routes
from sandbox.github.issues import Writer
from sandbox.github.tracker import Tracker
from sandbox.sender import Delivery
from sandbox.stand import Stand

SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach out to "
    "GitHub Support for help, please include the request ID."
)


class GitHub(Control, Stand):
    """GitHub's REST API and OAuth Apps."""

    name = "github"
    title = "GitHub"
    consent_type = GitHubConsent
    routes: ClassVar[Blueprint] = Blueprint("github", __name__, url_prefix="/github")

    def reset(self) -> None:
        self.meter = Meter()
        self.writer = Writer(self.base, self.origin)
        self.tracker = Tracker(self.accounts)
        self.tracker.fill()

    def failed(self, status: int) -> Response:
        return error(status, "Service unavailable" if status == 503 else "Server Error")

    def unauthorized(self) -> Response:
        return error(401, "Bad credentials")

    def limited(self, fault: Fault) -> Response:
        """The primary limit says when it ends in a header of its own, the secondary one in Retry-After."""
        wait = 60 if fault.retry_after is None else fault.retry_after
        if fault.kind == "secondary_limit":
            answer = error(fault.status or 403, SECONDARY)
            answer.headers["Retry-After"] = str(wait)
            return answer
        answer = exceeded()
        answer.status_code = fault.status or 403
        answer.headers.extend(
            {
                "X-RateLimit-Limit": "5000",
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-Used": "5000",
                "X-RateLimit-Reset": str(int(time.time()) + wait),
                "X-RateLimit-Resource": "core",
            }
        )
        if answer.status_code == 429:
            answer.headers["Retry-After"] = str(wait)
        return answer

    def deliveries(self, spec: dict[str, Any]) -> Iterator[Delivery]:
        yield webhooks.delivery(self, spec)


for part in (account.routes, lists.routes, notifications.routes, search.routes, control_routes):
    GitHub.routes.register_blueprint(part)
