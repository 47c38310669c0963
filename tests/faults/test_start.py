"""G6: in production no role starts with weak secrets, and nobody is there who was not made."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from settings import DEVELOPMENT_SECRET, ROOT, Settings
from tests.faults.stage import Stage

pytestmark = [pytest.mark.chaos, pytest.mark.brief]
GOOD = {
    "DAYBOOK_ENV": "production",
    "PUBLIC_URL": "https://daybook.example",
    "SECRET_KEY": "canary-of-sufficient-length-0123456789abcdef",
    "ENCRYPTION_KEYS": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "ARGON2_PROFILE": "standard",
}
WEAK = [
    ("SECRET_KEY", None), ("SECRET_KEY", DEVELOPMENT_SECRET), ("SECRET_KEY", "canary-too-short"),
    ("ENCRYPTION_KEYS", None),
]  # fmt: skip


def _start(folder: Path, role: str, **changed: str) -> subprocess.CompletedProcess[str]:
    """Start a role that must end by itself."""
    lines = (line.partition(":") for line in (ROOT / "Procfile").read_text().splitlines())
    command = {name: command for name, _, command in lines}[role]
    environment = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    return subprocess.run(
        [sys.executable, "-m", *shlex.split(command)], cwd=ROOT, env=environment | {"VAR_DIR": str(folder)} | changed,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(("role", "name", "value"), [("web", *each) for each in WEAK] + [("worker", *WEAK[0])])
def test_no_role_starts_weak(tmp_path: Path, role: str, name: str, value: str | None) -> None:
    settings = GOOD | ({name: value} if value else {})
    if value is None:
        del settings[name]
    end = _start(tmp_path, role, **settings)
    said = end.stdout + end.stderr
    assert end.returncode != 0
    assert name in said
    assert "canary" not in said
    assert "Traceback" not in said


def test_production_starts_with_good_ones_and_has_no_demo_account(stage: Stage) -> None:
    stage.serve(**GOOD)
    with pytest.raises(subprocess.CalledProcessError):
        stage.command("seed-demo", **GOOD)
    with stage.postgres.connect() as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (0,)
