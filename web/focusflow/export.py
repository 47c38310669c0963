"""All of one's data, to take along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from flask import Response
from marshmallow import fields

from models.clock import now
from models.exports import Kind, exported, instant_text
from models.spreadsheets import written
from web.body import Input
from web.fields import Choice, Timestamp
from web.focusflow.punctual import punctual_caller
from web.focusflow.shape import FILE, Routes

routes = Routes("export", __name__, url_prefix="/export", description="All of one's data")
_LISTS: dict[Kind, str] = {"project": "projects", "task": "tasks", "session": "pomodoro_sessions"}


class ExportQuery(Input):
    format = Choice("json", "csv", load_default="json")


class ExportSchema(Input):
    user = fields.Dict(required=True)
    projects = fields.List(fields.Dict(), required=True)
    tasks = fields.List(fields.Dict(), required=True)
    pomodoro_sessions = fields.List(fields.Dict(), required=True)
    exported_at = Timestamp(required=True)


@routes.get("/data/")
@routes.arguments(ExportQuery, location="query")
@routes.response(200, ExportSchema)
@routes.alt_response(200, schema=FILE, content_type="text/csv", success=True, description="OK")
def data(query: dict[str, Any]) -> Response:
    """Export all data, as JSON or as one CSV file; `cli.py import` puts either into an empty account."""
    who = punctual_caller()
    if query["format"] == "csv":
        return _download(written(exported(who.id)), "text/csv; charset=utf-8", "csv")
    return _download(_json(exported(who.id)), "application/json", "json")


def _download(pieces: Iterator[Any], kind: str, ending: str) -> Response:
    response = Response(pieces, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="focusflow-{now():%Y-%m-%d}.{ending}"'
    return response


def _json(records: Iterator[tuple[Kind, dict[str, Any]]]) -> Iterator[bytes]:
    """One JSON object, written while its records are read."""
    moment = instant_text(now())
    _, user = next(records)
    yield b'{"user":' + orjson.dumps(user)
    present: Kind = "user"
    kinds = iter(_LISTS)
    for kind, record in records:
        if kind == present:
            yield b"," + orjson.dumps(record)
            continue
        while present != kind:
            yield _open(present, following := next(kinds))
            present = following
        yield orjson.dumps(record)
    for following in kinds:
        yield _open(present, following)
        present = following
    yield b'],"exported_at":' + orjson.dumps(moment) + b"}"


def _open(present: Kind, following: Kind) -> bytes:
    """What stands between the last record of one list and the first of the next."""
    closing = b"," if present == "user" else b"],"
    return closing + orjson.dumps(_LISTS[following]) + b":["
