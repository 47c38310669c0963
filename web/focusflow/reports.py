"""Reports of a team as files: PDF, CSV, Excel."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Response

from models import db
from models.errors import NotFound, TooMany, Unavailable
from models.members import show_member
from models.team_stats import find_project
from reports import separated
from web.auth import caller
from web.fields import Choice, QueryInt
from web.focusflow.dashboard import RangeQuery, asked_days
from web.focusflow.seat import DASHBOARD, allowed, seat
from web.focusflow.shape import FILE, Routes
from workers.reports import SHORT, SUBJECTS, WRITERS, NotMade, Order, compose, count_rows, make_apart

routes = Routes(
    "reports", __name__, url_prefix="/organizations/<slug>/analytics", description="Reports to keep and to send on"
)
KINDS = {
    "pdf": ("application/pdf", "pdf"),
    "csv": ("text/csv; charset=utf-8", "csv"),
    "excel": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
}
_PIECE = 64 * 1024
_at_once = threading.BoundedSemaphore(2)
"""Long files are made one or two at a time; whoever comes then is asked to come again."""


class ReportQuery(RangeQuery):
    format = Choice(*KINDS, load_default="pdf")
    report_type = Choice(*SUBJECTS, load_default="team")
    project = QueryInt(1, metadata={"description": "Only this project: the organization's, or the caller's own"})
    user = QueryInt(1, metadata={"description": "Only this member, for an individual report"})


@routes.get("/export/")
@allowed("export team reports", DASHBOARD)
@routes.arguments(ReportQuery, location="query")
@routes.response(200, FILE, content_type="application/pdf")
@routes.alt_response(200, schema=FILE, content_type="text/csv", success=True, description="OK")
@routes.alt_response(200, schema=FILE, content_type=KINDS["excel"][0], success=True, description="OK")
def export(query: dict[str, Any]) -> Response:
    """Export a report as a file. It holds the organization's work alone."""
    order = _order(query)
    kind, ending = KINDS[query["format"]]
    name = f"{seat().slug}-{order.subject}-{order.first}-to-{order.last}.{ending}"
    body: Iterator[Any]
    if query["format"] == "csv":
        report = compose(order)
        body = separated.pieces(report)
    else:
        body = _made(order, query["format"])
    response = Response(body, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _order(query: dict[str, Any]) -> Order:
    """What is asked for. Errors: NotFound, Invalid."""
    days = asked_days(query)
    project_id, user_id = query.get("project"), query.get("user")
    is_personal = False
    if project_id is not None:
        is_personal = find_project(seat().id, caller().id, project_id).organization_id is None
    if user_id is not None and show_member(seat().id, user_id) is None:
        raise NotFound("Member not found")
    return Order(
        query["report_type"],
        seat().id,
        seat().name,
        seat().timezone,
        str(days.first),
        str(days.last),
        project_id,
        caller().id if is_personal else user_id,
        is_personal,
    )


def _made(order: Order, format: str) -> Iterator[bytes]:
    """A file, made before the answer begins, so that a failure is still an answer. Errors: TooMany, Unavailable."""
    is_short = count_rows(order) <= SHORT[format]
    with tempfile.NamedTemporaryFile(suffix=f".{format}", delete=False) as made:
        path = Path(made.name)
    try:
        if is_short:
            WRITERS[format](compose(order), str(path))
        else:
            _make_apart(order, format, path)
        file = path.open("rb")
    finally:
        path.unlink(missing_ok=True)  # what is open can still be read
    return _pieces(file)


def _make_apart(order: Order, format: str, path: Path) -> None:
    db.release()
    if not _at_once.acquire(blocking=False):
        raise TooMany("Other long reports are being made, please try again in a moment", 10)
    try:
        make_apart(order, format, str(path))
    except NotMade as error:
        raise Unavailable("The report could not be made, please try again") from error
    finally:
        _at_once.release()


def _pieces(file: Any) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
