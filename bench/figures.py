"""How every measurement reports what it saw: a line to read, and JSON where `--json FILE` or `BENCH_JSON` asks for it.

    options = figures.parser(__doc__, sqlite=True).parse_args()
    …
    figures.report("GET /blocks of a day", 1240, "req/s", beside=("bare view", 4300), at_least=0.28)
    figures.report("requests", 50, at_most=52)
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

JSON = "BENCH_JSON"


@dataclass(frozen=True)
class Figure:
    """One measured value; the bar is on the ratio where there is a yardstick, else on the value itself."""

    measurement: str
    name: str
    value: float
    unit: str = ""
    database: str = ""
    yardstick: float | None = None
    yardstick_name: str = ""
    ratio: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def holds(self) -> bool | None:
        """None where no bar is set."""
        if self.at_least is None and self.at_most is None:
            return None
        judged = self.value if self.ratio is None else self.ratio
        return not (self.at_least is not None and judged < self.at_least) and not (
            self.at_most is not None and judged > self.at_most
        )

    @property
    def bar(self) -> str:
        """'≥ 0.28', '≤ 3', both or nothing."""
        sides = (("≥", self.at_least), ("≤", self.at_most))
        return " ".join(f"{sign} {plain(side)}" for sign, side in sides if side is not None)

    @property
    def verdict(self) -> str:
        return {None: "", True: "ok", False: "MISSED"}[self.holds]

    @property
    def cells(self) -> tuple[str, ...]:
        """The columns of a table: name, value, yardstick, ratio, bar, verdict."""
        beside = f"{self.yardstick_name} {plain(self.yardstick)}" if self.yardstick is not None else ""
        ratio = f"{plain(self.ratio)}×" if self.ratio is not None else ""
        return self.name, f"{plain(self.value)} {self.unit}".strip(), beside, ratio, self.bar, self.verdict

    def __str__(self) -> str:
        name, value, beside, ratio, bar, verdict = self.cells
        return "   ".join(part for part in (f"{name}: {value}", beside, ratio, bar and f"bar {bar}", verdict) if part)


def report(
    name: str,
    value: float,
    unit: str = "",
    *,
    beside: tuple[str, float] | None = None,
    ratio: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Figure:
    """Print a figure and keep it; `beside` is the yardstick's name and value in the same unit and run.

    `ratio` is value ÷ yardstick unless given, as the median over rounds should be.
    """
    if beside is not None and ratio is None and beside[1]:
        ratio = value / beside[1]
    yardstick_name, yardstick = beside or ("", None)
    figure = Figure(_measurement(), name, value, unit, _database(), yardstick, yardstick_name, ratio, at_least, at_most)
    print(figure, flush=True)
    if os.environ.get(JSON):
        with Path(os.environ[JSON]).open("a") as file:
            file.write(json.dumps(asdict(figure) | {"holds": figure.holds}, ensure_ascii=False) + "\n")
    return figure


def parser(about: str | None, sqlite: bool = False) -> argparse.ArgumentParser:
    """A command's options: `--json`, and `--sqlite` where it can run on either database."""
    made = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    made.add_argument("--json", metavar="FILE", action=_Keep, help="append each figure as a line of JSON")
    if sqlite:
        made.add_argument("--sqlite", action="store_true", help="on SQLite, not PostgreSQL")
    return made


def plain(number: float | None) -> str:
    """Three digits that count, and no more."""
    if number is None:
        return ""
    if abs(number) >= 100 or number == int(number):
        return f"{number:,.0f}"
    return f"{number:.2f}" if abs(number) >= 1 else f"{number:.3g}"


def read(file: Path) -> list[Figure]:
    """The figures that `report` kept in a file."""
    lines = file.read_text().splitlines() if file.exists() else []
    return [of(json.loads(line)) for line in lines]


def of(kept: dict[str, Any]) -> Figure:
    """A figure from its JSON."""
    return Figure(**{key: value for key, value in kept.items() if key != "holds"})


class _Keep(argparse.Action):
    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        os.environ[JSON] = str(Path(values).resolve())
        Path(values).unlink(missing_ok=True)


def _measurement() -> str:
    return Path(sys.argv[0]).stem


def _database() -> str:
    return os.environ.get("DATABASE_URL", "").partition(":")[0].partition("+")[0]
