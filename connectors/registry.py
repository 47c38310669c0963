"""The connectors by the contract's provider names."""

from __future__ import annotations

from connectors.base import Connector
from connectors.github import GitHub

CONNECTORS: dict[str, Connector] = {
    "github": GitHub(),
}
