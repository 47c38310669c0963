"""The database: one engine, one session per request or task, and transactions that know whether they write."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from threading import get_ident
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Engine,
    Integer,
    MetaData,
    Row,
    String,
    Uuid,
    create_engine,
    event,
)
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, scoped_session, sessionmaker
from sqlalchemy.types import TypeDecorator

from settings import settings

_REST_SECONDS = 1.0

class _Scope:
    """One transaction: whether it reads, and the connection that it reads on."""

    __slots__ = ("is_reading", "reader")

    def __init__(self, is_reading: bool) -> None:
        self.is_reading = is_reading
        self.reader: Connection | None = None


_scope: ContextVar[_Scope | None] = ContextVar("scope", default=None)

Record = Row[*tuple[Any, ...]]
"""A row of chosen columns, each an attribute."""
Id = BigInteger().with_variant(Integer, "sqlite")


class _SqliteInstant(TypeDecorator[datetime]):
    """SQLite keeps no zone: written as UTC without one, read as UTC with one."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


Instant = DateTime(timezone=True).with_variant(_SqliteInstant(), "sqlite")
"""A column of aware UTC datetimes."""


class Base(DeclarativeBase):
    """A table with a number for joins and a UUID that cannot be guessed."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Instant, str: String(200), int: Id, uuid.UUID: Uuid()}

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uuid(), default=uuid.uuid4, unique=True)


def make_engine(url: str, **options: Any) -> Engine:
    """An engine with this project's rules. A lost server is noticed within seconds, never waited for."""
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        if path and path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, hide_parameters=True, pool_size=20, max_overflow=20, pool_timeout=5)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(
        url,
        hide_parameters=True,
        # What is opened is kept: a connection beyond the pool's size would be closed after each use, and opening one
        # costs as much as ten requests. The one used last is taken first, so it is seldom asked whether it lives.
        pool_size=10,
        max_overflow=0,
        pool_use_lifo=True,
        pool_timeout=3,
        pool_recycle=1800,
        connect_args={
            "connect_timeout": 3,
            # A host that is cut off says nothing: without these a statement would wait a quarter of an hour for it.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 15_000,
            "options": "-c timezone=UTC -c statement_timeout=5s -c lock_timeout=2s"
            " -c idle_in_transaction_session_timeout=15s",
        },
        **options,
    )
    event.listen(engine, "checkout", _ping_if_idle)
    event.listen(engine, "checkin", _note_use)
    return engine


def _ping_if_idle(connection: Any, record: Any, _proxy: Any) -> None:
    # pool_pre_ping asks before every use, a round trip as dear as a query; a connection that was fine a moment ago
    # is asked again only when it has rested. What dies in between costs one request a 503.
    if time.monotonic() - record.info.get("used_at", 0.0) > _REST_SECONDS:
        try:
            was_autocommit = connection.autocommit
            connection.autocommit = True
            connection.execute("")
            connection.autocommit = was_autocommit
        except Exception as error:
            raise DisconnectionError from error


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used_at"] = time.monotonic()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # BEGIN is ours, see `_begin_sqlite`
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA busy_timeout=5000")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: Any) -> None:
    # A transaction that reads first and then writes cannot wait for a lock once its snapshot is stale; taking the
    # write lock at BEGIN turns "database is locked" into a short wait. Reads take none.
    connection.exec_driver_sql("BEGIN" if _is_reading() else "BEGIN IMMEDIATE")


engine = make_engine(settings.database_url)
# On PostgreSQL a read needs no BEGIN and no ROLLBACK, and connections of its own need not be switched to and fro.
_read_engine = (
    engine
    if settings.on_sqlite
    else make_engine(
        settings.database_url, isolation_level="AUTOCOMMIT", pool_reset_on_return=None, skip_autocommit_rollback=True
    )
)


def forget_connections() -> None:
    """After a fork: the parent's connections are the parent's."""
    for each in {engine, _read_engine}:
        each.dispose(close=False)


class _RoutedSession(Session):
    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        return _read_connection() if _is_reading() else engine


def _is_reading() -> bool:
    scope = _scope.get()
    return scope is not None and scope.is_reading


# A transaction inside another has a session of its own, and so cannot commit half of the outer one.
session = scoped_session(
    sessionmaker(class_=_RoutedSession, expire_on_commit=False), scopefunc=lambda: _scope.get() or get_ident()
)


@event.listens_for(_RoutedSession, "before_flush")
def _refuse_writes_while_reading(source: Session, *_: Any) -> None:
    if _is_reading() and (source.new or source.dirty or source.deleted):
        raise RuntimeError("a reading transaction may not write; use db.writing()")


@contextmanager
def transaction(*, reading: bool = False, single: bool = False) -> Iterator[None]:
    """Commit when the block returns, keep nothing when it raises, and give the connection back either way.

    `single`: it writes by one statement (models/statements.py) and does no more than read beside it. PostgreSQL needs
    no BEGIN and no COMMIT around that.
    """
    token = _scope.set(_Scope(reading or (single and not settings.on_sqlite)))
    try:
        yield
        if session.registry.has():
            session.commit()
    except BaseException:
        if session.registry.has():
            session.rollback()
        raise
    finally:
        session.remove()
        _stop_reading()
        _scope.reset(token)


@contextmanager
def writing() -> Iterator[None]:
    """A short write inside a read: what was read before is from an older snapshot than what is read after."""
    release()
    with transaction():
        yield


def release() -> None:
    """Commit what is done and give the connection back before something slow, as a provider's answer.

    What was read before is read anew when it is asked for again: others may have written meanwhile.
    """
    session.commit()
    session.expire_all()
    _stop_reading()


def connection() -> Connection:
    """The connection of the present transaction."""
    return _read_connection() if _is_reading() else session.connection()


def _read_connection() -> Connection:
    """The connection of the present read; a session that reads in it shares it."""
    scope = _scope.get()
    if scope is None:
        raise RuntimeError("there is no transaction")
    if scope.reader is None:
        scope.reader = _read_engine.connect()
        if settings.on_sqlite:  # one moment for the whole read
            scope.reader.begin()
    return scope.reader


def _stop_reading() -> None:
    scope = _scope.get()
    if scope is not None and scope.reader is not None:
        scope.reader.close()
        scope.reader = None
