"""What a provider brought, filed into the inbox: nothing twice, nothing rewritten that did not change.

One read at the start of a run tells what is known; then only new and changed rows are written. The database decides
as well (models/upserts.py), so two runs cannot double an item.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import select, update

from models.clock import now
from models.db import session
from models.inbox import InboxItem
from models.integrations import Integration
from models.upserts import Packed, packed, write_page

_SWEEP_FLOOR = 20
_SWEEP_SHARE = 0.5


class Arrived(Protocol):
    """An item as a connector gives it."""

    @property
    def external_id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def url(self) -> str | None: ...
    @property
    def source(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def priority(self) -> str: ...
    @property
    def description(self) -> str | None: ...
    @property
    def is_open(self) -> bool: ...
    @property
    def starts_at(self) -> datetime | None: ...
    @property
    def ends_at(self) -> datetime | None: ...
    @property
    def is_all_day(self) -> bool: ...


@dataclass(slots=True)
class Counts:
    """How a run went, in items."""

    new: int = 0
    changed: int = 0
    closed: int = 0
    unchanged: int = 0
    skipped: int = 0

    @property
    def synced(self) -> int:
        """New or changed, closing included."""
        return self.new + self.changed + self.closed

    def add(self, other: Counts) -> None:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


class Absence(Protocol):
    """Proof that what is stored under `scope`, and not listed, is open no more."""

    @property
    def scope(self) -> str: ...
    @property
    def external_ids(self) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class Changes:
    """What a page changes in the inbox."""

    rows: Packed
    written: list[str]
    closed: list[str]
    counts: Counts


class Filing:
    """One run's work on the inbox of one integration: page after page is compared with what is known, then stored.

    Comparing asks no database, so that it may go on in another thread while an earlier page is stored.
    """

    def __init__(self, integration: Integration) -> None:
        self.integration_id = integration.id
        self.owner_id = integration.owner_id
        self.counts = Counts()
        """Of what is stored."""
        self._began = now()
        self._place = 0
        self._known: dict[str, tuple[str | None, bool]] = {
            row.external_id: (row.content_hash, row.is_open)
            for row in session.execute(
                select(
                    InboxItem.external_id, InboxItem.content_hash, InboxItem.closed_at.is_(None).label("is_open")
                ).where(InboxItem.integration_id == integration.id, InboxItem.external_id.is_not(None))
            )
        }

    def compare(self, items: Iterable[Arrived], absences: Iterable[Absence] = (), skipped: int = 0) -> Changes:
        """What these change; pages come in their order. Items that were never seen open are not kept."""
        counts = Counts(skipped=skipped)
        rows: dict[str, dict[str, Any]] = {}
        for item in items:
            digest = content_hash(item)
            known = self._known.get(item.external_id)
            if known is None and not item.is_open:
                continue
            if known is not None and known[0] == digest:
                counts.unchanged += 1
                continue
            _count(counts, known, item.is_open)
            self._known[item.external_id] = (digest, item.is_open)
            rows[item.external_id] = self._row(item, digest)
        closed = [key for absence in absences for key in self._missing(absence)]
        counts.closed += len(closed)
        return Changes(packed(list(rows.values())), list(rows), closed, counts)

    def store(self, changes: Changes, lease: str, cursor: dict[str, Any]) -> None:
        """Write them, with the place that the run has reached. Errors: Conflict, when the lease was lost."""
        write_page(self.integration_id, lease, cursor, changes.rows)
        self._close(changes.closed)
        self.counts.add(changes.counts)

    def _missing(self, absence: Absence) -> list[str]:
        """What a complete listing no longer shows, at most half of it at once.

        A provider that answers short for a day can so never empty an inbox; what is really gone goes with the next
        sweeps.
        """
        listed = [key for key, (_, is_open) in self._known.items() if is_open and key.startswith(absence.scope)]
        missing = [key for key in listed if key not in absence.external_ids]
        missing = missing[: max(_SWEEP_FLOOR, int(len(listed) * _SWEEP_SHARE))]
        for key in missing:
            self._known[key] = (None, False)
        return missing

    def _close(self, keys: list[str]) -> None:
        for start in range(0, len(keys), 500):
            # The hash is dropped, so the same content coming back counts as a change and reopens the item.
            session.execute(
                update(InboxItem)
                .where(
                    InboxItem.integration_id == self.integration_id,
                    InboxItem.external_id.in_(keys[start : start + 500]),
                )
                .values(closed_at=now(), updated_at=now(), content_hash=None)
            )

    def _row(self, item: Arrived, digest: str) -> dict[str, Any]:
        # What arrives first in a run is the newest, so it gets the latest moment.
        self._place += 1
        return {
            "uid": uuid.uuid4(),
            "owner_id": self.owner_id,
            "integration_id": self.integration_id,
            "source": item.source,
            "type": item.type,
            "priority": item.priority,
            "title": item.title,
            "description": item.description,
            "external_id": item.external_id,
            "external_url": item.url,
            "content_hash": digest,
            "starts_at": item.starts_at,
            "ends_at": item.ends_at,
            "is_all_day": item.is_all_day,
            "closed_at": None if item.is_open else self._began,
            "created_at": self._began - timedelta(microseconds=self._place),
            "updated_at": self._began,
        }


def _count(counts: Counts, known: tuple[str | None, bool] | None, is_open: bool) -> None:
    if known is None:
        counts.new += 1
    elif known[1] and not is_open:
        counts.closed += 1
    else:
        counts.changed += 1


def content_hash(item: Arrived) -> str:
    """What tells whether anything that the inbox shows has changed."""
    text = "\x1f".join(
        (
            item.source,
            item.type,
            item.priority,
            item.title,
            item.description or "",
            item.url or "",
            str(item.is_open),
            str(item.starts_at),
            str(item.ends_at),
            str(item.is_all_day),
        )
    )
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


def adopt_orphans(integration: Integration, sources: tuple[str, ...]) -> None:
    """Items that stayed when this account was disconnected belong to it again, or they would arrive twice.

    Those of another account stay by themselves: its listings say nothing about them, and a sweep would close them.
    """
    session.execute(
        update(InboxItem)
        .where(
            InboxItem.owner_id == integration.owner_id,
            InboxItem.integration_id.is_(None),
            InboxItem.source.in_(sources),
            InboxItem.kept_from == integration.external_account,
        )
        .values(integration_id=integration.id, kept_from=None)
    )
