"""Wrong passwords: at most ten a minute are looked at for one account, wherever they come from."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from sqlalchemy import String, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from models.clock import now
from models.db import Base, session
from models.errors import InvalidCredentials, TooMany
from models.expiry import drop
from models.passwords import verify_password
from models.users import KnownAddress, User, email_key
from settings import settings

PER_MINUTE = 10
KNOWN_FOR = timedelta(days=180)
"""How long an address stays known without a login from it."""


class Guess(Base):
    """How many passwords were tried for one e-mail address since `began_at`. Unknown addresses count alike."""

    __tablename__ = "guesses"

    account_hash: Mapped[str] = mapped_column(String(64), unique=True)
    began_at: Mapped[datetime] = mapped_column(default=now, index=True)
    count: Mapped[int] = mapped_column(default=0)


def log_in(email: str, password: str, address: str) -> User:
    """The account that this e-mail address and password open. Errors: InvalidCredentials, TooMany.

    The try is counted and committed before the password is looked at, so parallel guesses cannot slip through, and
    no transaction is open while the hash is computed.
    """
    account = _keyed(email_key(email))
    user = User.by_email(email)
    wait = _count(account)
    if wait and not (user and _known(user, address)):
        session.commit()
        raise TooMany("Too many login attempts", wait)
    stored = user.password_hash if user else None
    session.commit()
    if not verify_password(stored, password) or user is None:
        raise InvalidCredentials
    session.execute(delete(Guess).where(Guess.account_hash == account))
    _remember(user, address)
    return user


def confirm(user: User, password: str) -> None:
    """Somebody who is logged in proves to be the owner. Errors: InvalidCredentials, TooMany.

    Counted apart from logging in, so that strangers who guess there cannot keep the owner from a new password.
    """
    account = _keyed(f"confirm:{user.email_key}")
    wait = _count(account)
    session.commit()
    if wait:
        raise TooMany("Too many attempts", wait)
    if not verify_password(user.password_hash, password):
        raise InvalidCredentials("The current password is incorrect")
    session.execute(delete(Guess).where(Guess.account_hash == account))


def _count(account: str) -> float:
    """Count one try; seconds to wait where there were too many."""
    minute_ago = now() - timedelta(minutes=1)
    session.execute(
        update(Guess)
        .where(Guess.account_hash == account, Guess.began_at <= minute_ago)
        .values(began_at=now(), count=0)
    )
    row = session.execute(
        update(Guess)
        .where(Guess.account_hash == account)
        .values(count=Guess.count + 1)
        .returning(Guess.count.label("tries"), Guess.began_at)
    ).first()
    if row is None:
        try:
            with session.begin_nested():
                session.add(Guess(account_hash=account, count=1))
        except IntegrityError:  # another first try at the same moment
            return _count(account)
        return 0
    if row.tries <= PER_MINUTE:
        return 0
    return max(1.0, 60 - (now() - row.began_at).total_seconds())


def _known(user: User, address: str) -> KnownAddress | None:
    wanted = select(KnownAddress).where(KnownAddress.user_id == user.id, KnownAddress.address_hash == _keyed(address))
    return session.scalar(wanted.limit(1))


def _remember(user: User, address: str) -> None:
    known = _known(user, address)
    if known is None:
        session.add(KnownAddress(user_id=user.id, address_hash=_keyed(address)))
    elif known.seen_at < now() - timedelta(days=1):
        known.seen_at = now()


def forget_old_guesses() -> int:
    """Drop counts of past minutes; returns how many."""
    return drop(Guess, Guess.began_at < now() - timedelta(minutes=5))


def forget_old_addresses() -> int:
    """Drop addresses from which nobody has logged in for long; returns how many."""
    return drop(KnownAddress, KnownAddress.seen_at < now() - KNOWN_FOR)


def forget_guesses(email: str) -> None:
    """Drop the count of an account that is no more."""
    session.execute(delete(Guess).where(Guess.account_hash == _keyed(email_key(email))))


def _keyed(text: str) -> str:
    """A hash that tells nothing without the server's key; addresses and e-mails are too few to hash plainly."""
    return hmac.new(settings.secret_key[-1].encode(), text.encode(), hashlib.sha256).hexdigest()
