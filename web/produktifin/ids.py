"""Ids on the wire: a prefix that says what it is, and the uid in hexadecimal."""

from __future__ import annotations

import re
import uuid

from models.errors import NotFound

_HEX = re.compile(r"[0-9a-f]{32}", re.ASCII)
_WHAT = {"sess_": "Session not found", "task_": "Task not found", "cal_": "Event not found"}


def write_id(prefix: str, uid: uuid.UUID) -> str:
    """`sess_` and a uid as one id."""
    return prefix + uid.hex


def read_id(prefix: str, text: str) -> uuid.UUID:
    """The uid in an id of that kind. Errors: NotFound, since an id that was never given out names nothing."""
    digits = text.removeprefix(prefix)
    if digits == text or not _HEX.fullmatch(digits):
        raise NotFound(_WHAT[prefix])
    return uuid.UUID(digits)
