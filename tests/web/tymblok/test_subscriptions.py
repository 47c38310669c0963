"""Plans and payments, bought at the sandbox's Stripe with the real client library."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
import stripe
import time_machine

from connectors.stripe import shop as account
from sandbox.app import Address
from tests.cast import Front, Person, transaction
from tests.connect import PLAIN_HTTP
from tests.parallel import at_once
from tests.post import Post
from tests.shop import EVENTS, Shop, at_an_address
from tests.web.tymblok.test_stats import plan_done
from workers.housekeeping import tidy_up

FREE = {
    "planId": "free",
    "status": "active",
    "currentPeriodStart": None,
    "currentPeriodEnd": None,
    "cancelAtPeriodEnd": False,
    "stripeCustomerId": None,
    "stripeSubscriptionId": None,
}


@pytest.fixture(autouse=True)
def _as_many_requests_as_it_takes(unlimited: None) -> None:
    pass


@pytest.fixture(scope="module")
def daybook() -> Iterator[str]:
    with at_an_address() as address:
        yield address


@pytest.fixture
def shop(sandbox: Address, daybook: str) -> Iterator[Shop]:
    with Shop(sandbox, daybook) as opened:
        yield opened


def current(person: Person) -> dict:
    return person.get("/subscriptions/current").json["data"]


def state(person: Person) -> tuple[str, str]:
    now = current(person)
    return now["planId"], now["status"]


def test_the_plans_are_the_documented_ones(front: Front, sandbox: Address) -> None:
    plans = front.call("GET", "/tymblok/v1/subscriptions/plans").json["data"]
    assert [(each["id"], each["price"], each["interval"], each.get("stripePriceId")) for each in plans] == [
        ("free", 0, None, None),
        ("pro_monthly", 800, "month", "price_sandbox_monthly"),
        ("pro_yearly", 6800, "year", "price_sandbox_yearly"),
    ]
    assert plans[0]["features"]["blocksPerDay"] == 10
    assert plans[1]["features"] == plans[2]["features"]


def test_who_buys_is_on_the_plan_once_stripe_says_so(alice: Person, shop: Shop) -> None:
    assert current(alice) == FREE
    assert shop.buy(alice, "price_sandbox_yearly").startswith("tymblok://subscription/success?s=cs_test_")
    assert state(alice) == ("free", "active")
    assert shop.send() == [200] * len(shop.events())
    now = current(alice)
    assert (now["planId"], now["status"], now["cancelAtPeriodEnd"]) == ("pro_yearly", "active", False)
    assert now["stripeSubscriptionId"] == shop.subscriptions(alice)[0]["id"]
    ends = datetime.fromisoformat(now["currentPeriodEnd"])
    assert timedelta(days=364) < ends - datetime.now(UTC) < timedelta(days=367)
    again = {"priceId": "pro_monthly", "successUrl": "tymblok://a", "cancelUrl": "tymblok://b"}
    assert alice.post("/subscriptions/checkout", again).json["error"]["code"] == "CONFLICT"


def test_a_declined_card_buys_nothing(alice: Person, shop: Shop) -> None:
    body = {"priceId": "pro_monthly", "successUrl": "tymblok://a", "cancelUrl": "tymblok://b"}
    page = alice.post("/subscriptions/checkout", body).json["data"]["checkoutUrl"]
    assert httpx2.post(page, data={"card": "declined"}, **PLAIN_HTTP).status_code == 402
    shop.send()
    assert state(alice) == ("free", "active")


@pytest.mark.parametrize("field", ["successUrl", "cancelUrl"])
def test_only_allowed_addresses_are_returned_to(alice: Person, field: str) -> None:
    for address in ("https://evil.example", "tymblok:evil", "tymblok://", "javascript://x", "TYMBLOK://x"):
        body = {"priceId": "pro_monthly", "successUrl": "tymblok://a", "cancelUrl": "tymblok://b", field: address}
        error = alice.post("/subscriptions/checkout", body).json["error"]
        assert [each["field"] for each in error["details"]] == [field]


def test_a_price_that_is_not_sold_is_refused(alice: Person) -> None:
    for price in ("free", "price_1", ""):
        body = {"priceId": price, "successUrl": "tymblok://a", "cancelUrl": "tymblok://b"}
        assert alice.post("/subscriptions/checkout", body).json["error"]["details"][0]["field"] == "priceId"


@pytest.mark.parametrize("on_subscription", [False, True])
def test_the_period_is_read_wherever_stripe_puts_it(alice: Person, shop: Shop, on_subscription: bool) -> None:
    shop.control("PATCH", "/items/manner", period_on_subscription=on_subscription)
    shop.buy(alice)
    shop.send()
    first = current(alice)
    shop.do(alice, "renew")
    shop.send(shop.events()[-1])
    assert first["currentPeriodStart"] < first["currentPeriodEnd"] == current(alice)["currentPeriodStart"]


def test_all_orders_of_four_events_end_in_the_same_state(meet, shop: Shop) -> None:
    for deeds, plan, status in (
        (("fail_payment", "cancel"), "free", "canceled"),
        (("fail_payment", "pay"), "pro_monthly", "active"),
    ):
        ends = set()
        for order in itertools.permutations(range(4)):
            shop.reset()
            person = meet("buyer")
            shop.buy(person)
            shop.do(person, *deeds)
            kinds = {event["type"]: event for event in shop.events()}  # the newest of each kind
            four = [
                kinds["checkout.session.completed"],
                kinds["invoice.payment_failed"],
                next(e for e in shop.events() if e["type"] == "customer.subscription.updated"),
                kinds.get("customer.subscription.deleted") or kinds["customer.subscription.updated"],
            ]
            assert shop.send(*[four[place] for place in order]) == [200] * 4
            now = current(person)
            ends.add((now["planId"], now["status"], now["cancelAtPeriodEnd"]))
        assert ends == {(plan, status, False)}


def test_events_that_arrive_while_things_go_on_are_never_believed(alice: Person, shop: Shop) -> None:
    """Each event is sent at once, and again in the end, where it tells of a state long gone."""
    shop.buy(alice)
    shop.send()
    assert state(alice) == ("pro_monthly", "active")
    shop.do(alice, "cancel_at_period_end")
    shop.send(shop.events()[-1])
    assert current(alice)["cancelAtPeriodEnd"] is True
    old = shop.events()
    shop.do(alice, "resume", "cancel")
    shop.send(shop.events()[-1])
    assert state(alice) == ("free", "canceled")
    for event in old:
        late = {"type": event["type"], "object": event["data"]["object"]}
        answer = shop.control("POST", "/webhook", url=f"{shop.daybook}{EVENTS}", **late)
        assert answer["status"] == 200
        assert state(alice) == ("free", "canceled")
    shop.buy(alice, "pro_yearly")
    shop.send()
    assert state(alice) == ("pro_yearly", "active")


def test_the_same_event_ten_times_at_once_has_one_effect(alice: Person, shop: Shop, post: Post) -> None:
    shop.buy(alice)
    shop.send()
    shop.do(alice, "fail_payment")
    failed = next(event for event in shop.events() if event["type"] == "invoice.payment_failed")
    assert at_once(*[lambda: shop.send(failed)] * 10) == [[200]] * 10
    assert shop.send(failed) == [200]
    assert state(alice) == ("pro_monthly", "past_due")
    post.deliver(alice.email)
    assert len(post.to(alice.email, "did not go through")) == 1


def test_an_older_look_never_overwrites_a_newer_one(alice: Person, shop: Shop) -> None:
    from models.db import session
    from models.subscriptions import Subscription
    from workers import subscriptions

    shop.buy(alice)
    shop.send()
    with transaction():
        row = Subscription.of_user(alice.id)
        slow, id = row.begin_fetch(), row.id
    shop.do(alice, "cancel")
    assert subscriptions.fetch(id)
    with transaction():
        stale = {"subscription_id": "sub_old", "plan_id": "pro_monthly", "status": "active", "period_start": None}
        row = session.get_one(Subscription, id)
        assert not row.absorb(slow, **stale, period_end=None, cancels_at_period_end=False)
    assert state(alice) == ("free", "canceled")


def test_stripe_that_does_not_answer_sends_the_event_again(alice: Person, shop: Shop) -> None:
    shop.buy(alice)
    shop.fault("status", status=500, path="/v1/subscriptions", times=2)
    event = shop.events()[-1]
    assert shop.send(event) == [502]
    assert state(alice) == ("free", "active")
    assert shop.send(event) == [200]
    assert state(alice) == ("pro_monthly", "active")


def test_only_what_stripe_signed_is_taken_in(alice: Person, shop: Shop, daybook: str) -> None:
    shop.buy(alice)
    event, now = shop.events()[-1], int(time.time())
    assert shop.send(event, secret="whsec_other") == [400]
    for moment in (now - 301, now + 400, now + 10**9):
        assert shop.send(event, timestamp=moment) == [400]
    raw = b'{"id": "evt_x", "type": "customer.subscription.updated", "data": {"object": {}}}'
    sign = stripe.WebhookSignature.generate_signature_header
    header = sign(raw.decode(), account().webhook_secret)
    for body, signature in ((raw + b" ", header), (raw, ""), (raw, "t=1"), (raw, "t=x,v1=y"), (b"\xff", header)):
        assert _send(daybook, body, signature) == 400
    future = f"t={now + 3600},{header}"  # the library reads the first of several times
    assert _send(daybook, raw, future) == 400
    for odd in (b"[]", b"{}", b'{"id": "evt_1", "type": "x", "data": {"object": null}}'):
        assert _send(daybook, odd, sign(odd.decode(), account().webhook_secret)) == 400
    assert state(alice) == ("free", "active")
    assert _send(daybook, raw, header) == 200  # about nobody that is known


def _send(daybook: str, body: bytes, signature: str) -> int:
    headers = {"Stripe-Signature": signature}
    return httpx2.post(f"{daybook}{EVENTS}", content=body, headers=headers, **PLAIN_HTTP).status_code


def test_the_portal_cancels_at_the_end_of_the_period(alice: Person, shop: Shop) -> None:
    assert alice.post("/subscriptions/portal").json["error"]["code"] == "NOT_FOUND"
    shop.buy(alice)
    shop.send()
    page = alice.post("/subscriptions/portal", {"returnUrl": "tymblok://settings"}).json["data"]["portalUrl"]
    subscription = shop.subscriptions(alice)[0]["id"]
    assert "tymblok://settings" in httpx2.get(page, **PLAIN_HTTP).text
    httpx2.post(page, data={"subscription": subscription, "decision": "cancel"}, **PLAIN_HTTP)
    shop.send(shop.events()[-1])
    now = current(alice)
    assert (now["planId"], now["status"], now["cancelAtPeriodEnd"]) == ("pro_monthly", "active", True)


def test_invoices_are_listed_with_a_pdf(alice: Person, shop: Shop) -> None:
    assert alice.get("/subscriptions/invoices").json["data"] == []
    shop.buy(alice)
    shop.do(alice, "renew", "fail_payment")
    bills = alice.get("/subscriptions/invoices").json["data"]
    assert [(each["amount"], each["currency"], each["status"]) for each in bills] == [
        (800, "usd", "open"),
        (800, "usd", "paid"),
        (800, "usd", "paid"),
    ]
    pdf = httpx2.get(bills[0]["pdfUrl"], **PLAIN_HTTP)
    assert (pdf.headers["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")


def test_anothers_bills_are_never_seen(alice: Person, bob: Person, shop: Shop) -> None:
    shop.buy(alice)
    shop.buy(bob)
    shop.send()
    assert len(alice.get("/subscriptions/invoices").json["data"]) == 1
    assert current(alice)["stripeCustomerId"] != current(bob)["stripeCustomerId"]


def test_two_checkouts_at_once_make_one_customer(alice: Person, shop: Shop) -> None:
    body = {"priceId": "pro_monthly", "successUrl": "tymblok://a", "cancelUrl": "tymblok://b"}
    answers = at_once(*[lambda: alice.post("/subscriptions/checkout", body).status_code] * 4)
    assert set(answers) == {200}
    assert len([each for each in shop.events() if each["type"] == "customer.created"]) == 1


def test_a_new_page_to_pay_on_closes_the_older_one(alice: Person, shop: Shop) -> None:
    older, newer = (shop.ask(alice, plan).json["data"]["checkoutUrl"] for plan in ("pro_monthly", "pro_yearly"))
    assert shop.pay(older).status_code == 404
    assert shop.pay(newer).status_code == 303
    shop.send()
    assert state(alice) == ("pro_yearly", "active")
    assert len(shop.subscriptions(alice)) == 1


def test_who_has_paid_is_asked_no_second_time_even_before_any_event(alice: Person, shop: Shop) -> None:
    shop.buy(alice)
    assert state(alice) == ("free", "active")
    assert shop.ask(alice).json["error"]["code"] == "CONFLICT"
    assert state(alice) == ("pro_monthly", "active")
    assert [each["status"] for each in shop.shelf("checkout/sessions")] == ["complete", "expired"]


def test_of_many_pages_asked_for_at_once_one_stays_open(alice: Person, shop: Shop) -> None:
    for _ in range(3):
        at_once(*[lambda: shop.ask(alice).status_code] * 4)
        assert [each["status"] for each in shop.shelf("checkout/sessions")].count("open") == 1


def test_a_second_subscription_is_undone_and_its_money_goes_back(alice: Person, shop: Shop, post: Post) -> None:
    shop.buy(alice)
    shop.send()
    for _ in range(2):
        shop.sell(alice, "yearly")
    events = [event for event in shop.events() if event["type"] == "checkout.session.completed"]
    assert at_once(*[lambda event=event: shop.send(event) for event in events[1:] * 4]) == [[200]] * 8
    assert [each["status"] for each in shop.subscriptions(alice)] == ["active", "canceled", "canceled"]
    assert [each["amount"] for each in shop.shelf("refunds")] == [6800, 6800]
    shop.send()  # the news of all that, late
    assert state(alice) == ("pro_monthly", "active")
    assert len(shop.shelf("refunds")) == 2
    post.deliver(alice.email)
    assert len(post.to(alice.email, "subscribed to Daybook twice")) == 2  # once for each


@pytest.mark.parametrize("broken", ["/v1/invoice_payments", "/v1/refunds", "/v1/subscriptions/*"])
def test_undoing_that_is_cut_short_is_done_again(alice: Person, shop: Shop, post: Post, broken: str) -> None:
    shop.buy(alice)
    shop.send()
    shop.sell(alice)
    event = shop.events()[-1]
    shop.fault("status", status=500, path=broken, times=2)
    assert shop.send(event) == [502]
    assert shop.send(event) == [200]
    assert [each["status"] for each in shop.subscriptions(alice)] == ["active", "canceled"]
    assert len(shop.shelf("refunds")) == 1
    post.deliver(alice.email)
    assert len(post.to(alice.email, "subscribed to Daybook twice")) == 1


def test_what_an_operator_made_at_stripe_is_left_alone(alice: Person, shop: Shop) -> None:
    shop.buy(alice)
    shop.send()
    shop.sell(alice, reference=None)
    shop.send()
    assert [each["status"] for each in shop.subscriptions(alice)] == ["active", "active"]
    assert shop.shelf("refunds") == []


def test_the_same_event_after_three_days_has_no_second_effect(alice: Person, shop: Shop, post: Post) -> None:
    shop.buy(alice)
    shop.send()
    shop.do(alice, "fail_payment")
    failed = next(event for event in shop.events() if event["type"] == "invoice.payment_failed")
    assert shop.send(failed) == [200]
    later = time.time() + 3 * 86400
    with time_machine.travel(later):
        with transaction():
            tidy_up.run()
        assert shop.send(failed, timestamp=int(later)) == [200]
        post.deliver(alice.email)
    assert state(alice) == ("pro_monthly", "past_due")
    assert len(post.to(alice.email, "did not go through")) == 1


def test_a_period_that_ended_without_a_word_is_looked_at(alice: Person, shop: Shop) -> None:
    from models.db import session
    from models.queues import claim
    from models.subscriptions import Subscription
    from workers.subscriptions import check_subscription

    shop.buy(alice)
    shop.send()
    shop.do(alice, "cancel")
    with transaction():
        row = Subscription.of_user(alice.id)
        row.look_at = datetime.now(UTC)
        session.flush()
        assert row.id in claim(Subscription, Subscription.look_at)
        id = row.id
    check_subscription.run(id)
    assert state(alice) == ("free", "canceled")


def test_twenty_blocks_at_once_against_a_limit_of_ten_store_ten(alice: Person) -> None:
    kind = alice.get("/categories").json["data"][0]["id"]
    body = {"categoryId": kind, "title": "Work", "date": "2026-03-20", "startTime": "09:00", "durationMinutes": 15}
    statuses = at_once(*[lambda: alice.post("/blocks", body).status_code] * 20)
    assert sorted(statuses) == [201] * 10 + [403] * 10
    assert len(alice.get("/blocks", date="2026-03-20").json["data"]) == 10
    refusal = alice.post("/blocks", body).json["error"]
    assert refusal["code"] == "FORBIDDEN" and "10 blocks a day" in refusal["message"] and "Pro" in refusal["message"]
    assert plan_done(alice, "2026-03-21", 5)


def test_own_categories_and_moves_hold_their_limits_too(alice: Person) -> None:
    body = {"name": "Mine", "color": "#fff", "icon": "book"}
    statuses = at_once(*[lambda: alice.post("/categories", body).status_code] * 8)
    assert sorted(statuses) == [201] * 3 + [403] * 5
    blocks = [plan_done(alice, f"2026-03-{day}", 5) for day in (20, 21) for _ in range(8)]
    moved = at_once(*[lambda b=b: alice.patch(f"/blocks/{b}", {"date": "2026-03-22"}).status_code for b in blocks])
    assert sorted(moved) == [200] * 10 + [403] * 6
