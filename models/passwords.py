"""Passwords: argon2id, a few at a time, and the same cost whether or not the account exists."""

from __future__ import annotations

from functools import lru_cache
from threading import BoundedSemaphore

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
_slots = BoundedSemaphore(2)  # a burst of logins may not take both cores from everybody else


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
        return _hasher.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Whether the password is the stored one. Without a stored one it takes as long and says no."""
    with _slots:
        try:
            _hasher.verify(stored or _decoy(), password)
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


@lru_cache(maxsize=1)
def _decoy() -> str:
    return _hasher.hash("no account has this password")
