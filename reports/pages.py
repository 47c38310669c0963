"""A report as a PDF: A4 across, figures and charts first, tables with their head on each page.

Drawn straight onto the pages, row by row, so that a table of any length needs no memory of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfgen.canvas import Canvas

from reports.bars import draw_chart
from reports.document import Column, Report, Row, Table
from reports.fonts import MISSING, fitted, runs, width

rl_config.useA85 = 0  # plain bytes: smaller, and a fifth of the time
WIDTH, HEIGHT = landscape(A4)
EDGE, FOOT = 42.0, 40.0
LINE = 16.0
SIZE = 8.5
INK, QUIET, PALE, RULE = HexColor("#1f2a44"), HexColor("#5b6785"), HexColor("#f3f5fb"), HexColor("#d9deea")
PAPER = HexColor("#ffffff")
_RIGHT = ("count", "hours", "percent")
_LONGEST = {"count": "100000", "hours": "10000.00", "percent": "100 %", "day": "2026-12-31", "moment": "2026-12-31"}


def write(report: Report, path: str) -> None:
    """Write the PDF to a file."""
    paper = _Paper(report, path)
    paper.open()
    for table in (*report.summaries, report.main):
        paper.table(table)
    paper.close()


class _Paper:
    """A canvas with a place on it that moves down, and on to the next page."""

    def __init__(self, report: Report, path: str) -> None:
        self.report = report
        self.zone = ZoneInfo(report.zone)
        self.canvas = Canvas(path, pagesize=(WIDTH, HEIGHT), pageCompression=1)
        self.cells = Cells(self.canvas)
        self.canvas.setTitle(f"{report.title} – {report.organization}")
        self.canvas.setAuthor("FocusFlow")
        self.y = HEIGHT - EDGE
        self.page = 1
        self.missing = 0

    # -- the first page

    def open(self) -> None:
        """The head of the report with its figures and charts."""
        self._say(self.report.title, EDGE, self.y - 14, 20, bold=True)
        about = f"{self.report.organization}  ·  {self.report.period}  ·  {self.report.zone}"
        self._say(fitted(about, 10, WIDTH - 2 * EDGE), EDGE, self.y - 32, 10, color=QUIET)
        self.y -= 52
        self._facts()
        self._charts()

    def _facts(self) -> None:
        facts = self.report.facts
        if not facts:
            return
        room = (WIDTH - 2 * EDGE - 10 * (len(facts) - 1)) / len(facts)
        for number, (name, value) in enumerate(facts):
            x = EDGE + number * (room + 10)
            self.canvas.setFillColor(PALE)
            self.canvas.roundRect(x, self.y - 46, room, 46, 4, stroke=0, fill=1)
            self._say(fitted(value, 16, room - 16, bold=True), x + 8, self.y - 21, 16, bold=True)
            self._say(fitted(name, 8, room - 16), x + 8, self.y - 37, 8, color=QUIET)
        self.y -= 62

    def _charts(self) -> None:
        charts = [chart for chart in self.report.charts if any(chart.values)]
        if not charts:
            return
        room = (WIDTH - 2 * EDGE - 20 * (len(charts) - 1)) / len(charts)
        for number, chart in enumerate(charts):
            self.missing += draw_chart(self.canvas, chart, EDGE + number * (room + 20), self.y - 190, room, 190)
        self.y -= 210

    # -- tables

    def table(self, table: Table) -> None:
        """A table with its title; the head comes again on every page."""
        places = _places(table.columns)
        if self.y < FOOT + 5 * LINE:
            self._turn()
        self._say(table.title, EDGE, self.y - 12, 12, bold=True)
        self.y -= 22
        self._head(table.columns, places)
        number = 0
        for number, row in enumerate(table.rows, 1):
            if self.y - LINE < FOOT:
                self._turn()
                self._head(table.columns, places)
            self._row(row, table.columns, places, is_dark=number % 2 == 0)
        if not number:
            self._say("Nothing in this period.", EDGE + 4, self.y - 11, SIZE, color=QUIET)
            self.y -= LINE
        elif table.total is not None:
            if self.y - LINE < FOOT:
                self._turn()
                self._head(table.columns, places)
            self._total(table.total, table.columns, places)
        self.y -= 18

    def _head(self, columns: Sequence[Column], places: Sequence[tuple[float, float]]) -> None:
        titles = [_wrapped(column.title, room - 8) for column, (_, room) in zip(columns, places, strict=True)]
        height = LINE + (max(map(len, titles)) - 1) * (SIZE + 1.5)
        self.canvas.setFillColor(INK)
        self.canvas.rect(EDGE, self.y - height, WIDTH - 2 * EDGE, height, stroke=0, fill=1)
        for column, lines, (x, room) in zip(columns, titles, places, strict=True):
            for number, line in enumerate(reversed(lines)):  # they stand on the line that they share
                text = fitted(line, SIZE, room - 8, bold=True)
                y = self.y - height + 5 + number * (SIZE + 1.5)
                self._say(text, _left(text, column, x, room, bold=True), y, SIZE, bold=True, color=PAPER)
        self.y -= height

    def _row(
        self, row: Row, columns: Sequence[Column], places: Sequence[tuple[float, float]], *, is_dark: bool
    ) -> None:
        if is_dark:
            self.canvas.setFillColor(PALE)
            self.canvas.rect(EDGE, self.y - LINE, WIDTH - 2 * EDGE, LINE, stroke=0, fill=1)
        for value, column, (x, room) in zip(row, columns, places, strict=True):
            if value is not None:
                text = fitted(self._shown(value, column), SIZE, room - 8)
                self.missing += self.cells.put(text, _left(text, column, x, room), self.y - 11)
        self.y -= LINE

    def _total(self, row: Row, columns: Sequence[Column], places: Sequence[tuple[float, float]]) -> None:
        self.canvas.setStrokeColor(INK)
        self.canvas.line(EDGE, self.y, WIDTH - EDGE, self.y)
        for value, column, (x, room) in zip(row, columns, places, strict=True):
            if value is not None:
                text = fitted(self._shown(value, column), SIZE, room - 8, bold=True)
                self._say(text, _left(text, column, x, room, bold=True), self.y - 12, SIZE, bold=True)
        self.y -= LINE

    def _shown(self, value: Any, column: Column) -> str:
        if column.kind == "hours":
            return f"{value:.2f}"
        if column.kind == "percent":
            return f"{100 * value:.0f} %"
        if isinstance(value, datetime):
            return f"{value.astimezone(self.zone):%Y-%m-%d}"  # on paper the day is enough
        return str(value)

    # -- pages

    def _turn(self) -> None:
        self.cells.draw()
        self._footer()
        self.canvas.showPage()
        self.page += 1
        self.y = HEIGHT - EDGE

    def close(self) -> None:
        """The last words."""
        if self.missing:
            words = f"{MISSING} stands for a character that this file cannot show; the CSV and Excel reports have it."
            if self.y < FOOT + LINE:
                self._turn()
            self._say(words, EDGE, self.y - 8, 8, color=QUIET)
        self.cells.draw()
        self._footer()
        self.canvas.save()

    def _footer(self) -> None:
        made = f"Made {self.report.made_at.astimezone(self.zone):%Y-%m-%d %H:%M} by FocusFlow"
        number = f"Page {self.page}"
        self.canvas.setStrokeColor(RULE)
        self.canvas.line(EDGE, FOOT - 8, WIDTH - EDGE, FOOT - 8)
        self._say(made, EDGE, FOOT - 20, 8, color=QUIET)
        self._say(number, WIDTH - EDGE - width(number, 8), FOOT - 20, 8, color=QUIET)

    def _say(self, text: str, x: float, y: float, size: float, *, bold: bool = False, color: HexColor = INK) -> None:
        self.missing += say(self.canvas, text, x, y, size, bold=bold, color=color)


class Cells:
    """The cells of a page, gathered and drawn at once: colour and font are set once, not for each of them."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._begin()

    def _begin(self) -> None:
        self._text = self._canvas.beginText(0, 0)
        self._text.setFillColor(INK)
        self._font = ""

    def put(self, text: str, x: float, y: float) -> int:
        """Add a cell's text; returns how many of its characters cannot be shown."""
        pieces, missing = runs(text)
        self._text.setTextOrigin(round(x, 1), round(y, 1))
        for piece in pieces:
            if piece.font != self._font:
                self._text.setFont(piece.font, SIZE)
                self._font = piece.font
            self._text.textOut(piece.text)
        return missing

    def draw(self) -> None:
        """Put the cells onto the page."""
        self._canvas.drawText(self._text)
        self._begin()


