"""Consents that were asked for at a provider: the states that its answers come back with."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, ForeignKey, String, Text, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now
from models.db import Base, Record, session
from models.errors import NotFound
from models.seal import seal, unseal
from models.tokens import digest

STATE_LIFETIME = timedelta(minutes=10)


class OAuthState(Base):
    """A consent that was asked for and not yet given. One use, ten minutes, bound to provider and asker."""

    __tablename__ = "oauth_states"

    state_hash: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[str] = mapped_column(String(10))
    """`connect` or `login`."""
    provider: Mapped[str] = mapped_column(String(20))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    sealed_verifier: Mapped[str] = mapped_column(Text)
    redirect_uri: Mapped[str | None] = mapped_column(String(2000))
    browser_hash: Mapped[str | None] = mapped_column(String(64))
    """The sign that the browser was given which set out, where nobody is logged in yet."""
    expires_at: Mapped[datetime] = mapped_column(index=True)

    @classmethod
    def issue(
        cls,
        purpose: Literal["connect", "login"],
        provider: str,
        *,
        user_id: int | None = None,
        redirect_uri: str | None = None,
        browser: str | None = None,
    ) -> tuple[str, str]:
        """A new state for the provider's address, and the PKCE verifier that stays here."""
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        session.add(
            cls(
                state_hash=digest(state),
                purpose=purpose,
                provider=provider,
                user_id=user_id,
                sealed_verifier=seal(verifier, "oauth-verifier"),
                redirect_uri=redirect_uri,
                browser_hash=digest(browser) if browser else None,
                expires_at=now() + STATE_LIFETIME,
            )
        )
        return state, verifier

    @classmethod
    def look_up(cls, state: str, purpose: str, provider: str) -> Record | None:
        """A state that can still be spent: redirect_uri and browser_hash."""
        return session.execute(
            select(cls.redirect_uri, cls.browser_hash).where(*cls._living(state, purpose, provider))
        ).first()

    @classmethod
    def spend(cls, state: str, purpose: str, provider: str) -> tuple[Record, str]:
        """Use a state up: its row (user_id, redirect_uri, browser_hash) and the verifier. Errors: NotFound."""
        row = session.execute(
            delete(cls)
            .where(*cls._living(state, purpose, provider))
            .returning(cls.user_id, cls.redirect_uri, cls.browser_hash, cls.sealed_verifier)
        ).first()
        if row is None:
            raise NotFound("This request for consent is unknown, used or too old")
        return row, unseal(row.sealed_verifier, "oauth-verifier")

    @classmethod
    def _living(cls, state: str, purpose: str, provider: str) -> tuple[ColumnElement[bool], ...]:
        return (
            cls.state_hash == digest(state),
            cls.purpose == purpose,
            cls.provider == provider,
            cls.expires_at > now(),
        )
