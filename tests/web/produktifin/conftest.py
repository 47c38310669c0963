"""The cast at Produktifin's door."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cast import Person


@pytest.fixture
def alice(meet: Callable[..., Person]) -> Person:
    """The one whom a test is about, logged in at Produktifin."""
    return meet("alice").at("produktifin")


@pytest.fixture
def bob(meet: Callable[..., Person]) -> Person:
    """Somebody else, who must never see what is Alice's."""
    return meet("bob").at("produktifin")


@pytest.fixture
def in_new_york(meet: Callable[..., Person]) -> Person:
    """Somebody whose clocks change on 8 March and 1 November 2026."""
    return meet("nora", timezone="America/New_York").at("produktifin")
