"""Imports look down only: wsgi → web → workers → celery_app → models | connectors → settings."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAY_USE = {
    "settings": set(),
    "logs": {"settings"},
    "connectors": {"settings"},
    "models": {"settings"},
    "celery_app": {"models", "settings", "logs", "workers"},  # workers by name alone, for the beat table
    "reports": set(),
    "workers": {"celery_app", "models", "connectors", "reports", "settings"},
    "web": {"workers", "models", "connectors", "reports", "settings", "logs"},
    "wsgi": {"web", "models", "workers", "settings", "logs"},
    "sandbox": set(),
}
CONTRACTS = {"tymblok", "focusflow", "produktifin", "pomodoro_timer", "flow_sudoku"}
FRAMEWORKS = {"flask", "flask_smorest", "marshmallow"}


def imports() -> Iterator[tuple[Path, str]]:
    for path in [*ROOT.glob("*.py"), *(p for layer in MAY_USE for p in (ROOT / layer).rglob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            yield from ((path.relative_to(ROOT), name) for name in names)


def test_imports_look_down_only() -> None:
    wrong = []
    for path, name in imports():
        layer, target = path.parts[0].removesuffix(".py"), name.partition(".")[0]
        if layer in MAY_USE and target in MAY_USE and target != layer and target not in MAY_USE[layer]:
            wrong.append(f"{path} imports {name}")
    assert not wrong


def test_flask_and_marshmallow_stay_under_web() -> None:
    outside = {"settings", "models", "connectors", "workers", "celery_app"}
    assert not [
        f"{path} imports {name}"
        for path, name in imports()
        if path.parts[0].removesuffix(".py") in outside and name.partition(".")[0] in FRAMEWORKS
    ]


def test_a_contract_never_imports_another() -> None:
    assert not [
        f"{path} imports {name}"
        for path, name in imports()
        if path.parts[0] == "web"
        and len(path.parts) > 2
        and name.startswith("web.")
        and name.split(".")[1] in CONTRACTS - {path.parts[1]}
    ]


def test_the_core_asks_for_no_contract_by_name() -> None:
    names = {name.replace("_", "-") for name in CONTRACTS}
    assert not [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / "models").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in names
    ]
