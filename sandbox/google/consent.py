"""OAuth and sign-in as Google has them: refresh tokens once, scopes that a person may leave out, an ID token."""

from __future__ import annotations

import functools
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Response, request

from sandbox.consent import Consent
from sandbox.exchange import Code, Refused
from sandbox.tokens import Grant

API = "https://www.googleapis.com/auth/"
LONG = {"email": f"{API}userinfo.email", "profile": f"{API}userinfo.profile"}
KEY_ID = "sandbox-google-1"


@functools.cache
def signing_key() -> rsa.RSAPrivateKey:
    """The key of the ID tokens, new with every start."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class GoogleConsent(Consent):
    title = "Google"
    prefixes = {"access": "ya29.", "refresh": "1//0"}
    padding = 120
    authorize_paths = ("/oauth/authorize", "/o/oauth2/v2/auth")
    token_paths = ("/oauth/token", "/token")
    revoke_paths = ("/oauth/revoke", "/revoke")
    body_types = ("form",)
    refresh = "stay"
    access_seconds = 3599
    granular = True
    unasked = ("openid", *LONG.values())
    scopes = {
        "openid": "Know who you are",
        f"{API}userinfo.email": "See your e-mail address",
        f"{API}userinfo.profile": "See your name and picture",
        f"{API}calendar": "See, change and delete all your calendars",
        f"{API}calendar.readonly": "See all your calendars",
        f"{API}calendar.events": "See and change events",
        f"{API}calendar.events.readonly": "See events",
        f"{API}calendar.calendarlist.readonly": "See the list of your calendars",
        f"{API}calendar.settings.readonly": "See the settings of your calendar",
        f"{API}drive": "See, change and delete all your files",
        f"{API}drive.readonly": "See all your files",
        f"{API}drive.metadata.readonly": "See the names of your files",
    }

    def __init__(self, stand: Any, redirects: tuple[str, ...]) -> None:
        super().__init__(stand, redirects)
        self.known: set[tuple[str, str]] = set()
        """Who has consented to which app before: they get no second refresh token unless they are asked again."""

    def requested(self, asked: dict[str, str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(LONG.get(scope, scope) for scope in super().requested(asked)))

    def returned(self, account: str, scopes: tuple[str, ...]) -> dict[str, str]:
        return {"scope": " ".join(scopes), "authuser": "0", "prompt": "consent"}

    def gives_refresh(self, code: Code) -> bool:
        again = (code.account, code.client) in self.known
        self.known.add((code.account, code.client))
        asked = code.parameters
        return asked.get("access_type") == "offline" and (not again or "consent" in asked.get("prompt", ""))

    def shape(self, grant: Grant, access: str, refresh: str | None) -> dict[str, Any]:
        body = super().shape(grant, access, refresh)
        if "openid" in grant.scopes:
            body["id_token"] = self.id_token(grant)
        return body

    def id_token(self, grant: Grant) -> str:
        person, now = self.stand.accounts.people[grant.account], int(time.time())
        claims: dict[str, Any] = {
            "iss": self.stand.base, "aud": grant.client, "azp": grant.client, "sub": subject(person.number),
            "iat": now, "exp": now + 3600,
        }  # fmt: skip
        asked = next((code.parameters for code in self.codes.values() if code.grant is grant), {})
        if asked.get("nonce"):
            claims["nonce"] = asked["nonce"]
        if LONG["email"] in grant.scopes:
            claims |= {"email": person.email, "email_verified": person.is_email_verified}
        if LONG["profile"] in grant.scopes:
            claims |= {"name": person.name, "given_name": person.given_name, "picture": self.stand.avatar(person)}
        return jwt.encode(claims, signing_key(), algorithm="RS256", headers={"kid": KEY_ID})

    def refused(self, refusal: Refused) -> Response:
        words = {
            "invalid_grant": "Token has been expired or revoked."
            if "refresh" in refusal.description
            else "Bad Request",
            "invalid_client": "The OAuth client was not found.",
            "redirect_uri_mismatch": "Bad Request",
        }
        body = {"error": refusal.error, "error_description": words.get(refusal.error, refusal.description)}
        return self.answer(body, refusal.status)

    def check_revoker(self, given: dict[str, str]) -> None:
        """Whoever holds a token may give it back; one that is none any more is an error here."""
        token = self.tokens.read(given.get("token") or request.values.get("token"))
        if token is None or token.grant.is_revoked:
            raise Refused("invalid_token", "Token expired or revoked")


def subject(number: int) -> str:
    """Google's ids of people: 21 digits, too long for a 64-bit number."""
    return f"1{number:020d}"
