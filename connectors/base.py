"""What every connector speaks: credentials in, plain values out. No database, no Flask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

Source = Literal["github", "jira", "google-calendar", "google-drive", "slack", "notion", "linear"]
Kind = Literal["task", "update", "reminder", "event"]
Priority = Literal["normal", "high"]
Cursor = dict[str, Any]
"""Where the next run goes on: JSON that only its connector understands. `{}` asks for a first sync."""


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of work as a provider shows it, in the inbox's own words."""

    external_id: str
    """Unique within one connected account; begins with the scope that it is swept in, as `issue:123`."""
    title: str
    url: str | None
    source: Source
    type: Kind
    priority: Priority = "normal"
    description: str | None = None
    is_open: bool = True
    """False: closed, done, unassigned or cancelled upstream, so it leaves the inbox."""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_all_day: bool = False


@dataclass(frozen=True, slots=True)
class Sweep:
    """Proof of absence: all that is open in one scope, after a complete and successful listing.

    What is stored under `scope` (the prefix of `external_id` up to and with the colon) and not in `external_ids`
    was closed, unassigned or deleted upstream without a trace.
    """

    scope: str
    external_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Page:
    """What is stored in one transaction: items, and the cursor from which a run that is cut short here resumes."""

    items: list[Item]
    cursor: Cursor
    skipped: int = 0
    """Members that could not be read; they are counted, and never stop the rest."""
    sweeps: tuple[Sweep, ...] = ()


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a provider gave for one account. Sealed where it is stored."""

    access_token: str
    refresh_token: str | None = None
    expires_at: datetime | None = None
    scope: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    """What else the provider needs on each call, as Jira's cloud id."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Whose account it is, by the provider's word."""

    external_id: str
    username: str | None
    avatar_url: str | None = None
    name: str | None = None
    email: str | None = None
    is_email_verified: bool = False


class ConnectorError(Exception):
    """A provider did not do what was asked; `kind` says what that means for the next run.

    `reconnect`: the user must give consent again. `later`: try again, not before `retry_after` seconds where given.
    `refused`: asking again will not help (a missing scope, an unknown address).
    The message is one that the user may read.
    """

    def __init__(
        self, message: str, kind: Literal["reconnect", "later", "refused"] = "later", retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.retry_after = retry_after


class Connector(Protocol):
    """One provider."""

    @property
    def provider(self) -> str: ...
    @property
    def scopes(self) -> tuple[str, ...]: ...

    def profile(self, credentials: Credentials) -> Profile:
        """Whose account these credentials open."""

    def pull(self, credentials: Credentials, cursor: Cursor) -> Iterator[Page]:
        """What is new since `cursor`, page by page; the last page's cursor starts the next run.

        An account without changes costs one cheap call where the provider has one. `cursor` is left as it was, and
        so is each page's when the next one is asked for. Errors: ConnectorError.
        """

    def revoke(self, credentials: Credentials) -> None:
        """Give the provider's tokens back. Errors: ConnectorError."""
