"""Credentials as JSON to be sealed, and back."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from connectors.base import Credentials


def credentials_to(credentials: Credentials) -> dict[str, Any]:
    """Credentials as JSON to be sealed."""
    value = asdict(credentials)
    value["extra"] = dict(credentials.extra)
    value["expires_at"] = credentials.expires_at.isoformat() if credentials.expires_at else None
    return value


def credentials_from(value: dict[str, Any]) -> Credentials:
    """Credentials from sealed JSON."""
    expires_at = value.get("expires_at")
    return Credentials(**{**value, "expires_at": datetime.fromisoformat(expires_at) if expires_at else None})
