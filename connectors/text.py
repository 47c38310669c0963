"""Provider text, made fit to be kept: no bytes that a database refuses, no addresses that a browser would run."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

TITLE = 500
DESCRIPTION = 4000
ADDRESS = 2000
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

_CONTROL = bytes(byte for byte in (*range(0x20), 0x7F) if byte not in b"\t\n\r")
_WITHOUT_CONTROL = dict.fromkeys(_CONTROL)
_LINK = re.compile(r"https?://[^\s\x00-\x1f\x7f\ud800-\udfff]+")


class Malformed(ValueError):
    """A member of a list that lacks what an item needs; it is counted and left out."""


def clean(value: object, limit: int = DESCRIPTION) -> str:
    """Text without control characters and lone surrogates, cut at `limit`; "" for what is no text."""
    if not isinstance(value, str):
        return ""
    text = value[: limit * 2]
    if not _is_fit(text):  # hardly ever
        text = text.translate(_WITHOUT_CONTROL).encode("utf-8", "replace").decode("utf-8")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _is_fit(text: str) -> bool:
    """Whether nothing needs to go; looking at the bytes takes a third of what a pattern takes."""
    try:
        plain = text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return len(plain.translate(None, _CONTROL)) == len(plain)


def title(value: object) -> str:
    """One line that says what it is about; a member without one is malformed."""
    line = " ".join(clean(value, TITLE).split())
    if not line:
        raise Malformed("no title")
    return line


def link(value: object) -> str | None:
    """A web address that may be shown as a link, or nothing."""
    return value if isinstance(value, str) and len(value) <= ADDRESS and _LINK.fullmatch(value) else None


def number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Malformed("no id")
    return value


def named(value: object) -> str:
    """An id that is text."""
    if not isinstance(value, str) or not clean(value, 200):
        raise Malformed("no id")
    return clean(value, 200)


def member(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed("not an object")
    return value


def instant(value: object) -> datetime:
    """An ISO 8601 moment with its offset, in UTC."""
    if not isinstance(value, str):
        raise Malformed("no time")
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise Malformed("a time without its offset")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Malformed("a time that cannot be read") from error


def moment(value: object) -> datetime:
    """The same where a time may be missing: then it is long ago."""
    try:
        return instant(value)
    except Malformed:
        return LONG_AGO


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
