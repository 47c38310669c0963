"""Tokens that say in themselves whose they are, so that a connection outlives a restart of the sandbox."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Literal

KEY = b"daybook-sandbox: not a secret"
MAC = 16

Use = Literal["access", "refresh", "bot"]


@dataclass
class Grant:
    """What one person allowed one app; all tokens of one consent belong to it."""

    id: str
    account: str
    client: str
    scopes: tuple[str, ...]
    is_revoked: bool = False
    expired_before: int = 0
    """Access tokens given out earlier than this (in ns) have expired before their time."""
    generation: int = 0
    """Which refresh token is the living one."""


@dataclass(frozen=True)
class Token:
    use: Use
    grant: Grant
    generation: int
    issued_at: int
    expires_at: int

    @property
    def is_expired(self) -> bool:
        if self.use == "access" and self.issued_at < self.grant.expired_before:
            return True
        return bool(self.expires_at and self.expires_at < time.time_ns())

    @property
    def account(self) -> str:
        return self.grant.account


@dataclass
class Tokens:
    """Mints and reads the tokens of one provider."""

    prefixes: dict[str, str]
    padding: int = 0
    grants: dict[str, Grant] = field(default_factory=dict)
    lock: Any = field(default_factory=threading.RLock)
    cuts: list[tuple[str, str | None, int]] = field(default_factory=list)
    """What was done to all tokens of an account (None: of all), and when: it holds for those not seen yet, too."""

    def grant(self, account: str, client: str, scopes: tuple[str, ...]) -> Grant:
        grant = Grant(secrets.token_hex(6), account, client, scopes)
        self.grants[grant.id] = grant
        return grant

    def mint(self, use: Use, grant: Grant, seconds: float | None = None, generation: int = 0) -> str:
        now = time.time_ns()
        expires_at = now + int(seconds * 1e9) if seconds else 0
        claims = [use, grant.id, grant.account, grant.client, " ".join(grant.scopes), generation, now, expires_at]
        text = base64.urlsafe_b64encode(json.dumps(claims, separators=(",", ":")).encode()).decode().rstrip("=")
        filling = "." + secrets.token_urlsafe(self.padding) if self.padding and use == "access" else ""
        text += filling
        return self.prefixes.get(use, "") + text + self._mac(text)

    def read(self, token: str | None) -> Token | None:
        """What a token says, revoked or expired as it may be; None where it is none of ours."""
        for prefix in self.prefixes.values():
            if token and token.startswith(prefix):
                text, mac = token[len(prefix) : -MAC], token[-MAC:]
                if hmac.compare_digest(self._mac(text).encode(), mac.encode("utf-8", "replace")):
                    return self._claims(text.partition(".")[0])
        return None

    def living(self, token: str | None, use: Use = "access") -> Token | None:
        """The token, where it may still be used."""
        found = self.read(token)
        if found is None or found.use != use or found.grant.is_revoked or found.is_expired:
            return None
        return found

    def of(self, account: str | None = None, client: str | None = None) -> list[Grant]:
        return [
            grant
            for grant in list(self.grants.values())
            if account in (None, grant.account) and client in (None, grant.client)
        ]

    def cut(self, deed: Literal["revoke", "expire"], account: str | None) -> list[Grant]:
        """Take back, or let expire, all tokens of an account (None: of everybody)."""
        now, grants = time.time_ns(), self.of(account)
        self.cuts.append((deed, account, now))
        for grant in grants:
            self.do(deed, grant, now)
        return grants

    def do(self, deed: str, grant: Grant, at: int) -> None:
        if deed == "revoke":
            grant.is_revoked = True
        else:
            grant.expired_before = at

    def _claims(self, text: str) -> Token:
        claims = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        use, id, account, client, scopes, generation, issued_at, expires_at = claims
        with self.lock:
            grant = self.grants.get(id)
            if grant is None:  # given out before the sandbox was restarted
                grant = self.grants[id] = Grant(id, account, client, tuple(scopes.split()), generation=generation)
                for deed, whose, at in self.cuts:
                    if whose in (None, account):
                        self.do(deed, grant, at)
        return Token(use, grant, generation, issued_at, expires_at)

    def _mac(self, text: str) -> str:
        digest = hmac.new(KEY, (repr(sorted(self.prefixes.items())) + text).encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[: MAC * 3 // 4]).decode()
