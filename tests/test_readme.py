"""The README's walk, line by line as it stands there, against the product as `make run` starts it."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from settings import ROOT
from tests.product import Product

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="runs with the suite on SQLite, as the README does"),
]


def walk() -> str:
    readme = (ROOT / "README.md").read_text()
    chapter = readme.partition("## A walk through the main job")[2].partition("\n## ")[0]
    return chapter.partition("```sh\n")[2].partition("```")[0]


def test_the_walk_is_ten_lines() -> None:
    assert len(walk().strip().splitlines()) == 10


def test_the_walk_works_to_its_last_line(tmp_path: Path) -> None:
    product = Product(tmp_path)
    product.start()
    try:
        product.wait_until_it_serves()
        script = walk().replace("http://127.0.0.1:8000", product.url)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=120, check=False
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        assert "GitHub is connected" in said
        assert '"totalItems":182' in done.stderr
        assert '"isCompleted":true' in done.stdout.splitlines()[-1]
        assert '"totalMinutes":45' in done.stdout.splitlines()[-1]
    finally:
        product.stop()
        for process in product.processes():
            os.kill(process, signal.SIGKILL)
