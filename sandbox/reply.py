"""JSON answers, quickly."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response


def reply(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    response = Response(orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS), status, mimetype="application/json")
    if headers:
        response.headers.extend(headers)
    return response
