"""Sealed values: provider credentials and mailed secrets are unreadable in the database and its dumps."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from settings import settings


class Unreadable(Exception):
    """A sealed value that none of the keys opens, or that was sealed for somebody else."""


@lru_cache(maxsize=1)
def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.fernet_keys])


def seal(value: Any, purpose: str) -> str:
    """Encrypt JSON with the newest key. `purpose` names what and whose it is: it opens nowhere else."""
    return _fernet().encrypt(json.dumps([purpose, value]).encode()).decode()


def unseal(sealed: str, purpose: str) -> Any:
    """The value that was sealed. Errors: Unreadable."""
    try:
        stored_for, value = json.loads(_fernet().decrypt(sealed.encode()))
    except (InvalidToken, ValueError) as error:
        raise Unreadable("sealed with a key that is not known here") from error
    if stored_for != purpose:
        raise Unreadable("sealed for another purpose")
    return value


def is_newest(sealed: str) -> bool:
    """Whether a value is sealed with the newest key."""
    try:
        Fernet(settings.fernet_keys[0]).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def reseal(sealed: str) -> str:
    """The same value under the newest key. Errors: Unreadable."""
    try:
        return _fernet().rotate(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unreadable("sealed with a key that is not known here") from error
