"""The walk in the README works to its last line, exactly as it stands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from settings import ROOT
from tests.databases import empty_database
from tests.product import Product

README = (ROOT / "README.md").read_text()


def walk() -> str:
    """The block of the chapter, without a change."""
    chapter = README.partition("## A walk through the main job\n")[2].partition("\n## ")[0]
    (block,) = re.findall(r"```sh\n(.*?)```", chapter, re.DOTALL)
    return block


def answers(text: str) -> Iterator[dict[str, Any]]:
    """JSON after JSON, as the walk shows it."""
    while text := text.strip():
        answer, end = json.JSONDecoder().raw_decode(text)
        yield answer
        text = text[end:]


@pytest.mark.slow
def test_the_walk_works_to_its_last_line(tmp_path: Path) -> None:
    with empty_database(tmp_path) as database, Product(tmp_path, DATABASE_URL=database) as product:
        product.wait_until_it_serves()
        walked = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", walk()], env=os.environ | {"DAYBOOK": product.url}, timeout=60,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert walked.returncode == 0, walked.stderr + product.log()
    arrived, completed = walked.stdout.splitlines()
    assert int(arrived.split()[0]) > 50
    item, block = (answer["data"] for answer in answers(walked.stderr))
    assert item[0]["source"] == "github" and block["title"] == item[0]["title"]
    assert block["externalUrl"] == item[0]["externalUrl"]
    done = json.loads(completed)["data"]
    assert done["id"] == block["id"] and done["isCompleted"] is True
    assert (datetime.now(UTC) - datetime.fromisoformat(done["completedAt"])).total_seconds() < 60


def test_the_walk_is_ten_lines_of_curl() -> None:
    lines = walk().splitlines()
    assert len(lines) <= 10 and sum("curl" in line for line in lines) >= 6
    assert all(len(line) < 170 for line in lines)


def test_the_commands_that_the_readme_names_are_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE)) <= targets


def test_the_files_that_the_documents_point_to_are_there() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} points to {target}"
