"""`Idempotency-Key`: a POST that a client sends again, because its answer got lost, takes effect once.

The same key with the same request gets the first answer for a day; with another request 409; while the first is
still at work 409 with `Retry-After`. A key is the caller's own, or on public routes its network address's. What failed
on our side is not kept: the next try begins anew.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable
from typing import Any

from flask import Response, g, request

from models import db
from models.errors import Invalid
from models.idempotency import Claim, claim_key
from web.auth import client_address

HEADER = "Idempotency-Key"
LARGEST_ANSWER = 1024 * 1024
_SANE = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
_KEPT_HEADERS = ("Content-Type", "Content-Disposition", "Location", "Set-Cookie")
PARAMETER = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "schema": {"type": "string", "maxLength": 255},
    "description": "Sent again with the same key, a request gets the first answer for 24 hours and has no other effect",
}


def is_asked_for() -> bool:
    """Whether this request comes with a key."""
    return request.method == "POST" and HEADER in request.headers


def answer_once(contract: str, work: Callable[[], Response]) -> Response:
    """The answer of `work`, or the one that was given before."""
    key = request.headers.get(HEADER, "")
    if not _SANE.fullmatch(key):
        raise Invalid({HEADER: ["Must be 1 to 255 visible ASCII characters"]})
    caller = g.get("caller")
    user_id = None if caller is None else caller.id
    scope = f"address {client_address()}" if caller is None else f"user {caller.id}"
    asked = "\n".join((contract, request.path, request.query_string.decode("latin-1"), request.mimetype))
    token = g.setdefault("idempotency_token", secrets.token_hex(16))  # a transaction that is run again has the claim
    db.release()
    found = claim_key(key, scope, asked.encode() + b"\n" + request.get_data(), token, user_id)
    db.release()
    if not isinstance(found, Claim):
        return _again(found)
    g.claim = found
    response = work()
    _settle(found, response)
    return response


def settle_failure(response: Response) -> None:
    """The work failed and nothing of it is stored: keep the refusal, or let the next try begin anew."""
    claim: Claim | None = g.pop("claim", None)
    if claim is not None:
        with db.transaction():
            _settle(claim, response)


def _settle(claim: Claim, response: Response) -> None:
    if response.status_code >= 500 or response.is_streamed or len(response.get_data()) > LARGEST_ANSWER:
        claim.release()
        return
    headers = [[name, value] for name, value in response.headers if name in _KEPT_HEADERS]
    body = base64.b64encode(response.get_data()).decode()
    claim.keep({"status": response.status_code, "headers": headers, "body": body})


def _again(kept: dict[str, Any]) -> Response:
    response = Response(base64.b64decode(kept["body"]), kept["status"])
    response.headers.clear()
    response.headers.extend(kept["headers"])
    response.headers["Idempotent-Replayed"] = "true"
    return response
