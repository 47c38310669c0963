"""The exchange of codes and refresh tokens for tokens, and their revocation, shared by all providers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal
from urllib.parse import unquote

from flask import Response, g, request

from sandbox.reply import reply
from sandbox.tokens import Grant, Tokens

CODE_SECONDS = 600


@dataclass
class Code:
    """An authorization code, good for one exchange."""

    client: str
    account: str
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str | None
    parameters: dict[str, str]
    expires_at: float = field(default_factory=lambda: time.time() + CODE_SECONDS)
    grant: Grant | None = None
    """Set once it was exchanged; who comes again loses these tokens."""


class Refused(Exception):
    """The exchange is refused; `error` is an OAuth error code."""

    def __init__(self, error: str, description: str = "", status: int = 400) -> None:
        super().__init__(description or error)
        self.error = error
        self.description = description
        self.status = status


class Exchange:
    """The token endpoint of one provider; the class attributes say how it differs from the others."""

    prefixes: ClassVar[dict[str, str]]
    padding: ClassVar[int] = 0
    token_paths: ClassVar[tuple[str, ...]] = ("/oauth/token",)
    revoke_paths: ClassVar[tuple[str, ...]] = ()
    required: ClassVar[tuple[str, ...]] = ("response_type", "redirect_uri")
    client_authentication: ClassVar[tuple[str, ...]] = ("basic", "post")
    body_types: ClassVar[tuple[str, ...]] = ("form", "json")
    refresh: ClassVar[Literal["none", "stay", "rotate"]] = "none"

    access_seconds: float | None = None

    def __init__(self, stand: Any) -> None:
        self.stand = stand
        # The second app lets a test show that codes and tokens belong to the app that they were given to.
        self.clients = {
            f"sandbox-{stand.name}": f"sandbox-{stand.name}-secret",
            f"sandbox-{stand.name}-other": f"sandbox-{stand.name}-other-secret",
        }
        self.tokens = Tokens(self.prefixes, self.padding)
        self.codes: dict[str, Code] = {}

    def token(self) -> Response:
        """The token endpoint: a code or a refresh token for tokens."""
        try:
            given = self._body()
            g.note = given.get("grant_type") or "authorization_code"
            client = self._client(given)
            with self.tokens.lock:
                if given.get("grant_type") == "refresh_token" and self.refresh != "none":
                    return self.granted(*self._refreshed(given, client))
                if given.get("grant_type", self.grant_type_unsaid()) == "authorization_code":
                    return self.granted(*self._exchanged(given, client))
            raise Refused("unsupported_grant_type", "The grant type is not supported")
        except Refused as refusal:
            g.note = f"{g.get('note') or ''} {refusal.error}".strip()
            return self.refused(refusal)

    def grant_type_unsaid(self) -> str | None:
        return None

    def _body(self) -> dict[str, str]:
        if request.is_json:
            if "json" not in self.body_types:
                raise Refused("invalid_request", "Send the parameters as a form (application/x-www-form-urlencoded)")
            given = request.get_json(silent=True)
            if not isinstance(given, dict):
                raise Refused("invalid_request", "The body is not a JSON object")
            return {str(name): str(value) for name, value in given.items() if value is not None}
        return request.form.to_dict()

    def _client(self, given: dict[str, str]) -> str:
        """The app that is asking. Errors: Refused."""
        id, secret, way = given.get("client_id", ""), given.get("client_secret", ""), "post"
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                id, _, secret = base64.b64decode(text).decode().partition(":")
            except ValueError:
                raise Refused("invalid_client", "The Authorization header cannot be read", 401) from None
            id, secret, way = unquote(id), unquote(secret), "basic"
        if way not in self.client_authentication:
            raise Refused("invalid_client", f"Client authentication must be {self.client_authentication[0]}", 401)
        known = self.clients.get(id)
        if known is None or not hmac.compare_digest(known.encode(), secret.encode()):
            raise Refused("invalid_client", "The client id or the client secret is wrong", 401)
        return id

    def _exchanged(self, given: dict[str, str], client: str) -> tuple[Grant, bool, dict[str, str]]:
        code = self.codes.get(given.get("code", ""))
        if code is None or code.client != client:
            raise Refused("invalid_grant", "The code is incorrect or expired")
        if code.grant is not None:
            code.grant.is_revoked = True
            raise Refused("invalid_grant", "The code was used before; its tokens are revoked")
        if code.expires_at < time.time():
            raise Refused("invalid_grant", "The code is incorrect or expired")
        said = given.get("redirect_uri")
        if said != code.redirect_uri and (said or "redirect_uri" in self.required):
            raise Refused("redirect_uri_mismatch", "The redirect_uri is not the one of the authorization request")
        verifier = given.get("code_verifier", "")
        if code.challenge or verifier:
            made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
            if not code.challenge or not hmac.compare_digest(made, code.challenge):
                raise Refused("invalid_grant", "The code verifier does not fit the code challenge")
        code.grant = self.tokens.grant(code.account, client, code.scopes)
        return code.grant, self.gives_refresh(code), code.parameters

    def _refreshed(self, given: dict[str, str], client: str) -> tuple[Grant, bool, dict[str, str]]:
        token = self.tokens.read(given.get("refresh_token"))
        if token is None or token.use != "refresh" or token.grant.client != client or token.is_expired:
            raise Refused("invalid_grant", "The refresh token is unknown or invalid")
        grant = token.grant
        if grant.is_revoked or self.stand.accounts.find(grant.account) is None:
            raise Refused("invalid_grant", "The refresh token was revoked")
        if self.refresh == "rotate":
            if token.generation < grant.generation:
                grant.is_revoked = True
                raise Refused("invalid_grant", "The refresh token was used before; its tokens are revoked")
            grant.generation = token.generation + 1
        return grant, self.refresh == "rotate", {}

    def gives_refresh(self, code: Code) -> bool:
        return self.refresh != "none"

    def granted(self, grant: Grant, with_refresh: bool, parameters: dict[str, str]) -> Response:
        access = self.tokens.mint("access", grant, self.access_seconds, grant.generation)
        refresh = self.tokens.mint("refresh", grant, generation=grant.generation) if with_refresh else None
        return self.answer(self.shape(grant, access, refresh))

    def shape(self, grant: Grant, access: str, refresh: str | None) -> dict[str, Any]:
        """The token reply in the provider's form."""
        body: dict[str, Any] = {"access_token": access, "token_type": "Bearer", "scope": " ".join(grant.scopes)}
        if self.access_seconds:
            body["expires_in"] = int(self.access_seconds)
        if refresh:
            body["refresh_token"] = refresh
        return body

    def answer(self, body: dict[str, Any], status: int = 200) -> Response:
        return reply(body, status, {"Cache-Control": "no-store"})

    def refused(self, refusal: Refused) -> Response:
        return self.answer({"error": refusal.error, "error_description": refusal.description}, refusal.status)

    def revoke(self) -> Response:
        """Take a token back, and with it all that belongs to its consent (RFC 7009: an unknown one is no error)."""
        try:
            given = self._body()
            token = given.get("token") or request.values.get("token")
            self.check_revoker(given)
        except Refused as refusal:
            return self.refused(refusal)
        found = self.tokens.read(token)
        if found is not None:
            found.grant.is_revoked = True
        return self.answer({})

    def check_revoker(self, given: dict[str, str]) -> None:
        self._client(given)
