"""What is pinned: every package exactly, and none older than the release that mended its last known hole."""

from __future__ import annotations

import re

import pytest

from settings import ROOT

FLOORS = {"authlib": (1, 6, 11), "werkzeug": (3, 0, 6)}
"""Advisories GHSA-fg6f-75jq-6523, GHSA-jj8c-mmj3-mmgv (login state not bound to the browser); GHSA-q34m-jh98-gwm2."""


def _pins(name: str) -> dict[str, str]:
    lines = [line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines()]
    return dict(line.partition(";")[0].strip().split("==") for line in lines if line)  # type: ignore[misc]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_package_is_pinned_exactly(name):
    pins = _pins(name)
    assert len(pins) > 50
    assert all(re.fullmatch(r"[0-9][0-9a-z.+]*", version) for version in pins.values())


def test_nothing_is_older_than_what_mended_its_last_known_hole():
    pins = _pins("requirements.txt")
    for package, floor in FLOORS.items():
        assert tuple(int(part) for part in pins[package].split(".")[:3]) >= floor, package


def test_development_runs_on_what_production_runs_on():
    production, development = _pins("requirements.txt"), _pins("requirements-dev.txt")
    assert {name: development[name] for name in production.keys() & development.keys()} == {
        name: production[name] for name in production.keys() & development.keys()
    }
