"""What providers push to us: verified on the raw bytes, and read only as far as to know whom to wake.

A push carries no data into the inbox. It says that something changed; the sync that it wakes asks the provider itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connectors.faults import FOREIGN, NotConfigured
from connectors.oauth import client_of
from connectors.push import github, google, jira, linear, notion, slack
from connectors.push.base import BadDelivery, Delivery

__all__ = ["VERIFIERS", "BadDelivery", "Delivery", "verify"]

VERIFIERS: dict[str, Callable[[Mapping[str, str], bytes, str], Delivery]] = {
    "github": github.read,
    "jira": jira.read,
    "google": google.read,
    "slack": slack.read,
    "notion": notion.read,
    "linear": linear.read,
}


def verify(provider: str, headers: Mapping[str, str], body: bytes) -> Delivery:
    """What was pushed to `/webhooks/<provider>`. Errors: BadDelivery, and NotConfigured where there is no secret."""
    if provider not in VERIFIERS:
        raise BadDelivery("There is no such provider")
    secret = client_of(provider).webhook_secret
    if not secret and not (provider == "notion" and notion.is_handshake(body)):
        raise NotConfigured(provider)  # an empty key would let everybody sign
    try:
        return VERIFIERS[provider]({key.lower(): value for key, value in headers.items()}, body, secret)
    except FOREIGN as error:
        raise BadDelivery("The delivery cannot be read") from error
