"""What a tick of the beat would announce."""

from __future__ import annotations

from models import db
from models.integrations import claim_due


def due() -> list[int]:
    """The accounts whose sync is due; whoever asks has claimed them for a minute."""
    with db.transaction():
        return claim_due(1000)
