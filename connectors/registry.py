"""The connectors by the contract's provider names."""

from __future__ import annotations

from connectors.base import Connector
from connectors.github import GitHub
from connectors.google import Google
from connectors.jira import Jira
from connectors.linear import Linear
from connectors.notion import Notion
from connectors.slack import Slack

CONNECTORS: dict[str, Connector] = {
    "github": GitHub(),
    "jira": Jira(),
    "google-calendar": Google(),
    "slack": Slack(),
    "notion": Notion(),
    "linear": Linear(),
}
