"""A report as an Excel workbook: an overview with native charts, and the tables. Rows go to disk as they come."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from reports.document import Chart, Column, Kind, Report, Table

INK, BAR, PALE = "#1f2a44", "#3867d6", "#eef2fb"
_NUMBERS: dict[Kind, str] = {
    "text": "@",
    "count": "0",
    "hours": "0.00",
    "percent": "0%",
    "day": "yyyy-mm-dd",
    "moment": "yyyy-mm-dd hh:mm",
}
_WIDEST = 40
_CHART_ROWS = 17


def write(report: Report, path: str) -> None:
    """Write the workbook to a file."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    workbook = Workbook(path, {**options, "default_date_format": "yyyy-mm-dd"})
    workbook.set_properties({"title": f"{report.title} – {report.organization}", "author": "FocusFlow"})
    look = _Look(workbook, ZoneInfo(report.zone))
    _write_overview(workbook, look, report)
    for table in (*report.summaries, report.main):
        _write_table(workbook, look, table)
    workbook.close()


class _Look:
    """The formats of a workbook, each made once."""

    def __init__(self, workbook: Workbook, zone: ZoneInfo) -> None:
        self.zone = zone
        self.title: Format = workbook.add_format({"bold": True, "font_size": 18, "font_color": INK})
        self.quiet: Format = workbook.add_format({"font_color": "#5b6785"})
        self.head: Format = workbook.add_format(
            {"bold": True, "font_color": "white", "bg_color": INK, "valign": "vcenter", "text_wrap": True}
        )
        self.right_head: Format = workbook.add_format(
            {
                "bold": True, "font_color": "white", "bg_color": INK, "valign": "vcenter", "align": "right",
                "text_wrap": True,
            }
        )  # fmt: skip
        self.fact: Format = workbook.add_format({"bold": True, "font_size": 12, "font_color": INK, "align": "left"})
        self.cells: dict[Kind, Format] = {
            kind: workbook.add_format({"num_format": form}) for kind, form in _NUMBERS.items()
        }
        self.sums: dict[Kind, Format] = {
            kind: workbook.add_format({"num_format": form, "bold": True, "top": 1, "top_color": INK})
            for kind, form in _NUMBERS.items()
        }

    def put(
        self, sheet: Worksheet, row: int, column: int, value: Any, kind: Kind, *, is_total: bool = False
    ) -> None:
        """Write one cell as what it is; text is never read as a formula, a number or an address."""
        cell = (self.sums if is_total else self.cells)[kind]
        if value is None:
            sheet.write_blank(row, column, None, cell)
        elif kind == "text":
            sheet.write_string(row, column, str(value)[:32_000], cell)
        elif kind == "moment":
            local: datetime = value.astimezone(self.zone).replace(tzinfo=None)
            sheet.write_datetime(row, column, local, cell)
        elif kind == "day":
            sheet.write_datetime(row, column, datetime(value.year, value.month, value.day), cell)  # noqa: DTZ001
        else:
            sheet.write_number(row, column, value, cell)


def _write_overview(workbook: Workbook, look: _Look, report: Report) -> None:
    sheet = workbook.add_worksheet("Overview")
    sheet.hide_gridlines(2)
    _set_paper(sheet)
    sheet.set_column(0, 0, 40)
    sheet.set_column(1, 1, 16)
    sheet.write_string(0, 0, report.title, look.title)
    sheet.write_string(1, 0, f"{report.organization}, {report.period} ({report.zone})", look.quiet)
    row = 3
    for name, value in report.facts:
        sheet.write_string(row, 0, name, look.quiet)
        sheet.write_string(row, 1, value, look.fact)
        row += 1
    row += 1
    top = 3
    for chart in report.charts:
        row = _write_chart(workbook, sheet, look, chart, row, top)
        top += _CHART_ROWS


def _write_chart(workbook: Workbook, sheet: Worksheet, look: _Look, chart: Chart, row: int, top: int) -> int:
    """Write a chart's numbers below each other and the chart beside them; returns the next free row."""
    sheet.write_string(row, 0, chart.title, look.head)
    sheet.write_string(row, 1, chart.unit, look.right_head)
    start = row + 1
    for number, (label, value) in enumerate(zip(chart.labels, chart.values, strict=True)):
        sheet.write_string(start + number, 0, label)
        sheet.write_number(start + number, 1, value, look.cells["hours"])
    end = start + max(1, len(chart.labels)) - 1
    drawn = workbook.add_chart({"type": "column" if chart.is_of_days else "bar"})
    drawn.add_series(
        {
            "name": chart.title,
            "categories": ["Overview", start, 0, end, 0],
            "values": ["Overview", start, 1, end, 1],
            "fill": {"color": BAR},
            "gap": 60,
        }
    )
    drawn.set_title({"name": chart.title, "name_font": {"size": 12, "color": INK}})
    drawn.set_legend({"none": True})
    values = {"name": chart.unit, "major_gridlines": {"visible": True, "line": {"color": "#d9deea"}}, "min": 0}
    if chart.is_of_days:
        drawn.set_y_axis(values)
    else:  # names need room to be read; the first of them on top
        drawn.set_x_axis(values)
        drawn.set_y_axis({"reverse": True, "interval_unit": 1, "num_font": {"size": 8}})
    drawn.set_size({"width": 760, "height": 320})
    sheet.insert_chart(top, 3, drawn)
    return end + 2


def _write_table(workbook: Workbook, look: _Look, table: Table) -> None:
    sheet = workbook.add_worksheet(table.title[:31])
    for number, column in enumerate(table.columns):
        sheet.set_column(number, number, _width(column))
    _set_paper(sheet)
    sheet.repeat_rows(0)
    sheet.freeze_panes(1, 0)
    sheet.set_row(0, 20)
    for number, column in enumerate(table.columns):
        head = look.right_head if column.kind in ("count", "hours", "percent") else look.head
        sheet.write_string(0, number, _headed(column, look), head)
    last = 0
    for last, row in enumerate(table.rows, 1):
        for number, (value, column) in enumerate(zip(row, table.columns, strict=True)):
            look.put(sheet, last, number, value, column.kind)
    sheet.autofilter(0, 0, last, len(table.columns) - 1)
    if table.total is not None and last:
        # A row apart, or sorting and filtering would take the sum for one more row.
        for number, (value, column) in enumerate(zip(table.total, table.columns, strict=True)):
            look.put(sheet, last + 2, number, value, column.kind, is_total=True)


def _set_paper(sheet: Worksheet) -> None:
    """As wide as one A4 page across, for those who print."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _width(column: Column) -> float:
    """In characters; a moment takes sixteen."""
    return min(_WIDEST, max(17.0 if column.kind == "moment" else 11.0, len(column.title) + 3.0, column.width * 12))


def _headed(column: Column, look: _Look) -> str:
    return f"{column.title} ({look.zone.key})" if column.kind == "moment" else column.title
