"""Stripe: events that are Stripe's own, subscriptions in both shapes, and plain words for failures."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

import connectors.stripe
from connectors.base import ConnectorError
from connectors.faults import NotConfigured
from connectors.push import BadDelivery
from connectors.stripe import (
    checkout,
    construct_event,
    invoices,
    portal,
    subscription,
    subscription_id_of,
    subscription_of,
)
from settings import settings
from tests.connectors.stub import Reply, Stub

SECRET = "whsec_test"


@pytest.fixture
def desk(monkeypatch: Any) -> Any:
    made = Stub()
    ours = {
        "stripe_api_url": f"{made.url}/stripe", "stripe_secret_key": SecretStr("sk_test_1"),
        "stripe_webhook_secret": SecretStr(SECRET),
    }
    monkeypatch.setattr(connectors.stripe, "settings", settings.model_copy(update=ours))
    yield made
    made.close()


def signed(payload: Any, at: float | None = None, secret: str = SECRET, scheme: str = "v1") -> tuple[bytes, str]:
    body, stamp = json.dumps(payload).encode(), int(time.time() if at is None else at)
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return body, f"t={stamp},{scheme}={mac}"


EVENT = {"id": "evt_1", "object": "event", "type": "invoice.paid", "created": 1795168800,
         "data": {"object": {"id": "in_1", "object": "invoice"}}}


def test_an_event_of_stripes_is_read(desk):
    event = construct_event(*signed(EVENT))
    assert (event.id, event.type, event.object["id"]) == ("evt_1", "invoice.paid", "in_1")
    assert event.created_at == datetime.fromtimestamp(1795168800, UTC)


def test_recorded_events_are_read(desk, payload):
    for name in ("customer.subscription.updated", "invoice.payment_failed", "checkout.session.completed"):
        raw = payload(f"webhooks/stripe/old_{name}")
        assert construct_event(*signed(raw)).type == name


@pytest.mark.parametrize("forge", [
    lambda: (signed(EVENT)[0], None), lambda: (signed(EVENT)[0], ""), lambda: signed(EVENT, secret="other"),
    lambda: signed(EVENT, time.time() - 301), lambda: signed(EVENT, time.time() + 310),
    lambda: signed(EVENT, scheme="v0"), lambda: (signed(EVENT)[0] + b" ", signed(EVENT)[1]),
    lambda: signed([1]), lambda: signed({"id": "evt"}), lambda: (b"\xff", signed(EVENT)[1]),
    lambda: (b"{}", "t=x,v1=y"),
])
def test_what_is_not_stripes_is_refused(desk, forge):
    with pytest.raises(BadDelivery):
        construct_event(*forge())


def test_two_signatures_with_one_right_pass(desk):
    body, header = signed(EVENT)
    assert construct_event(body, header.replace(",v1=", ",v1=00,v1=")).id == "evt_1"


def test_without_keys_there_is_no_stripe(monkeypatch):
    monkeypatch.setattr(connectors.stripe, "settings", settings.model_copy(update={
        "stripe_secret_key": SecretStr(""), "stripe_webhook_secret": SecretStr(""),
    }))
    for call in (lambda: construct_event(*signed(EVENT, secret="")), lambda: portal("cus_1", "https://a.b")):
        with pytest.raises(NotConfigured):
            call()


def test_a_subscription_is_read_in_both_shapes(payload):
    old = subscription_of(payload("webhooks/stripe/old_customer.subscription.updated")["data"]["object"])
    assert old.period_start and old.period_end and old.period_end > old.period_start and old.price_id
    item = {"price": {"id": "price_1"}, "current_period_start": 1795168800, "current_period_end": 1797760800}
    new = subscription_of({"id": "sub_1", "customer": {"id": "cus_1"}, "status": "past_due", "items": {"data": [item]}})
    assert (new.customer_id, new.price_id, new.standing) == ("cus_1", "price_1", "past_due")
    assert (new.period_end - new.period_start).days == 30


def test_an_invoice_names_its_subscription_in_either_place():
    assert subscription_id_of({"subscription": "sub_1"}) == "sub_1"
    assert subscription_id_of({"parent": {"subscription_details": {"subscription": "sub_2"}}}) == "sub_2"
    assert subscription_id_of({"parent": None, "subscription": None}) is None


def test_pages_of_stripes(desk):
    desk.answer = lambda asked: Reply({"id": "cs_1", "object": "checkout.session", "url": "https://pay.example/cs_1"})
    visit = checkout(None, "a@b.c", "user-1", "price_1", "https://a.b/ok", "https://a.b/no")
    assert (visit.id, visit.url) == ("cs_1", "https://pay.example/cs_1")
    form = desk.asked[0].form
    assert desk.asked[0].path == "/stripe/v1/checkout/sessions"
    assert (form["client_reference_id"], form["customer_email"], form["mode"]) == ("user-1", "a@b.c", "subscription")
    assert portal("cus_1", "https://a.b").url == "https://pay.example/cs_1"


def test_invoices_and_subscriptions_are_fetched(desk):
    listed = [{"id": "in_1", "object": "invoice", "amount_due": 900, "currency": "eur", "status": "paid",
               "created": 1795168800, "invoice_pdf": "https://pay.example/in_1.pdf"},
              {"id": "in_2", "object": "invoice", "amount_due": 1, "currency": "eur", "status": "draft", "created": 1}]
    desk.answer = lambda asked: Reply({"object": "list", "data": listed, "has_more": False})
    (invoice,) = invoices("cus_1")
    assert (invoice.id, invoice.amount, invoice.status) == ("in_1", 900, "paid")
    desk.answer = lambda asked: Reply({"id": "sub_1", "object": "subscription", "customer": "cus_1", "status": "active",
                                       "cancel_at_period_end": True, "items": {"object": "list", "data": []}})
    found = subscription("sub_1")
    assert (found.standing, found.cancel_at_period_end, found.period_end) == ("active", True, None)


@pytest.mark.parametrize(("reply", "kind"), [
    (Reply({"error": {"type": "invalid_request_error", "message": "<b>"}}, 400), "refused"),
    (Reply({"error": {"type": "invalid_request_error", "message": "x"}}, 401), "refused"),
    (Reply({"error": {"type": "api_error", "message": "x"}}, 500), "later"), (Reply(b"<html>", 502), "later"),
    (Reply({"error": {"type": "invalid_request_error", "message": "x"}}, 429, {"Retry-After": "7"}), "later"),
    (Reply(b""), "later"), (Reply(b'{"id": '), "later"), (Reply({"id": "x"}, harm="short"), "later"),
    (Reply({}, harm="reset"), "later"), (Reply({}, harm="hang"), "later"), (Reply([1]), "later"),
])
def test_failures_are_said_plainly(desk, reply, kind):
    desk.answer = lambda asked: reply
    with pytest.raises(ConnectorError) as caught:
        portal("cus_1", "https://a.b")
    assert caught.value.kind == kind and "Stripe" in caught.value.message and "<b>" not in caught.value.message
    assert len(desk.asked) == 1
