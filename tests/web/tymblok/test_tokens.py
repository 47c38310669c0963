"""Access tokens that somebody made, changed or kept: 401 at every one of them, and quickly."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from settings import settings
from tests.cast import Front, Person

SECRET = settings.secret_key[0]
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = RSA.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)  # fmt: skip


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def forge(head: dict[str, Any], claims: dict[str, Any], key: bytes, digest: str = "sha256") -> str:
    """A token signed by hand, which no library refuses to make."""
    text = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{text}.{b64(hmac.new(key, text.encode(), digest).digest())}"


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    head, claims, signature = token.split(".")
    unpack = lambda text: json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))  # noqa: E731
    return unpack(head), unpack(claims), signature


def resigned(head: dict[str, Any], claims: dict[str, Any], signature: str) -> str:
    """Other content under a signature that was good for something else."""
    return f"{forge(head, claims, b'').rsplit('.', 1)[0]}.{signature}"


def without(claims: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in claims.items() if key != name}


TRICKS: dict[str, Callable[[dict[str, Any], dict[str, Any], str], str]] = {
    "alg none": lambda head, claims, sig: jwt.encode(claims, "", algorithm="none", headers={"kid": head["kid"]}),
    "alg None, signature kept": lambda head, claims, sig: resigned({**head, "alg": "None"}, claims, sig),
    "no signature": lambda head, claims, sig: forge(head, claims, b"").rsplit(".", 1)[0] + ".",
    "HS384 with our key": lambda head, claims, sig: forge({**head, "alg": "HS384"}, claims, SECRET.encode(), "sha384"),
    "HS512 with our key": lambda head, claims, sig: forge({**head, "alg": "HS512"}, claims, SECRET.encode(), "sha512"),
    "another key": lambda head, claims, sig: forge(head, claims, b"another key of thirty-two bytes!!"),
    "empty key": lambda head, claims, sig: forge(head, claims, b""),
    "RS256": lambda head, claims, sig: jwt.encode(claims, RSA, algorithm="RS256", headers={"kid": head["kid"]}),
    "a public key as HMAC secret": lambda head, claims, sig: forge(head, claims, PUBLIC),
    "jwk in the header": lambda head, claims, sig: forge(
        {**head, "jwk": {"kty": "oct", "k": b64(b"mine")}}, claims, b"mine"
    ),
    "jku in the header": lambda head, claims, sig: forge({**head, "jku": "http://127.0.0.1:9/jwks"}, claims, b"mine"),
    "x5u in the header": lambda head, claims, sig: forge({**head, "x5u": "http://127.0.0.1:9/x"}, claims, b"mine"),
    "kid of a file": lambda head, claims, sig: forge({**head, "kid": "../../../dev/null"}, claims, b""),
    "kid with SQL": lambda head, claims, sig: forge({**head, "kid": "x' UNION SELECT 'k' --"}, claims, b"k"),
    "kid is a list": lambda head, claims, sig: forge({**head, "kid": [head["kid"]]}, claims, SECRET.encode()),
    "kid is a number": lambda head, claims, sig: forge({**head, "kid": 1}, claims, SECRET.encode()),
    "no kid": lambda head, claims, sig: forge(without(head, "kid"), claims, SECRET.encode()),
    "crit that nobody knows": lambda head, claims, sig: forge(
        {**head, "crit": ["exp2"], "exp2": 1}, claims, SECRET.encode()
    ),
    "payload edited": lambda head, claims, sig: resigned(head, {**claims, "sub": claims["sid"]}, sig),
    "expired a second ago": lambda head, claims, sig: forge(
        head, {**claims, "exp": int(time.time()) - 1}, SECRET.encode()
    ),
    "never expires": lambda head, claims, sig: forge(head, without(claims, "exp"), SECRET.encode()),
    "exp is text": lambda head, claims, sig: forge(head, {**claims, "exp": "tomorrow"}, SECRET.encode()),
    "exp is huge": lambda head, claims, sig: forge(head, {**claims, "sid": "x", "exp": 10**30}, SECRET.encode()),
    "not yet valid": lambda head, claims, sig: forge(head, {**claims, "nbf": int(time.time()) + 60}, SECRET.encode()),
    "issued tomorrow": lambda head, claims, sig: forge(
        head, {**claims, "iat": int(time.time()) + 86_400}, SECRET.encode()
    ),
    "another issuer": lambda head, claims, sig: forge(head, {**claims, "iss": "somebody"}, SECRET.encode()),
    "no issuer": lambda head, claims, sig: forge(head, without(claims, "iss"), SECRET.encode()),
    "another contract": lambda head, claims, sig: forge(head, {**claims, "aud": "focusflow"}, SECRET.encode()),
    "no audience": lambda head, claims, sig: forge(head, without(claims, "aud"), SECRET.encode()),
    "another type": lambda head, claims, sig: forge(head, {**claims, "typ": "refresh"}, SECRET.encode()),
    "type is a list": lambda head, claims, sig: forge(head, {**claims, "typ": ["access"]}, SECRET.encode()),
    "no login": lambda head, claims, sig: forge(head, without(claims, "sid"), SECRET.encode()),
    "an unknown login": lambda head, claims, sig: forge(head, {**claims, "sid": claims["sub"]}, SECRET.encode()),
    "login is a number": lambda head, claims, sig: forge(head, {**claims, "sid": 1}, SECRET.encode()),
    "subject is a number": lambda head, claims, sig: forge(head, {**claims, "sub": 1}, SECRET.encode()),
    "subject with SQL": lambda head, claims, sig: forge(head, {**claims, "sub": "' OR 1=1 --"}, SECRET.encode()),
    "claims are a list": lambda head, claims, sig: forge(head, [claims], SECRET.encode()),  # type: ignore[arg-type]
    "100 kB": lambda head, claims, sig: forge(head, {**claims, "more": "x" * 100_000}, SECRET.encode()),
    "two tokens": lambda head, claims, sig: "a.b.c a.b.c",
    "no token at all": lambda head, claims, sig: "guessed",
    "five parts": lambda head, claims, sig: "a.b.c.d.e",
    "not base64": lambda head, claims, sig: "é.é.é",
    "deep header": lambda head, claims, sig: f"{b64(b'[' * 2000)}.{b64(b'{}')}.{sig}",
}


@pytest.mark.parametrize("trick", TRICKS)
def test_a_token_that_is_not_ours_opens_nothing(front: Front, alice: Person, trick: str) -> None:
    token = TRICKS[trick](*parts(alice.token))
    headers = {"Authorization": f"Bearer {token}".encode().decode("latin-1")}
    front.call("GET", "/tymblok/v1/settings", headers=headers)
    began = time.perf_counter()
    answer = front.call("GET", "/tymblok/v1/users/me", headers=headers)
    assert time.perf_counter() - began < 0.05
    code = "AUTH_TOKEN_EXPIRED" if trick == "expired a second ago" else "AUTH_TOKEN_INVALID"
    assert (answer.status_code, answer.json["error"]["code"]) == (401, code)
    assert alice.email not in answer.text


@pytest.mark.parametrize("scheme", ["Basic {}", "{}", "Bearer", "Bearer ", "Token {}", "Bearer: {}", "Bearer {} {}"])
def test_only_a_bearer_token_is_taken(front: Front, alice: Person, scheme: str) -> None:
    header = scheme.format(alice.token, alice.token)
    answer = front.call("GET", "/tymblok/v1/users/me", headers={"Authorization": header})
    assert answer.status_code == 401 and answer.json["error"]["code"] == "AUTH_TOKEN_INVALID"


def test_the_scheme_is_read_without_regard_to_case(front: Front, alice: Person) -> None:
    headers = {"Authorization": f"bEARER {alice.token}"}
    assert front.call("GET", "/tymblok/v1/users/me", headers=headers).status_code == 200


def test_a_token_in_the_address_opens_nothing(front: Front, alice: Person) -> None:
    for name in ("access_token", "token", "authorization"):
        assert front.call("GET", f"/tymblok/v1/users/me?{name}={alice.token}").status_code == 401


def test_an_old_signing_key_is_still_read_and_the_newest_signs(
    front: Front, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models import tokens

    keys = ("a new key of at least 32 characters", SECRET)
    ring = {hashlib.sha256(key.encode()).hexdigest()[:8]: key for key in keys}
    monkeypatch.setattr(tokens, "_keys", lambda: ring)
    assert alice.get("/users/me").status_code == 200
    data = front.call("POST", "/tymblok/v1/auth/refresh", {"refreshToken": alice.data["refreshToken"]}).json["data"]
    assert parts(data["accessToken"])[0]["kid"] == next(iter(ring))
    monkeypatch.setattr(tokens, "_keys", lambda: dict([next(iter(ring.items()))]))
    tokens._read.clear()
    assert alice.get("/users/me").status_code == 401, "a key that was taken away opens nothing"
    assert front.call("GET", "/tymblok/v1/users/me", token=data["accessToken"]).status_code == 200
