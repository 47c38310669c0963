"""Records as lines of a CSV file, and back. One file holds all kinds; the column `record` says which a line is.

A cell that a spreadsheet would take for a formula gets an apostrophe, which reading takes away again.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from models.exports import FIELDS, Kind

COLUMNS = ("record", *dict.fromkeys(name for names in FIELDS.values() for name in names))
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\0]")
_LINES = 200


def written(records: Iterable[tuple[Kind, dict[str, Any]]]) -> Iterator[str]:
    """The CSV file in pieces: RFC 4180, the header first."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for number, (kind, record) in enumerate(records, 1):
        writer.writerow([kind, *(_cell(record.get(name)) for name in COLUMNS[1:])])
        if number % _LINES == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def read(text: str) -> Iterator[tuple[Kind, dict[str, Any]]]:
    """The records of such a file. Errors: ValueError."""
    lines = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    if lines.fieldnames is None or lines.fieldnames[0] != "record":
        raise ValueError("this is not a FocusFlow export: the first column is not `record`")
    for line in lines:
        kind: Any = line["record"]
        if kind not in FIELDS:
            raise ValueError(f"line {lines.line_num}: there are no records of the kind {kind!r}")
        yield kind, {name: _value(name, line.get(name) or "") for name in FIELDS[kind]}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return json.dumps(value, separators=(",", ":"))
    text = str(value)
    return f"'{text}" if _FORMULA.match(text) else text


_TEXTS = {"title", "description", "name", "first_name", "last_name"}


def _value(name: str, cell: str) -> Any:
    if _FORMULA.match(cell) and cell.startswith("'"):
        return cell[1:]
    if cell == "":
        return "" if name in _TEXTS else None
    if cell in ("true", "false") and name in ("is_active", "is_break", "completed"):
        return cell == "true"
    if name == "stretches":
        return json.loads(cell)
    return int(cell) if name not in _TEXTS and re.fullmatch(r"[0-9]{1,18}", cell) else cell
