"""Her own things in made-up requests: without them nearly every id is nobody's, and 404 hides the rest of the rules.

A request is made up before anybody is there. So what is hers is meant by a mark, and the mark is replaced on the way
to the product by what the traveller has then.
"""

from __future__ import annotations

import io
import json
import re
import secrets
import zlib
from typing import Any

from schemathesis import Case, HookContext
from schemathesis.core.parameters import ParameterLocation

from tests.household import Household

TOKEN = secrets.token_hex(8)
ID = "0a0b0c0d-1357-4246-8bdf-97531acebdf0"
NUMBER = 1_357_924_680
_IN_BODY = re.compile(rb'"(\w+)": ?\[?("%s"|%d)(?=[,}\]])' % (ID.encode(), NUMBER))
_NAMES = re.compile("_id$|Id$|^project$")
_KEPT_AS = {"organizations": "slug", "history": "session"}
"""Where a list's ids are not under its own name."""


def mean(_context: HookContext, case: Case) -> Case:
    """Put the marks where ids are valid, in three of four requests."""
    drawn = repr((case.path_parameters, case.query, case.body))
    if case.meta is None or zlib.crc32(drawn.encode(errors="replace")) % 4 == 0:
        return case
    if not case.meta.is_negative_at(ParameterLocation.PATH):
        for name, value in case.path_parameters.items():
            case.path_parameters[name] = "github" if name == "provider" else _mark(value)
    if isinstance(case.body, dict) and not case.meta.is_negative_at(ParameterLocation.BODY):
        for name, value in case.body.items():
            if _NAMES.search(name) and value:
                case.body[name] = _mark(value)
            if name == "blockIds" and len(value) == 1:
                case.body[name] = [ID]
    return case


def _mark(value: object) -> object:
    if isinstance(value, int):
        return NUMBER
    return str(NUMBER) if str(value).isdecimal() else ID  # in a path a number may be a text


def replace(environ: dict[str, Any], home: Household) -> bool:
    """Put what she has in the place of the marks; whether the path named any."""
    parts = environ["PATH_INFO"].split("/")
    marked = [place for place, part in enumerate(parts) if part in (ID, str(NUMBER))]
    for place in marked:
        kind = _KEPT_AS.get(parts[place - 1], parts[place - 1])
        parts[place] = str(home.thing(kind) or parts[place])
    environ["PATH_INFO"] = "/".join(parts)

    def real(match: re.Match[bytes]) -> bytes:
        found = home.thing(match[1].decode())
        return match[0] if found is None else match[0].replace(match[2], json.dumps(found).encode())

    if length := int(environ.get("CONTENT_LENGTH") or 0):
        body = _IN_BODY.sub(real, environ["wsgi.input"].read(length))
        environ.update({"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})
    return bool(marked)
