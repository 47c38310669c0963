"""What the sandbox's GitHub talks about: titles written by hand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Line:
    repository: str
    kind: str
    labels: tuple[str, ...]
    title: str
    is_asked: bool
    """The account is asked (a review, a mention) rather than assigned."""


@cache
def lines() -> tuple[Line, ...]:
    found, repository = [], ""
    for text in (HERE / "titles.txt").read_text("utf-8").splitlines():
        if text.startswith("["):
            repository = text.strip("[]")
        elif text and not text.startswith("#"):
            kind, labels, title = (part.strip() for part in text.split("|", 2))
            names = tuple(label.strip() for label in labels.split(","))
            found.append(Line(repository, kind.lstrip("@"), names, title, kind.startswith("@")))
    return tuple(found)
