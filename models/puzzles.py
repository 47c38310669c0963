"""Puzzle sessions: games that several devices of one player keep in step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, func, insert, or_, select
from sqlalchemy import update as change
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now
from models.db import Base, Record, session
from models.errors import LimitReached
from models.plans import PLANS
from models.users import User
from settings import settings

_CHUNK = 500


class PuzzleSession(Base):
    """One game, under the id that the player's device gave it."""

    __tablename__ = "puzzle_sessions"
    __table_args__ = (
        UniqueConstraint("owner_id", "key"),
        CheckConstraint("duration_seconds >= 0", name="duration"),
        CheckConstraint("mistake_count >= 0", name="mistakes"),
        Index("ix_puzzle_sessions_day", "owner_id", "played_on"),
    )

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(100))
    played_at: Mapped[datetime]
    played_on: Mapped[date]
    duration_seconds: Mapped[int]
    difficulty: Mapped[str] = mapped_column(String(30))
    declutter_text: Mapped[str | None] = mapped_column(Text)
    mistake_count: Mapped[int]
    is_completed: Mapped[bool]
    puzzle_id: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(default=now)


Game = dict[str, Any]
"""What a device tells of one game: the columns from `key` to `puzzle_id`, without `played_on`."""

_TOLD = (
    PuzzleSession.key,
    PuzzleSession.played_at,
    PuzzleSession.duration_seconds,
    PuzzleSession.difficulty,
    PuzzleSession.declutter_text,
    PuzzleSession.mistake_count,
    PuzzleSession.is_completed,
    PuzzleSession.puzzle_id,
)


def sync_games(owner: User, games: Sequence[Game]) -> tuple[int, int]:
    """Take in a batch, all of it or nothing; returns how many stand as sent, and how many another version beat.

    Of two versions a finished game beats an unfinished one, else the later one wins, else the first stays: whatever
    the order in which devices send them, no finished game is lost. Errors: LimitReached.
    """
    owner.lock()
    ids, kept = _stored(owner.id, [game["key"] for game in games])
    changed: dict[str, Game] = {}
    conflicts = 0
    for game in games:
        key = game["key"]
        stored = kept.get(key)
        if stored is None or _rank(game) > _rank(stored):
            kept[key] = changed[key] = game
        elif game != stored:
            conflicts += 1
    _check_days(owner, [game["played_at"].date() for key, game in changed.items() if key not in ids])
    _write(owner.id, ids, changed)
    return len(games) - conflicts, conflicts


def list_games(user_id: int, since: datetime | None, *, limit: int, offset: int = 0) -> list[Record]:
    """Games played or changed at or after `since`, in the order in which they first arrived.

    A game that was played earlier and uploaded late is part of it, or the other devices would never hear of it.
    """
    return list(
        session.execute(
            select(*_TOLD).where(*_since(user_id, since)).order_by(PuzzleSession.id).limit(limit).offset(offset)
        )
    )


def count_games(user_id: int, since: datetime | None) -> int:
    """How many games `list_games` has in all."""
    return session.scalar(select(func.count()).select_from(PuzzleSession).where(*_since(user_id, since))) or 0


def _rank(game: Game) -> tuple[bool, datetime]:
    return game["is_completed"], game["played_at"]


def _stored(user_id: int, keys: Sequence[str]) -> tuple[dict[str, int], dict[str, Game]]:
    """Row numbers and present versions of the games that are known already, by key."""
    ids: dict[str, int] = {}
    games: dict[str, Game] = {}
    for start in range(0, len(keys), _CHUNK):
        rows = session.execute(
            select(PuzzleSession.id, *_TOLD).where(
                PuzzleSession.owner_id == user_id, PuzzleSession.key.in_(keys[start : start + _CHUNK])
            )
        )
        for row in rows.mappings():
            game = dict(row)
            ids[game["key"]] = game.pop("id")
            games[game["key"]] = game
    return ids, games


def _check_days(owner: User, fresh: Iterable[date]) -> None:
    """Refuse the batch where a day of new games goes over what the free tier keeps. Errors: LimitReached."""
    if PLANS[owner.plan].price:
        return
    days = Counter(fresh)
    if not days:
        return
    stored = session.execute(
        select(PuzzleSession.played_on, func.count().label("stored"))
        .where(PuzzleSession.owner_id == owner.id, PuzzleSession.played_on.in_(days))
        .group_by(PuzzleSession.played_on)
    )
    days.update({row.played_on: row.stored for row in stored})
    limit = settings.puzzle_sessions_per_day
    for day, count in sorted(days.items()):
        if count > limit:
            raise LimitReached(
                f"The free tier keeps {limit} sessions a day and {day} would have {count}; studio lifts this limit"
            )


def _write(user_id: int, ids: dict[str, int], games: dict[str, Game]) -> None:
    moment = now()
    fresh, known = [], []
    for key, game in games.items():
        values = {**game, "played_on": game["played_at"].date(), "changed_at": moment}
        if key in ids:
            known.append({"id": ids[key], **values})
        else:
            fresh.append({"owner_id": user_id, **values})
    if fresh:
        session.execute(insert(PuzzleSession), fresh)
    if known:
        session.execute(change(PuzzleSession), known)


def _since(user_id: int, since: datetime | None) -> tuple[Any, ...]:
    mine = PuzzleSession.owner_id == user_id
    if since is None:
        return (mine,)
    return mine, or_(PuzzleSession.played_at >= since, PuzzleSession.changed_at >= since)