def _left(text: str, column: Column, x: float, room: float, *, bold: bool = False) -> float:
    """Where a cell's text begins: numbers stand on the right."""
    return x + room - 4 - width(text, SIZE, bold=bold) if column.kind in _RIGHT else x + 4


def say(
    canvas: Canvas, text: str, x: float, y: float, size: float, *, bold: bool = False, color: HexColor = INK
) -> int:
    """Draw a line of text, each piece in a font that has it; returns how many characters none has."""
    pieces, missing = runs(text, bold=bold)
    line = canvas.beginText(x, y)
    line.setFillColor(color)
    for piece in pieces:
        line.setFont(piece.font, size)
        line.textOut(piece.text)
    canvas.drawText(line)
    return missing


def _places(columns: Sequence[Column]) -> list[tuple[float, float]]:
    """Where each column begins, and how wide it is: its share, or more where it would be cut with less."""
    needed = [_needed(column) for column in columns]
    rooms: dict[int, float] = {}
    while True:
        free = [number for number in range(len(columns)) if number not in rooms]
        whole = sum(columns[number].width for number in free)
        share = (WIDTH - 2 * EDGE - sum(rooms.values())) / whole if free else 0.0
        tight = [number for number in free if columns[number].width * share < needed[number]]
        if not tight:
            rooms |= {number: columns[number].width * share for number in free}
            break
        rooms |= {number: needed[number] for number in tight}
    x, places = EDGE, []
    for number in range(len(columns)):
        places.append((x, rooms[number]))
        x += rooms[number]
    return places


def _needed(column: Column) -> float:
    """Room for the longest word of the title and for the longest usual value."""
    words = max(width(word, SIZE, bold=True) for word in column.title.split())
    return max(words, width(column.longest or _LONGEST.get(column.kind, ""), SIZE)) + 10


def _wrapped(title: str, room: float) -> list[str]:
    """A title in as many lines as it takes."""
    lines = [""]
    for word in title.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and width(longer, SIZE, bold=True) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
