"""What has expired goes piece by piece."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from models.clock import now
from models.db import session
from models.oauth_states import OAuthState
from models.users import KnownAddress
from tests.cast import Front, Person, transaction
from workers.housekeeping import tidy_up


def test_all_that_expired_goes_however_small_the_pieces_and_the_rest_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.expiry.PIECE", 2)
    with transaction():
        for _ in range(5):
            OAuthState.issue("login", "expiry-test")
        session.flush()
        old = session.scalars(select(OAuthState).where(OAuthState.provider == "expiry-test").limit(4))
        for each in old.all():
            each.expires_at = now() - timedelta(seconds=1)
    tidy_up.run()
    with transaction(reading=True):
        left = select(func.count()).select_from(OAuthState).where(OAuthState.provider == "expiry-test")
        assert session.scalar(left) == 1


def test_an_address_is_known_while_its_owner_logs_in_from_there(alice: Person) -> None:
    def ages() -> list[int]:
        with transaction(reading=True):
            rows = session.scalars(select(KnownAddress).where(KnownAddress.user_id == alice.id)).all()
            return sorted((now() - row.seen_at).days for row in rows)

    for front in (alice.front, Front("127.213.0.1")):
        Person(front, "", "", alice.email, {}).at("tymblok")
    with transaction():
        for row in session.scalars(select(KnownAddress).where(KnownAddress.user_id == alice.id)):
            row.seen_at = now() - timedelta(days=200)
    alice.at("tymblok")
    assert ages() == [0, 200]
    tidy_up.run()
    assert ages() == [0]
