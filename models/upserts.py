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


Packed = list[dict[str, Any]] | str
"""Rows as the database takes them."""


def packed(rows: list[dict[str, Any]]) -> Packed:
    """On PostgreSQL one value: it is asked once for a page, not once for each of its rows."""
    return rows if settings.on_sqlite else orjson.dumps(rows).decode()


def write(rows: Packed) -> None:
    """Insert or change these rows."""
    session.connection().execute(_UPSERT, {"rows": rows} if isinstance(rows, str) else rows)


def write_page(integration_id: int, lease: str, cursor: dict[str, Any], rows: Packed | None) -> None:
    """The same for one page of a run, which renews the run's lease and moves its cursor. Errors: Conflict.

    On PostgreSQL this is one statement, so it may stand without a transaction around it. Its commit does not wait for
    the disk: a page and the run's place in the list are lost together, and come again; nobody was told of either.
    """
    if settings.on_sqlite:
        keep_lease(integration_id, lease, cursor)
        if rows is not None:
            write(rows)
        return
    ends_at = now() + LEASE
    if not _PAGE.rows(id=integration_id, lease=lease, ends_at=ends_at, cursor=cursor, rows=rows or "[]"):
        raise lost_lease(integration_id)


def _given(*beside: Any) -> Any:
    """The rows of that value, where there is a row `beside`."""
    columns = (Column(name, _TABLE.c[name].type) for name in _WRITTEN)
    listed = func.json_to_recordset(cast(bindparam("rows", type_=Text()), JSON()))
    rows = listed.table_valued(*columns).render_derived(with_types=True)
    source: Any = rows
    for each in beside:
        source = source.join(each, true())
    return postgresql.insert(_TABLE).from_select(_WRITTEN, select(*rows.c).select_from(source))


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
    return Statement(select(held.c.id).add_cte(_upsert(_given(held)).cte("written")))


_UPSERT = _upsert(sqlite.insert(_TABLE) if settings.on_sqlite else _given())
_PAGE = _page()
