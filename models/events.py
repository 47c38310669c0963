"""Facts: what happened, published once the transaction that made it true is committed.

A fact is a frozen dataclass named in the past tense that carries ids and values, never rows. It only wakes workers
and live clients sooner: whatever must follow from it is written as a row in the same transaction.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from models.db import session

log = logging.getLogger(__name__)
_listeners: dict[type, list[Callable[[Any], None]]] = defaultdict(list)


def record(fact: object) -> None:
    """Remember a fact; it is published after commit and forgotten on rollback."""
    session.info.setdefault("facts", []).append(fact)


def listen(kind: type, listener: Callable[[Any], None]) -> None:
    """Call `listener` with every fact of this kind, after its commit."""
    if listener not in _listeners[kind]:
        _listeners[kind].append(listener)


@event.listens_for(Session, "after_commit")
def _publish(source: Session) -> None:
    for fact in source.info.pop("facts", ()):
        for listener in _listeners[type(fact)]:
            try:
                listener(fact)
            except Exception:  # the cause is committed; a deaf listener may not turn it into an error
                log.exception("listener failed", extra={"fact": type(fact).__name__})


@event.listens_for(Session, "after_rollback")
def _forget(source: Session) -> None:
    source.info.pop("facts", None)
