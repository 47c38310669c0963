"""Who a Google account is: userinfo, and what verifies the ID tokens."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, g
from jwt.algorithms import RSAAlgorithm

from sandbox.google.api import api, google
from sandbox.google.consent import KEY_ID, LONG, signing_key, subject
from sandbox.reply import reply

routes = Blueprint("google_identity", __name__)


@routes.get("/oauth2/v2/userinfo")
@routes.get("/userinfo/v2/me", endpoint="me")
@api("userinfo.email", "userinfo.profile")
def userinfo() -> Any:
    """As the client library's `userinfo.get` calls it: the address may be one that nobody verified."""
    person, scopes = google.person(), g.token.grant.scopes
    shown: dict[str, Any] = {"id": subject(person.number), "picture": google.avatar(person)}
    if LONG["email"] in scopes:
        shown |= {"email": person.email, "verified_email": person.is_email_verified}
    if LONG["profile"] in scopes:
        shown |= {"name": person.name, "given_name": person.given_name, "family_name": person.family_name}
    return shown


@routes.get("/oauth2/v3/userinfo")
@routes.get("/v1/userinfo", endpoint="openid")
@api("userinfo.email", "userinfo.profile")
def openid_userinfo() -> Any:
    """The same in OpenID's words."""
    person, scopes = google.person(), g.token.grant.scopes
    shown: dict[str, Any] = {"sub": subject(person.number), "picture": google.avatar(person)}
    if LONG["email"] in scopes:
        shown |= {"email": person.email, "email_verified": person.is_email_verified}
    if LONG["profile"] in scopes:
        shown |= {"name": person.name, "given_name": person.given_name, "family_name": person.family_name}
    return shown


@routes.get("/oauth2/v3/certs")
def certs() -> Response:
    key = json.loads(RSAAlgorithm.to_jwk(signing_key().public_key()))
    return reply({"keys": [key | {"kid": KEY_ID, "use": "sig", "alg": "RS256"}]})


@routes.get("/.well-known/openid-configuration")
def discovery() -> Response:
    base = google.base
    return reply(
        {
            "issuer": base, "authorization_endpoint": f"{base}/oauth/authorize",
            "token_endpoint": f"{base}/oauth/token",
            "userinfo_endpoint": f"{base}/v1/userinfo", "revocation_endpoint": f"{base}/oauth/revoke",
            "jwks_uri": f"{base}/oauth2/v3/certs", "response_types_supported": ["code"],
            "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "email", "profile"], "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        }
    )  # fmt: skip
