"""What a test, or a person with curl, can make a provider do: `/<provider>/_control/…`."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any, Literal

from flask import Blueprint, Response, current_app, request

from sandbox.people import Person
from sandbox.reply import reply
from sandbox.stand import Stand, Unknown


def stand_of(provider: str) -> Stand:
    try:
        return current_app.extensions["sandbox"].stands[provider]
    except KeyError:
        raise Unknown(f"no provider {provider!r}") from None


def body() -> dict[str, Any]:
    given = request.get_json(force=True, silent=True) if request.get_data() else {}
    if not isinstance(given, dict):
        raise ValueError("send a JSON object")
    return given


def explain(error: Exception) -> Response:
    """What was wrong with a request to control."""
    if isinstance(error, NotImplementedError):
        return reply({"error": "this provider has no such control"}, 404)
    if isinstance(error, Unknown):
        return reply({"error": str(error)}, 404)
    return reply({"error": f"{type(error).__name__}: {error}"}, 400)


def controls(name: str, prefix: str) -> Blueprint:
    """A blueprint of control addresses, whose mistakes are explained to the caller."""
    blueprint = Blueprint(name, __name__, url_prefix=prefix)
    for kind in (Unknown, ValueError, TypeError, KeyError, NotImplementedError):
        blueprint.register_error_handler(kind, explain)
    return blueprint


routes = controls("control", "/<provider>/_control")


@routes.get("/requests")
def requests(provider: str) -> Response:
    """What arrived since the last reset: method, path, query, status, account."""
    return reply(stand_of(provider).journal.show())


@routes.delete("/requests")
def forget_requests(provider: str) -> Response:
    stand_of(provider).journal.entries.clear()
    return reply({"count": 0})


@routes.get("/faults")
def faults(provider: str) -> Response:
    return reply(stand_of(provider).faults.show())


@routes.post("/faults")
def add_fault(provider: str) -> Response:
    """Switch a fault on: see `Fault` for what can be said of it; `times` null lasts until it is cleared."""
    return reply(asdict(stand_of(provider).faults.add(body())), 201)


@routes.delete("/faults")
def clear_faults(provider: str) -> Response:
    stand_of(provider).faults.clear()
    return reply([])


@routes.get("/accounts")
def accounts(provider: str) -> Response:
    return reply([_shown(person) for person in stand_of(provider).accounts.people.values()])


@routes.post("/accounts")
def add_account(provider: str) -> Response:
    """Add an account (key, name, email, verified, time_zone), or `count` of them named `<key>-1` and on."""
    stand, spec = stand_of(provider), body()
    key, count = spec.pop("key"), spec.pop("count", None)
    keys = [key] if count is None else [f"{key}-{number}" for number in range(1, count + 1)]
    return reply([_shown(stand.accounts.add(each, **spec)) for each in keys], 201)


def _shown(person: Person) -> dict[str, Any]:
    return asdict(person) | {"number": person.number}


@routes.get("/tokens")
def tokens(provider: str) -> Response:
    return reply([asdict(grant) for grant in stand_of(provider).consent.tokens.of()])


@routes.post("/tokens")
def mint_token(provider: str) -> Response:
    """The provider's token reply for an account, without the consent: account, scopes (default: all), refresh."""
    stand, spec = stand_of(provider), body()
    consent = stand.consent
    scopes = tuple(spec.get("scopes") or consent.scopes)
    person = stand.who(spec.get("account"))
    grant = consent.tokens.grant(person.key, f"sandbox-{provider}", scopes)
    access = consent.tokens.mint("access", grant, consent.access_seconds)
    refresh = consent.tokens.mint("refresh", grant) if consent.refresh != "none" else None
    return reply(consent.shape(grant, access, refresh), 201)


@routes.post("/tokens/revoke")
def revoke_tokens(provider: str) -> Response:
    """Take tokens back: those of one `token`'s consent, of an `account`, or all."""
    return reply({"count": cut(provider, "revoke")})


@routes.post("/tokens/expire")
def expire_tokens(provider: str) -> Response:
    """Let access tokens expire before their time; refresh tokens go on living. Selects as `revoke` does."""
    return reply({"count": cut(provider, "expire")})


def cut(provider: str, deed: Literal["revoke", "expire"]) -> int:
    stand, spec = stand_of(provider), body()
    tokens = stand.consent.tokens
    if "token" not in spec:
        return len(tokens.cut(deed, stand.who(spec["account"]).key if "account" in spec else None))
    token = tokens.read(spec["token"])
    if token is None:
        raise Unknown("that is no token of this provider")
    tokens.do(deed, token.grant, time.time_ns())
    return 1


@routes.post("/tokens/lifetime")
def set_lifetime(provider: str) -> Response:
    """How many `seconds` new access tokens live (null: as the provider has it)."""
    consent, seconds = stand_of(provider).consent, body()["seconds"]
    consent.access_seconds = type(consent).access_seconds if seconds is None else float(seconds)
    return reply({"seconds": consent.access_seconds})


@routes.get("/items")
def items(provider: str) -> Response:
    return reply(stand_of(provider).show_items(request.args.get("account")))


@routes.post("/items")
def add_items(provider: str) -> Response:
    """Add one item, or with `count` put that many in the place of all that the account has."""
    stand = stand_of(provider)
    with stand.lock:
        added = stand.add_items(body())
    return reply(added[0] if len(added) == 1 else {"count": len(added)}, 201)


@routes.route("/items/<path:id>", methods=["POST", "PATCH"])
def change_item(provider: str, id: str) -> Response:
    """Change an item; `/close` and `/reopen` behind its id do what they say."""
    stand, spec = stand_of(provider), body()
    for verb in ("close", "reopen"):
        if id.endswith(f"/{verb}"):
            id, spec = id.removesuffix(f"/{verb}"), {**spec, "state": {"close": "closed", "reopen": "open"}[verb]}
    with stand.lock:
        return reply(stand.change_item(id, spec))


@routes.delete("/items/<path:id>")
def delete_item(provider: str, id: str) -> Response:
    """Make an item disappear without a trace."""
    stand = stand_of(provider)
    with stand.lock:
        return reply(stand.delete_item(id))


@routes.post("/webhook")
def send_webhook(provider: str) -> Response:
    """Send signed deliveries (url, event, item, account, secret, times …) and tell what the receiver answered."""
    stand, spec = stand_of(provider), body()
    times = spec.pop("times", 1)
    sent = [stand.sender.post(delivery) for delivery in stand.deliveries(spec) for _ in range(times)]
    return reply(sent[0] if len(sent) == 1 else sent)


@routes.get("/webhook")
def sent_webhooks(provider: str) -> Response:
    return reply(stand_of(provider).sender.sent)


@routes.post("/reset")
def reset(provider: str) -> Response:
    """Back to the first day: items, faults and journal; tokens stay good."""
    stand = stand_of(provider)
    with stand.lock:
        stand.faults.clear()
        stand.journal.entries.clear()
        stand.consent.access_seconds = type(stand.consent).access_seconds
        stand.reset()
    return reply({"reset": provider})
