"""Every measurement of this folder, one after the other: `python -m bench [NAME …]`, or `make bench`.

A measurement is a file here with a `main`. `RUNS` in it lists the arguments of each of its runs (once without any where
it says nothing), as `([], ["--sqlite"])`. One that crashes is shown as such and the rest go on. The figures end as one
table here and as JSON in var/bench/.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench import figures

HERE = Path(__file__).resolve().parent
KEPT = HERE.parent / "var" / "bench"
LONGEST = 900
"""Seconds after which a measurement counts as crashed."""


@dataclass
class Run:
    """One measurement with its arguments, and what came of it."""

    name: str
    arguments: list[str]
    seconds: float = 0.0
    figures: list[figures.Figure] = field(default_factory=list)
    crash: str = ""

    def __str__(self) -> str:
        return " ".join([self.name, *self.arguments])

    def measure(self) -> None:
        """In a process of its own, whose output is shown as it comes."""
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            kept = Path(folder) / "figures"
            command = [sys.executable, "-m", f"bench.{self.name}", *self.arguments]
            try:
                done = subprocess.run(
                    command, cwd=HERE.parent, env=os.environ | {figures.JSON: str(kept)}, timeout=LONGEST, check=False
                )
                self.crash = f"ended with {done.returncode}" if done.returncode else ""
            except subprocess.TimeoutExpired:
                self.crash = f"not done after {LONGEST} s"
            self.figures = figures.read(kept)
        self.seconds = time.monotonic() - began


def measurements(only: list[str]) -> Iterator[Run]:
    """What the folder holds, in order of name."""
    for file in sorted(HERE.glob("[a-z]*.py")):
        content = ast.parse(file.read_text())
        names = {node.name for node in content.body if isinstance(node, ast.FunctionDef)}
        if "main" not in names or (only and file.stem not in only):
            continue
        for arguments in runs(content):
            yield Run(file.stem, list(arguments))


def runs(content: ast.Module) -> list[list[str]]:
    """A measurement's `RUNS`, read without importing it."""
    for node in content.body:
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == "RUNS" for to in node.targets):
            return list(ast.literal_eval(node.value))
    return [[]]


def table(done: list[Run]) -> Iterator[str]:
    """The lines of one table over all runs."""
    rows = [("", "figure", "value", "beside", "ratio", "bar", "")]
    for run in done:
        for figure in run.figures:
            rows.append((f"{figure.measurement} {figure.database}".strip(), *figure.cells))
        if run.crash:
            rows.append((str(run), "CRASHED", run.crash, "", "", "", "CRASHED"))
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def keep(done: list[Run], at: datetime) -> Path:
    """All of it as one JSON document."""
    KEPT.mkdir(parents=True, exist_ok=True)
    file = KEPT / f"{at:%Y-%m-%d-%H%M%S}.json"
    content = {
        "measured_at": at.isoformat(),
        "machine": {"cores": os.cpu_count(), "processor": processor(), "python": platform.python_version()},
        "figures": [asdict(figure) | {"holds": figure.holds} for run in done for figure in run.figures],
        "crashed": [{"run": str(run), "why": run.crash} for run in done if run.crash],
        "seconds": {str(run): round(run.seconds, 1) for run in done},
    }
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    return file


def processor() -> str:
    """Its name where Linux tells."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("only", nargs="*", metavar="NAME", help="only these")
    parser.add_argument("--list", action="store_true", help="name them and end")
    options = parser.parse_args()
    at, done = datetime.now(UTC), list(measurements(options.only))
    unknown = set(options.only) - {run.name for run in done}
    if unknown:
        parser.error(f"no measurement of that name: {', '.join(sorted(unknown))}")
    if options.list:
        print("\n".join(map(str, done)))
        return 0
    for run in done:
        print(f"\n== {run}", flush=True)
        run.measure()
    print("\n" + "\n".join(table(done)))
    print(f"\n{keep(done, at).relative_to(HERE.parent)}: {sum(run.seconds for run in done):.0f} s in all")
    return 1 if any(run.crash for run in done) else 0


if __name__ == "__main__":
    sys.exit(main())
