"""Many people at once, each with an account of his own at the sandbox, connected without a browser."""

from __future__ import annotations

import httpx

ITEMS = 3
"""What each has at the provider."""


def settle(base: str, count: int, name: str = "crowd", items: int = ITEMS) -> list[int]:
    """So many people with a connected GitHub that was never synced; the integrations' numbers."""
    import models.tables  # noqa: F401  # settings are read when the first of these is imported
    from connectors.base import Credentials
    from models import db
    from models.integrations import Integration
    from models.users import User
    from workers.credentials import credentials_to

    numbers = []
    with httpx.Client(base_url=f"{base}/github/_control", timeout=60, trust_env=False) as control:
        people = control.post("/accounts", json={"key": name, "count": count, "name": "Crowd"}).raise_for_status()
        for person in people.json():
            given = control.post("/tokens", json={"account": person["key"]}).raise_for_status().json()
            control.post("/items", json={"account": person["key"], "count": items}).raise_for_status()
            credentials = Credentials(given["access_token"], scope=given["scope"])
            with db.transaction():
                integration = Integration.connect(
                    User.register(f"{person['key']}@example.com", "SecurePass123!"),
                    "github",
                    account=str(person["number"]),
                    username=person["login"] or person["key"],
                    avatar_url=None,
                    credentials=credentials_to(credentials),
                    expires_at=None,
                )
                integration.next_sync_at = integration.announce_at = None
                numbers.append(integration.id)
    return numbers


def make_due(numbers: list[int]) -> None:
    """All of them at once, from now on."""
    from sqlalchemy import update

    from models import db
    from models.clock import now
    from models.integrations import Integration

    with db.transaction():
        at_once = {"next_sync_at": now(), "announce_at": now()}
        db.session.execute(update(Integration).where(Integration.id.in_(numbers)).values(at_once))
