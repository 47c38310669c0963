"""Access tokens: HS256 JWTs, each for the contract that issued it, signed with the newest key of the ring."""

from __future__ import annotations

import hashlib
import secrets
import time
import uuid
from collections import OrderedDict
from functools import lru_cache
from typing import Any

import jwt

from models.clock import now
from models.errors import TokenExpired, TokenInvalid
from settings import settings

ISSUER = "daybook"


@lru_cache(maxsize=1)
def _keys() -> dict[str, str]:
    """Signing keys by `kid`, the newest first."""
    return {hashlib.sha256(key.encode()).hexdigest()[:8]: key for key in settings.secret_key}


def issue_access(contract: str, login_uid: uuid.UUID, user_uid: uuid.UUID, seconds: int) -> str:
    """A signed access token for one login, good at one contract for so many seconds."""
    issued = int(now().timestamp())
    claims = {
        "iss": ISSUER,
        "aud": contract,
        "sub": str(user_uid),
        "sid": str(login_uid),
        "typ": "access",
        "iat": issued,
        "exp": issued + seconds,
        "jti": secrets.token_hex(8),
    }
    kid, key = next(iter(_keys().items()))
    return jwt.encode(claims, key, algorithm="HS256", headers={"kid": kid})


_read: OrderedDict[tuple[str, str], dict[str, Any]] = OrderedDict()
_MOST_READ = 10_000


def read_access(token: str, contract: str) -> dict[str, Any]:
    """The claims of an access token. Errors: TokenExpired, TokenInvalid.

    A token's signature is checked once in each process: that costs as much as a query. Whether its login still
    stands is asked with every request, by `logins.caller_of`.
    """
    claims = _read.get((token, contract))
    if claims is None:
        claims = _decode(token, contract)
        _read[token, contract] = claims
        if len(_read) > _MOST_READ:
            _read.popitem(last=False)
    if claims["exp"] <= time.time():
        raise TokenExpired
    return claims


def _decode(token: str, contract: str) -> dict[str, Any]:
    if len(token) > 4096:
        raise TokenInvalid
    try:
        key = _keys()[jwt.get_unverified_header(token)["kid"]]
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["HS256"],
            audience=contract,
            issuer=ISSUER,
            options={"require": ["iss", "aud", "sub", "sid", "typ", "iat", "exp", "jti"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise TokenExpired from error
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError) as error:
        raise TokenInvalid from error
    if claims["typ"] != "access":
        raise TokenInvalid
    return claims


def digest(token: str) -> str:
    """How a random token is stored: its SHA-256, since 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
