"""Passwords: argon2id, a few at a time, and the same cost whether or not the account exists."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from threading import BoundedSemaphore
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from models.errors import Invalid
from settings import settings

LONGEST = 1024
"""Bytes. A longer one is refused rather than cut."""

# 19 MiB, two passes, one lane: 19 ms of one core. The test profile is refused in production.
_hasher = (
    PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
    if settings.argon2_profile == "standard"
    else PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
)
_slots = BoundedSemaphore(1)  # for each process: a burst of logins may not take all cores from everybody else
_run: Callable[[Callable[..., Any], tuple[Any, ...]], Any] = lambda work, given: work(*given)  # noqa: E731


def compute_by(run: Callable[[Callable[..., Any], tuple[Any, ...]], Any]) -> None:
    """Have hashes computed by `run(work, arguments)`: away from a thread that serves many at once."""
    global _run
    _run = run


def check_rules(password: str, field: str = "password", shortest: int = 8) -> None:
    """Refuse a password that is too short, too long or on the refused list. Errors: Invalid."""
    if len(password) < shortest:
        raise Invalid({field: [f"Password must be at least {shortest} characters"]})
    if len(password.encode()) > LONGEST:
        raise Invalid({field: [f"Password must be at most {LONGEST} bytes"]})
    if password.casefold() in settings.refused_passwords:
        raise Invalid({field: ["This password is too common"]})


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    with _slots:
        return str(_run(_hasher.hash, (password,)))


def verify_password(stored: str | None, password: str) -> bool:
    """Whether the password is the stored one. Without a stored one it takes as long and says no."""
    with _slots:
        is_right = _run(_is_right, (stored or _decoy(), password))
    return bool(is_right) and stored is not None


def _is_right(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


@lru_cache(maxsize=1)
def _decoy() -> str:
    return _hasher.hash("no account has this password")
