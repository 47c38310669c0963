"""The connectors by the contract's provider names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module

from connectors.base import Connector

_WHERE = {
    "github": ("connectors.github", "GitHub"),
    "jira": ("connectors.jira", "Jira"),
    "google-calendar": ("connectors.google", "Google"),
    "slack": ("connectors.slack", "Slack"),
    "notion": ("connectors.notion", "Notion"),
    "linear": ("connectors.linear", "Linear"),
}


class _Registry(Mapping[str, Connector]):
    """Loads a connector when it is first asked for: the six client libraries cost a second of every start."""

    def __getitem__(self, provider: str) -> Connector:
        return _load(provider)

    def __iter__(self) -> Iterator[str]:
        return iter(_WHERE)

    def __len__(self) -> int:
        return len(_WHERE)

    def __contains__(self, provider: object) -> bool:
        return provider in _WHERE


@cache
def _load(provider: str) -> Connector:
    module, name = _WHERE[provider]
    connector: Connector = getattr(import_module(module), name)()
    return connector


CONNECTORS: Mapping[str, Connector] = _Registry()
