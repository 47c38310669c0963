"""The gate: the web loads while the database is being prepared, and listens only once that is done."""

from __future__ import annotations

import os
import time
from pathlib import Path

VARIABLE = "DAYBOOK_GATE"
"""Names the file that stands for the open gate; where the variable is absent there is no gate."""


class Gate:
    """What the supervisor opens when the database is ready."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / "prepared").absolute()
        self._file.unlink(missing_ok=True)
        os.environ[VARIABLE] = str(self._file)

    def open(self) -> None:
        self._file.touch()


def wait() -> None:
    """Wait for the gate to open."""
    file = os.environ.get(VARIABLE)
    while file and not Path(file).exists():
        time.sleep(0.02)
