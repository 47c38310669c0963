"""Stripe's API, as far as subscriptions need it. https://docs.stripe.com/api"""

from __future__ import annotations

import time

from flask import Blueprint, Response, g, request

from sandbox.reply import reply
from sandbox.stripe.books import Answered
from sandbox.stripe.reply import Refused, books, form, found, listing, of_customer, refusal

routes = Blueprint("stripe_api", __name__, url_prefix="/v1")


@routes.before_request
def _check() -> Response | None:
    if request.headers.get("Authorization") not in ("Bearer sk_test_sandbox",):
        return refusal(401, "invalid_request_error", "Invalid API Key provided")
    key = request.headers.get("Idempotency-Key")
    if request.method == "POST" and key:
        mine = Answered({"path": request.path, "form": request.form.to_dict()})
        first = books().answered.setdefault(key, mine)
        if first is mine:
            g.answered = mine
        elif first.asked != mine.asked:
            return refusal(
                400, "idempotency_error", "Keys for idempotent requests can only be used with the same parameters."
            )
        elif first.body is None:
            return refusal(409, "idempotency_error", "There is currently another in-progress request using this key.")
        else:
            return Response(first.body, first.status, {"Idempotent-Replayed": "true"}, mimetype="application/json")
    return None


@routes.after_request
def _remember(response: Response) -> Response:
    if "answered" in g:
        g.answered.status, g.answered.body = response.status_code, response.get_data()
    response.headers["Request-Id"] = books().id("req")
    return response


@routes.errorhandler(Refused)
def _refuse(error: Refused) -> Response:
    return error.answer


# -- customers and prices


@routes.post("/customers")
def create_customer() -> Response:
    given = form()
    customer = {
        "id": books().id("cus"),
        "object": "customer",
        "created": int(time.time()),
        "email": given.get("email"),
        "livemode": False,
        "metadata": given.get("metadata", {}),
        "name": given.get("name"),
    }
    books().customers[customer["id"]] = customer
    books().event("customer.created", customer)
    return reply(customer)


@routes.get("/customers/<id>")
def show_customer(id: str) -> Response:
    return reply(found(books().customers, id, "customer"))


@routes.post("/customers/<id>")
def change_customer(id: str) -> Response:
    customer = found(books().customers, id, "customer")
    customer.update({name: value for name, value in form().items() if name in ("email", "name", "metadata")})
    books().event("customer.updated", customer)
    return reply(customer)


@routes.delete("/customers/<id>")
def delete_customer(id: str) -> Response:
    found(books().customers, id, "customer")
    for subscription in of_customer(books().subscriptions, id):
        if subscription["status"] != "canceled":
            books().end(subscription)
    books().event("customer.deleted", books().customers.pop(id))
    return reply({"id": id, "object": "customer", "deleted": True})


@routes.get("/prices")
def list_prices() -> Response:
    return listing(list(books().prices.values()))


@routes.get("/prices/<id>")
def show_price(id: str) -> Response:
    return reply(found(books().prices, id, "price"))


# -- checkout and portal


@routes.post("/checkout/sessions")
def create_checkout() -> Response:
    given = form()
    if given.get("mode") != "subscription":
        raise Refused(400, "Only mode=subscription is supported here.", param="mode")
    if given.get("customer") not in books().customers:
        raise Refused(400, f"No such customer: '{given.get('customer')}'", code="resource_missing", param="customer")
    wanted = next(iter(given.get("line_items", {}).values()), {}).get("price")
    if wanted not in books().prices:
        raise Refused(400, f"No such price: '{wanted}'", code="resource_missing", param="line_items[0][price]")
    for name in ("success_url", "cancel_url"):
        if "://" not in given.get(name, ""):
            raise Refused(400, "Not a valid URL", code="url_invalid", param=name)
    id = books().id("cs_test")
    checkout = {
        "id": id,
        "object": "checkout.session",
        "amount_total": books().prices[wanted]["unit_amount"],
        "cancel_url": given["cancel_url"],
        "client_reference_id": given.get("client_reference_id"),
        "created": int(time.time()),
        "currency": "usd",
        "customer": given["customer"],
        "expires_at": int(time.time()) + 86400,
        "livemode": False,
        "metadata": given.get("metadata", {}),
        "mode": "subscription",
        "payment_status": "unpaid",
        "price": wanted,
        "status": "open",
        "subscription": None,
        "subscription_metadata": given.get("subscription_data", {}).get("metadata", {}),
        "success_url": given["success_url"],
        "url": f"{books().base}/pay/{id}",
    }
    books().checkouts[id] = checkout
    return reply(checkout)


