"""Fonts for PDFs: DejaVu Sans, embedded, and for Chinese, Japanese and Korean those that every PDF reader brings.

What none of them has is drawn as a hollow square and counted, so that a report can say so. Hebrew and Arabic are put
into the order in which they are drawn, Arabic letters in the shape that their neighbours ask for.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

from reports.writing import visual

_FOLDER = Path(__file__).parent / "fonts"
REGULAR, BOLD = "Daybook", "Daybook-Bold"
_FILES = {REGULAR: "DejaVuSans.ttf", BOLD: "DejaVuSans-Bold.ttf"}
_CHINESE, _JAPANESE, _KOREAN = "STSong-Light", "HeiseiKakuGo-W5", "HYGothic-Medium"
MISSING = "□"


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text in one font."""

    font: str
    text: str


@cache
def _faces() -> dict[str, frozenset[int]]:
    """Register the fonts; which characters each embedded one has."""
    covered = {}
    for name, file in _FILES.items():
        font = TTFont(name, str(_FOLDER / file))
        pdfmetrics.registerFont(font)
        covered[name] = frozenset(font.face.charToGlyph)
    for name in (_CHINESE, _JAPANESE, _KOREAN):
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    return covered


@lru_cache(maxsize=20_000)
def runs(text: str, *, bold: bool = False) -> tuple[tuple[Run, ...], int]:
    """A text as it is drawn, from left to right, and how many of its characters cannot be shown."""
    base = BOLD if bold else REGULAR
    covered = _faces()[base]
    if text.isascii() and text.isprintable():
        return (Run(base, text),), 0
    is_japanese = any("\u3040" <= letter <= "\u30ff" for letter in text)
    found: list[tuple[str, list[str]]] = []
    missing = 0
    for letter in visual(_plain(text)):
        font, shown = _font_of(letter, base, covered, is_japanese), letter
        if font is None:
            if unicodedata.category(letter) in ("Cf", "Mn", "Me"):
                continue  # joiners, variation selectors and marks on what is not shown either
            font, shown, missing = base, MISSING, missing + 1
        if found and found[-1][0] == font:
            found[-1][1].append(shown)
        else:
            found.append((font, [shown]))
    return tuple(Run(font, "".join(letters)) for font, letters in found), missing


@lru_cache(maxsize=50_000)
def width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a text is drawn."""
    if text.isascii() and text.isprintable():
        widths = _ascii_widths(BOLD if bold else REGULAR)
        return sum(widths[number] for number in text.encode()) * size
    return sum(pdfmetrics.stringWidth(run.text, run.font, size) for run in runs(text, bold=bold)[0])


@cache
def _ascii_widths(font: str) -> tuple[float, ...]:
    """How wide each ASCII character is at size 1: most text of a long table needs nothing else."""
    _faces()
    return tuple(pdfmetrics.stringWidth(chr(number), font, 1) if number >= 32 else 0.0 for number in range(128))


@lru_cache(maxsize=50_000)
def fitted(text: str, size: float, room: float, *, bold: bool = False) -> str:
    """The text, cut with an ellipsis where it is wider than the room."""
    if width(text, size, bold=bold) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if width(text[:middle].rstrip() + "…", size, bold=bold) <= room:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…"


def _font_of(letter: str, base: str, covered: frozenset[int], is_japanese: bool) -> str | None:
    number = ord(letter)
    if number in covered:
        return base
    if 0xAC00 <= number <= 0xD7A3 or 0x1100 <= number <= 0x11FF or 0x3130 <= number <= 0x318F:
        return _KOREAN
    if 0x3040 <= number <= 0x30FF or 0x31F0 <= number <= 0x31FF:
        return _JAPANESE
    if 0x3000 <= number <= 0x303F or 0x4E00 <= number <= 0x9FFF or 0xFF00 <= number <= 0xFFEF:
        return _JAPANESE if is_japanese else _CHINESE
    return None


def _plain(text: str) -> str:
    """One line, composed, without control characters."""
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    return "".join(letter for letter in composed if unicodedata.category(letter) not in ("Cc", "Cs", "Co"))
