"""Reading ahead: the same members, the next ones asked for while one is in use."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, current_thread

import pytest

from workers.ahead import ahead


class Pages:
    """Three pages from a provider, and what happened to them."""

    def __init__(self, breaks_at: int | None = None) -> None:
        self.breaks_at = breaks_at
        self.asked = [Event() for _ in range(4)]
        self.threads: set[str] = set()
        self.is_closed = Event()

    def __iter__(self) -> Iterator[int]:
        try:
            for number in range(3):
                self.threads.add(current_thread().name)
                self.asked[number].set()
                if number == self.breaks_at:
                    raise ConnectionError("broke off")
                yield number
        finally:
            self.is_closed.set()


def test_all_come_in_their_order():
    assert list(ahead(iter(Pages()))) == [0, 1, 2]
    assert list(ahead(iter([]))) == []


def test_what_comes_next_is_asked_for_while_one_is_in_use():
    pages = Pages()
    for number in ahead(iter(pages)):
        if number == 0:
            assert pages.asked[1].wait(5) and pages.asked[2].wait(5)
    assert len(pages.threads) == 1 and current_thread().name not in pages.threads


def test_an_error_comes_after_all_that_came_before():
    came = []
    with pytest.raises(ConnectionError):
        for number in ahead(iter(Pages(breaks_at=2))):
            came.append(number)
    assert came == [0, 1]


def test_what_is_left_early_is_closed():
    pages = Pages()
    source = iter(pages)  # held here, so that only closing it can end it
    for _ in ahead(source):
        break
    assert pages.is_closed.wait(5)


def test_who_leaves_early_does_not_wait_for_what_was_asked_for():
    goes_on, has_come = Event(), Event()

    def slow() -> Iterator[int]:
        yield 0
        goes_on.wait(30)
        has_come.set()
        yield 1

    for _ in ahead(slow()):
        break
    assert not has_come.is_set()
    goes_on.set()
