"""Hot statements: compiled once, they go to the driver without being looked at anew.

SQLAlchemy spends as much on a short statement as the database does: cache keys, an execution context, a result that
could do anything. What a statement of known columns needs is its text, its values in the driver's form, and its rows.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, cast

from sqlalchemy import Connection, exc

from models import db
from models.db import Record
from settings import settings

_Convert = Callable[[Any], Any]


class Statement:
    """A SELECT, or an INSERT with or without RETURNING, with named parameters."""

    def __init__(self, statement: Any) -> None:
        self._statement = statement

    def rows(self, **values: Any) -> Sequence[Record]:
        """All rows for these values, as named tuples, in the present transaction. Errors: those of SQLAlchemy."""
        connection = db.connection()
        text, bind, shape = self._plan
        given = bind(values)
        cursor = _cursor(connection)
        for listen in connection.dispatch.before_cursor_execute:  # who counts or logs statements sees these as well
            listen(connection, cursor, text, given, None, False)
        try:
            cursor.execute(text, given)
            found = cursor.fetchall() if shape else []
        except _DIALECT.dbapi.Error as error:
            raise _meant(connection, text, error, cursor) from error
        except BaseException as error:
            if not isinstance(error, Exception):  # a greenlet that is ended here leaves an answer on its way
                connection.invalidate()
            raise
        return cast("Sequence[Record]", shape(found) if shape else [])

    @cached_property
    def _plan(self) -> tuple[str, _Convert, _Convert | None]:
        """Text, what makes the driver's parameters of given values, and what makes rows of the driver's."""
        compiled = self._statement.compile(dialect=_DIALECT)
        return str(compiled), _binding(compiled), _shaping(self._statement.exported_columns)


def _cursor(connection: Connection) -> Any:
    """The cursor that a driver's connection keeps for these; one at a time uses it, and takes all rows at once."""
    kept = connection.info
    if "cursor" not in kept:
        driver: Any = connection.connection.dbapi_connection
        # PostgreSQL's own forms: neither side writes numbers and instants as text.
        kept["cursor"] = driver.cursor() if settings.on_sqlite else driver.cursor(binary=True)
    return kept["cursor"]


def _binding(compiled: Any) -> _Convert:
    binds, order = compiled.binds, compiled.positiontup
    fixed = {name: bind.effective_value for name, bind in binds.items() if not bind.required}
    converts = {name: convert for name in binds if (convert := _impl(binds[name].type).bind_processor(_DIALECT))}

    def bind(values: dict[str, Any]) -> Any:
        given = {**fixed, **values}
        for name, convert in converts.items():
            given[name] = convert(given[name])
        return given if order is None else [given[name] for name in order]

    return bind


def _shaping(columns: Any) -> _Convert | None:
    if not columns:
        return None
    row: Any = namedtuple("Row", columns.keys())  # type: ignore[misc]  # the statement has the names
    converts = [
        (place, convert)
        for place, column in enumerate(columns)
        if (convert := _impl(column.type).result_processor(_DIALECT, None))
    ]

    def shape(found: list[tuple[Any, ...]]) -> list[Any]:
        if not converts:
            return list(map(row._make, found))
        rows = []
        for each in found:
            cells = list(each)
            for place, convert in converts:
                cells[place] = convert(cells[place])
            rows.append(row._make(cells))
        return rows

    return shape


def _impl(kind: Any) -> Any:
    return kind.dialect_impl(_DIALECT)


def _meant(connection: Connection, text: str, error: Exception, cursor: Any) -> BaseException:
    """A driver's error as SQLAlchemy would raise it. A lost server takes with it all connections that rest."""
    is_lost = _DIALECT.is_disconnect(error, connection.connection.dbapi_connection, cursor)
    if is_lost:
        connection.invalidate(error)
        connection.engine.dispose()
    return exc.DBAPIError.instance(
        text, None, error, _DIALECT.dbapi.Error, hide_parameters=True, connection_invalidated=is_lost, dialect=_DIALECT
    )


_DIALECT: Any = db.engine.dialect