@routes.get("/checkout/sessions")
def list_checkouts() -> Response:
    status = request.args.get("status")
    chosen = of_customer(books().checkouts, request.args.get("customer"))
    return listing([each for each in chosen if status in (None, each["status"])])


@routes.get("/checkout/sessions/<id>")
def show_checkout(id: str) -> Response:
    return reply(found(books().checkouts, id, "checkout.session"))


@routes.post("/checkout/sessions/<id>/expire")
def expire_checkout(id: str) -> Response:
    checkout = found(books().checkouts, id, "checkout.session")
    if checkout["status"] != "open":
        raise Refused(400, "Only Checkout Sessions with a status in [\"open\"] can be expired.")
    checkout.update(status="expired", url=None)
    books().event("checkout.session.expired", checkout)
    return reply(checkout)


@routes.post("/billing_portal/sessions")
def create_portal() -> Response:
    given = form()
    if given.get("customer") not in books().customers:
        raise Refused(400, f"No such customer: '{given.get('customer')}'", code="resource_missing", param="customer")
    id = books().id("bps")
    portal = {
        "id": id,
        "object": "billing_portal.session",
        "created": int(time.time()),
        "customer": given["customer"],
        "livemode": False,
        "return_url": given.get("return_url"),
        "url": f"{books().base}/portal/{id}",
    }
    books().portals[id] = portal
    return reply(portal)


# -- subscriptions, invoices, events


@routes.get("/subscriptions")
def list_subscriptions() -> Response:
    status = request.args.get("status")
    chosen = [
        each
        for each in of_customer(books().subscriptions, request.args.get("customer"))
        if status in ("all", each["status"]) or (status is None and each["status"] != "canceled")
    ]
    return listing(chosen)


@routes.get("/subscriptions/<id>")
def show_subscription(id: str) -> Response:
    return reply(found(books().subscriptions, id, "subscription"))


@routes.post("/subscriptions/<id>")
def change_subscription(id: str) -> Response:
    subscription, given = found(books().subscriptions, id, "subscription"), form()
    if subscription["status"] == "canceled":
        raise Refused(400, "A canceled subscription can only update its cancellation_details and metadata.")
    if given.get("cancel_at_period_end") == "true":
        books().cancel_at_period_end(subscription)
    elif given.get("cancel_at_period_end") == "false":
        books().resume(subscription)
    return reply(subscription)


@routes.delete("/subscriptions/<id>")
def cancel_subscription(id: str) -> Response:
    subscription = found(books().subscriptions, id, "subscription")
    if subscription["status"] == "canceled":
        raise Refused(404, f"No such subscription: '{id}'", code="resource_missing", param="id")
    books().end(subscription)
    return reply(subscription)


@routes.get("/invoices")
def list_invoices() -> Response:
    chosen = of_customer(books().invoices, request.args.get("customer"))
    for name in ("subscription", "status"):
        if name in request.args:
            chosen = [each for each in chosen if each[name] == request.args[name]]
    return listing(chosen)


@routes.get("/invoices/<id>")
def show_invoice(id: str) -> Response:
    return reply(found(books().invoices, id, "invoice"))


@routes.get("/invoice_payments")
def list_payments() -> Response:
    chosen = [each for each in books().payments.values() if request.args.get("invoice") in (None, each["invoice"])]
    return listing(chosen)


@routes.post("/refunds")
def create_refund() -> Response:
    given = form()
    intent = given.get("payment_intent")
    payment = next((each for each in books().payments.values() if each["payment"]["payment_intent"] == intent), None)
    if payment is None:
        raise Refused(404, f"No such payment_intent: '{intent}'", code="resource_missing", param="payment_intent")
    if any(each["payment_intent"] == intent for each in books().refunds.values()):
        raise Refused(400, "Charge has already been refunded.", code="charge_already_refunded")
    return reply(books().refund(payment, given.get("reason")))


@routes.get("/refunds")
def list_refunds() -> Response:
    return listing(list(books().refunds.values()))


@routes.get("/events")
def list_events() -> Response:
    return listing([each for each in books().events if request.args.get("type") in (None, each["type"])])
