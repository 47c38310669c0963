"""Bar charts, drawn with the report's own fonts: names lie beside lying bars, days under standing ones."""

from __future__ import annotations

import math

from reportlab.lib.colors import HexColor
from reportlab.pdfgen.canvas import Canvas

from reports.document import Chart
from reports.fonts import fitted, runs, width

INK, QUIET, BAR, RULE = HexColor("#1f2a44"), HexColor("#5b6785"), HexColor("#3867d6"), HexColor("#d9deea")
SMALL = 7.5
MOST_LYING = 12
"""With more labels the bars stand."""


def draw_chart(canvas: Canvas, chart: Chart, x: float, y: float, room: float, height: float) -> int:
    """Draw a chart into a box, given by its lower left corner; returns how many characters cannot be shown."""
    missing = _say(canvas, f"{chart.title} ({chart.unit})", x, y + height - 11, 10, bold=True, room=room)
    draw = _lying if len(chart.labels) <= MOST_LYING and not chart.is_of_days else _standing
    return missing + draw(canvas, chart, x, y, room, height - 24)


def _lying(canvas: Canvas, chart: Chart, x: float, y: float, room: float, height: float) -> int:
    names = min(room * 0.35, max(width(label, SMALL) for label in chart.labels) + 8)
    step = min(22.0, height / len(chart.labels))
    top = max(chart.values)
    missing = 0
    for number, (label, value) in enumerate(zip(chart.labels, chart.values, strict=True)):
        base = y + height - (number + 1) * step
        missing += _say(canvas, label, x, base + step / 2 - 3, SMALL, room=names - 6, color=QUIET)
        length = (room - names - 38) * value / top if top else 0
        canvas.setFillColor(BAR)
        canvas.rect(x + names, base + step * 0.18, max(length, 0.5), step * 0.64, stroke=0, fill=1)
        missing += _say(canvas, f"{value:.1f}", x + names + length + 4, base + step / 2 - 3, SMALL)
    return missing


def _standing(canvas: Canvas, chart: Chart, x: float, y: float, room: float, height: float) -> int:
    left, floor = 26.0, 16.0
    steps = _steps(max(chart.values))
    for mark in steps:
        line = y + floor + (height - floor) * mark / steps[-1]
        canvas.setStrokeColor(RULE)
        canvas.line(x + left, line, x + room, line)
        text = f"{mark:g}"
        _say(canvas, text, x + left - 5 - width(text, SMALL), line - 2.5, SMALL, color=QUIET)
    step = (room - left) / len(chart.values)
    canvas.setFillColor(BAR)
    for number, value in enumerate(chart.values):
        bar = (height - floor) * value / steps[-1]
        canvas.rect(x + left + step * (number + 0.15), y + floor, step * 0.7, bar, stroke=0, fill=1)
    every = max(1, math.ceil(len(chart.labels) * 44 / (room - left)))
    missing = 0
    for number in range(0, len(chart.labels), every):
        missing += _say(canvas, chart.labels[number][-5:], x + left + step * number, y + 3, SMALL, color=QUIET)
    return missing


def _steps(top: float) -> list[float]:
    """Marks of an axis: a few round numbers, the last at least the top."""
    raw = top / 4 or 0.25
    power = 10 ** math.floor(math.log10(raw))
    step = next(nice * power for nice in (1, 2, 2.5, 5, 10) if nice * power >= raw)
    return [step * number for number in range(math.ceil(top / step - 1e-9) + 1)] if top else [0, 1]


def _say(
    canvas: Canvas,
    text: str,
    x: float,
    y: float,
    size: float,
    *,
    bold: bool = False,
    room: float | None = None,
    color: HexColor = INK,
) -> int:
    shown = text if room is None else fitted(text, size, room, bold=bold)
    pieces, missing = runs(shown, bold=bold)
    canvas.setFillColor(color)
    for piece in pieces:
        canvas.setFont(piece.font, size)
        canvas.drawString(x, y, piece.text)
        x += canvas.stringWidth(piece.text, piece.font, size)
    return missing
