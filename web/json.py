"""JSON on its way out, by orjson: instants as `…Z` without fractions, days and UUIDs as text."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from flask.json.provider import JSONProvider

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS | orjson.OPT_NON_STR_KEYS


def dumps(value: Any) -> bytes:
    """A value as the contracts write it."""
    return orjson.dumps(value, option=_OPTIONS)


def written(value: Any) -> orjson.Fragment:
    """A value that is made into bytes now, and is copied wherever it is put."""
    return orjson.Fragment(dumps(value))


class OrjsonProvider(JSONProvider):
    """Flask's door to the above."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return dumps(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        value = self._prepare_response_obj(args, kwargs)
        return Response(dumps(value), mimetype="application/json")
