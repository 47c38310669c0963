"""A report's main table as CSV: RFC 4180, UTF-8, instants in UTC. Text that a spreadsheet would run stays text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from reports.document import Kind, Report

_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "'", "＝", "＋", "－", "＠")
"""What a cell must not begin with. The apostrophe is among them so that the one that we add can be told from it."""
_LINES = 200


def pieces(report: Report) -> Iterator[str]:
    """The file, a few hundred lines at a time."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    columns = report.main.columns
    writer.writerow([column.title for column in columns])
    for number, row in enumerate(report.main.rows, 1):
        writer.writerow([_cell(value, column.kind) for value, column in zip(row, columns, strict=True)])
        if number % _LINES == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _cell(value: Any, kind: Kind) -> str:
    if value is None:
        return ""
    if kind == "text":
        text = str(value)
        return f"'{text}" if text.startswith(_RUNS) else text
    if kind in ("hours", "percent"):
        return f"{value:.2f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)
