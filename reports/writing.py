"""Scripts that run from right to left, as a printer needs them: letters in their joined shapes, in drawing order."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_RIGHT = ("R", "AL")
_KEEPS = ("EN", "AN", "ES", "ET", "CS")
_FORMS = ("isolated", "final", "initial", "medial")
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")
_TRANSPARENT = "Mn"


def visual(text: str) -> str:
    """A line in the order in which it is drawn from left to right. Text without such letters stays as it is."""
    if not any(unicodedata.bidirectional(letter) in _RIGHT for letter in text):
        return text
    spans = _spans(_joined(text))
    if unicodedata.bidirectional(_first_strong(text)) in _RIGHT:
        spans.reverse()
    return "".join(_turned(span) if is_right else span for is_right, span in spans)


def _first_strong(text: str) -> str:
    return next(letter for letter in text if unicodedata.bidirectional(letter) in ("L", *_RIGHT))


def _spans(text: str) -> list[tuple[bool, str]]:
    """The line in spans of one direction; what has none goes with its neighbours, or with what stands before it."""
    spans: list[tuple[bool, str]] = []
    base = unicodedata.bidirectional(_first_strong(text)) in _RIGHT
    waiting = ""
    for letter in text:
        kind = unicodedata.bidirectional(letter)
        if kind not in ("L", *_RIGHT, *(_KEEPS if spans else ())):
            waiting += letter
            continue
        is_right = kind in _RIGHT or (kind in _KEEPS and bool(spans) and spans[-1][0])
        if spans and spans[-1][0] == is_right:
            spans[-1] = (is_right, spans[-1][1] + waiting + letter)
        else:
            if waiting:
                spans.append((base, waiting))
            spans.append((is_right, letter))
        waiting = ""
    if waiting:
        spans.append((base, waiting))
    return spans


def _turned(span: str) -> str:
    """A span from right to left, with the numbers in it still from left to right."""
    turned = span[::-1].translate(_MIRRORED)
    return re.sub(r"\d[\d.,:/%-]*", lambda number: number[0][::-1], turned)


def _joined(text: str) -> str:
    """Arabic letters in the shape that their neighbours ask for."""
    shapes = _shapes()
    letters = list(text)
    joining = [index for index, letter in enumerate(letters) if unicodedata.category(letter) != _TRANSPARENT]
    shaped = {}
    for place, index in enumerate(joining):
        own = shapes.get(letters[index])
        if own is None:
            continue
        before = letters[joining[place - 1]] if place else ""
        after = letters[joining[place + 1]] if place + 1 < len(joining) else ""
        joins_before = "final" in own and "initial" in shapes.get(before, {})
        joins_after = "initial" in own and "final" in shapes.get(after, {})
        form = _FORMS[joins_before + 2 * joins_after]
        shaped[index] = own.get(form) or own.get("isolated") or letters[index]
    return "".join(shaped.get(index, letter) for index, letter in enumerate(letters))


@cache
def _shapes() -> dict[str, dict[str, str]]:
    """Letter → its shapes, as Unicode's presentation forms name them."""
    found: dict[str, dict[str, str]] = {}
    for number in (*range(0xFB50, 0xFDFF), *range(0xFE70, 0xFEFF)):
        form, _, letters = unicodedata.decomposition(chr(number)).partition(" ")
        if form.strip("<>") in _FORMS and len(letters) == 4:
            found.setdefault(chr(int(letters, 16)), {}).setdefault(form.strip("<>"), chr(number))
    return found
