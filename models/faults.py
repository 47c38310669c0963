"""What a failing statement means, so that callers hear a meaning and never SQL."""

from __future__ import annotations

from sqlalchemy import exc

from models.errors import Conflict, Invalid, Refusal, Unavailable

_RETRIED = {"40001", "40P01"}  # serialization failure, deadlock: the same transaction may well pass the next time

_OURS = ("no such", "near ")  # SQLite calls a wrong statement an operational error too


def meaning(error: BaseException) -> Refusal | None:
    """The refusal that a database error stands for; None where it is a mistake of ours."""
    if isinstance(error, exc.IntegrityError):
        return Conflict()
    if isinstance(error, exc.DataError | OverflowError | UnicodeEncodeError):
        return Invalid(message="A value is outside of what can be stored")
    if isinstance(error, exc.OperationalError) and str(error.orig).startswith(_OURS):
        return None
    if isinstance(error, exc.OperationalError | exc.InterfaceError | exc.TimeoutError):
        return Unavailable()
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return Unavailable()
    if isinstance(error, exc.StatementError) and isinstance(error.orig, OverflowError | UnicodeEncodeError):
        return Invalid(message="A value is outside of what can be stored")
    return None


def is_worth_retrying(error: BaseException) -> bool:
    """Whether the same transaction may pass when it is run again at once, and nothing of it can have been kept."""
    if not isinstance(error, exc.DBAPIError):
        return False
    # A connection that broke at a statement kept nothing; one that broke at COMMIT, which is no statement, may have.
    is_cut_off = error.connection_invalidated and error.statement is not None
    return is_cut_off or getattr(error.orig, "sqlstate", None) in _RETRIED
