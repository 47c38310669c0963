"""Seconds as the contract's hours: two decimals, and parts that add up exactly to their whole."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def hours(seconds: int) -> float:
    """Hours, rounded to the second decimal."""
    return _hundredths(seconds) / 100


def hours_of_parts(parts: Sequence[int]) -> list[float]:
    """Hours for each part, so that their sum is `hours` of all; each is off by less than a hundredth."""
    total, shown = 0, []
    for seconds in parts:
        shown.append((_hundredths(total + seconds) - _hundredths(total)) / 100)
        total += seconds
    return shown


def average_hours(seconds: int, days: int) -> float:
    """Hours a day, cut after the second decimal, as the document cuts 12.5 ÷ 7 to 1.78."""
    return seconds * 100 // (3600 * days) / 100


def percentages(parts: Sequence[int]) -> list[int]:
    """Whole percents of the sum for each part, which add up to 100."""
    whole, total, shown = sum(parts), 0, []
    for part in parts:
        shown.append(_percent(total + part, whole) - _percent(total, whole))
        total += part
    return shown


def _hundredths(seconds: int) -> int:
    return int(Fraction(seconds, 36) + Fraction(1, 2))


def _percent(part: int, whole: int) -> int:
    return int(Fraction(100 * part, whole) + Fraction(1, 2)) if whole else 0
