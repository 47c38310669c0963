"""How rows come into the inbox: new ones are inserted, those that differ are changed, all others are not touched.

The unique key `(integration, external_id)` and the content hash decide in the database, whoever else writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import JSON, Column, Table, Text, bindparam, case, cast, func, select, true, update
from sqlalchemy.dialects import postgresql, sqlite

from models.clock import now
from models.db import session
from models.inbox import InboxItem
from models.integrations import LEASE, Integration, keep_lease, lost_lease
from models.statements import Statement
from settings import settings

_TABLE: Table = InboxItem.__table__  # type: ignore[assignment]  # a mapped class's table is a Table
_CONTENT = ("source", "type", "priority", "title", "description", "external_url", "starts_at", "ends_at", "is_all_day")
_WRITTEN = ("uid", "owner_id", "integration_id", "external_id", "content_hash", "closed_at", "created_at", "updated_at",
            *_CONTENT)  # fmt: skip

Packed = Any
"""Rows as the database takes them: a list on SQLite, JSON in one text on PostgreSQL."""


def packed(rows: list[dict[str, Any]]) -> Packed:
    """On PostgreSQL one value: it is asked once for a page, not once for each of its rows."""
    return rows if settings.on_sqlite else orjson.dumps(rows).decode()


def write_page(integration_id: int, lease: str, cursor: dict[str, Any], rows: Packed) -> None:
    """Insert or change one page of a run, which renews the run's lease and moves its cursor. Errors: Conflict.

    On PostgreSQL this is one statement, so it may stand without a transaction around it. Its commit does not wait for
    the disk: a page and the run's place in the list are lost together, and come again; nobody was told of either.
    """
    if settings.on_sqlite:
        keep_lease(integration_id, lease, cursor)
        if rows:
            session.connection().execute(_STATEMENT, rows)
    elif not _STATEMENT.rows(id=integration_id, lease=lease, ends_at=now() + LEASE, cursor=cursor, rows=rows):
        raise lost_lease(integration_id)


def _upsert(insert: Any) -> Any:
    given = insert.excluded
    # Of what is closed a provider may tell no more than its id, so the last words on it stay.
    is_closed = given.closed_at.is_not(None)
    values: Mapping[str, Any] = {
        name: case((is_closed, _TABLE.c[name]), else_=given[name]) for name in _CONTENT
    }
    return insert.on_conflict_do_update(
        index_elements=["integration_id", "external_id"],
        set_={
            **values,
            "content_hash": given.content_hash,
            "updated_at": given.updated_at,
            # Closed stays closed since then; open again is open.
            "closed_at": case(
                (is_closed, func.coalesce(_TABLE.c.closed_at, given.closed_at)), else_=None
            ),
        },
        where=_TABLE.c.content_hash.is_distinct_from(given.content_hash),
    )


def _page() -> Statement:
    ends_at = bindparam("ends_at", type_=Integration.lease_until.type)
    held = (
        update(Integration)
        .where(Integration.id == bindparam("id"), Integration.lease_token == bindparam("lease"))
        .values(lease_until=ends_at, announce_at=ends_at, cursor=bindparam("cursor", type_=JSON()))
        .returning(Integration.id, func.set_config("synchronous_commit", "off", True))
        .cte("held")
    )
    listed = func.json_to_recordset(cast(bindparam("rows", type_=Text()), JSON()))
    columns = (Column(name, _TABLE.c[name].type) for name in _WRITTEN)
    rows = listed.table_valued(*columns).render_derived(with_types=True)
    given = select(*rows.c).select_from(rows.join(held, true()))
    written = _upsert(postgresql.insert(_TABLE).from_select(_WRITTEN, given)).cte("written")
    return Statement(select(held.c.id).add_cte(written))


_STATEMENT: Any = _upsert(sqlite.insert(_TABLE)) if settings.on_sqlite else _page()
