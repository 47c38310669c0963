"""Puzzle sessions: upload and download."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from models.db import Record
from models.puzzles import count_games, list_games, sync_games
from web.auth import caller, current_user
from web.body import Input, longest_body
from web.fields import Flag, Int, QueryInt, Text, Timestamp
from web.flow_sudoku.shape import Routes
from web.paging import sliced

routes = Routes("sessions", __name__, url_prefix="/sessions", description="Puzzle sessions in sync")
LARGEST_BATCH = 1000
LARGEST_UPLOAD = 5 * 1024 * 1024
EXAMPLE = {
    "id": "uuid-123",
    "timestamp": "2025-11-16T10:30:00Z",
    "duration": 900,
    "difficulty": "medium",
    "declutter_text": "Today I need to focus on...",
    "mistake_count": 2,
    "is_completed": True,
    "puzzle_id": 42,
}


class SessionSchema(Input):
    id = Text(100, required=True, trims=False, metadata={"description": "The device's own id of the game"})
    timestamp = Timestamp(required=True)
    duration = Int(0, 31_536_000, required=True, metadata={"description": "Seconds"})
    difficulty = Text(30, required=True)
    declutter_text = Text(10_000, blank=True, trims=False, allow_none=True, load_default=None)
    mistake_count = Int(0, 1_000_000, required=True)
    is_completed = Flag(required=True)
    puzzle_id = Int(0, 2**53, required=True)


class UploadSchema(Input):
    sessions = fields.List(
        fields.Nested(SessionSchema),
        required=True,
        validate=validate.Length(max=LARGEST_BATCH, error=f"Send at most {LARGEST_BATCH} sessions at once"),
    )


class UploadedSchema(Input):
    synced = fields.Integer(required=True, metadata={"description": "Sessions that stand as they were sent"})
    conflicts = fields.Integer(required=True, metadata={"description": "Sessions of which another version was kept"})


class DownloadQuery(Input):
    since = Timestamp(metadata={"description": "Sessions played or changed at this moment or later"})
    limit = QueryInt(1, 1000, load_default=1000)
    offset = QueryInt(0, 10**9, load_default=0)


class DownloadSchema(Input):
    sessions = fields.List(fields.Nested(SessionSchema), required=True)
    total = fields.Integer(required=True, metadata={"description": "All that match, whatever the page"})


@routes.post("")
@longest_body(LARGEST_UPLOAD)
@routes.arguments(UploadSchema, example={"sessions": [EXAMPLE]})
@routes.response(200, UploadedSchema)
def upload(given: dict[str, Any]) -> dict[str, Any]:
    """Upload sessions. Sending one again changes nothing; of two versions the finished, else the later one stays."""
    synced, conflicts = sync_games(current_user(), [read_session(each) for each in given["sessions"]])
    return {"synced": synced, "conflicts": conflicts}


@routes.get("")
@routes.arguments(DownloadQuery, location="query")
@routes.response(200, DownloadSchema)
def download(query: dict[str, Any]) -> dict[str, Any]:
    """Download sessions, in the order in which they first arrived."""
    user_id, since = caller().id, query.get("since")
    sessions, total = sliced(
        query["offset"],
        query["limit"],
        lambda limit, offset: list_games(user_id, since, limit=limit, offset=offset),
        lambda: count_games(user_id, since),
        show_session,
    )
    return {"sessions": sessions, "total": total}


def read_session(given: dict[str, Any]) -> dict[str, Any]:
    """A session of the wire as the core names it."""
    values = dict(given)
    return {
        "key": values.pop("id"),
        "played_at": values.pop("timestamp"),
        "duration_seconds": values.pop("duration"),
        **values,
    }


def show_session(row: Record) -> dict[str, Any]:
    """A row of `list_games` as the contract writes a session."""
    return {
        "id": row.key,
        "timestamp": row.played_at,
        "duration": row.duration_seconds,
        "difficulty": row.difficulty,
        "declutter_text": row.declutter_text,
        "mistake_count": row.mistake_count,
        "is_completed": row.is_completed,
        "puzzle_id": row.puzzle_id,
    }
