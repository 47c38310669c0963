"""The pages that Stripe hosts: checkout with a pay button, the portal with a cancel button, invoices."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from sandbox.stripe.reply import Refused, books, found, of_customer

routes = Blueprint("stripe_pages", __name__)
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S+")


def money(cents: int) -> str:
    return f"${cents / 100:.2f}"


def day(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%d %B %Y")


@routes.errorhandler(Refused)
def _explain(error: Refused) -> ResponseReturnValue:
    return render_template("refused.html", provider="Stripe", message=str(error)), 404


@routes.get("/pay/<id>")
def checkout(id: str) -> ResponseReturnValue:
    """What is bought, and the button."""
    return _checkout_page(found(books().checkouts, id, "checkout.session"))


@routes.post("/pay/<id>")
def pay(id: str) -> ResponseReturnValue:
    """The button was pressed; pressed twice it sells once."""
    session = found(books().checkouts, id, "checkout.session")
    if session["status"] == "open":
        if request.form.get("card") == "declined":
            return _checkout_page(session, "Your card was declined."), 402
        books().subscribe(session)
    if session["status"] != "complete":
        raise Refused(404, "This checkout session has expired.")
    return _away(session["success_url"].replace("{CHECKOUT_SESSION_ID}", id))


def _checkout_page(session: dict[str, Any], problem: str = "") -> str:
    price = books().prices[session["price"]]
    return render_template(
        "checkout.html",
        session=session,
        name=price["nickname"],
        amount=money(price["unit_amount"]),
        interval=price["recurring"]["interval"],
        email=books().customers.get(session["customer"], {}).get("email"),
        problem=problem,
    )


@routes.get("/portal/<id>")
def portal(id: str) -> ResponseReturnValue:
    """The customer's subscriptions and invoices."""
    session = found(books().portals, id, "billing_portal.session")
    invoices = of_customer(books().invoices, session["customer"])
    return render_template(
        "portal.html",
        session=session,
        email=books().customers.get(session["customer"], {}).get("email"),
        subscriptions=[
            {**each, "ends": day(books().period(each)[1]), "price": each["items"]["data"][0]["price"]}
            for each in of_customer(books().subscriptions, session["customer"])
        ],
        invoices=[{**each, "day": day(each["created"]), "amount": money(each["total"])} for each in invoices],
        money=money,
    )


@routes.post("/portal/<id>")
def decide(id: str) -> ResponseReturnValue:
    """Cancel at the end of the period, cancel now, or stay after all."""
    session = found(books().portals, id, "billing_portal.session")
    subscription = found(books().subscriptions, request.form.get("subscription", ""), "subscription")
    decision = request.form.get("decision")
    if subscription["customer"] == session["customer"] and subscription["status"] != "canceled":
        if decision == "cancel":
            books().cancel_at_period_end(subscription)
        elif decision == "cancel_now":
            books().end(subscription)
        elif decision == "keep":
            books().resume(subscription)
    return redirect(f"{books().base}/portal/{id}", 303)


@routes.get("/invoices/<id>")
def invoice(id: str) -> ResponseReturnValue:
    """An invoice in the browser."""
    return redirect(found(books().invoices, id, "invoice")["invoice_pdf"])


@routes.get("/invoices/<id>/pdf")
def invoice_pdf(id: str) -> Response:
    """An invoice on paper."""
    bill = found(books().invoices, id, "invoice")
    customer = books().customers.get(bill["customer"], {})
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1)
    canvas.setTitle(f"Invoice {bill['number']}")
    lines = (
        f"Invoice {bill['number']} (sandbox: no money was moved)",
        f"Billed to {(customer.get('email') or '').encode('latin-1', 'replace').decode('latin-1')}",
        f"Date {day(bill['created'])}",
        f"Amount {money(bill['total'])} {bill['currency'].upper()}",
        f"Status {bill['status']}",
    )
    for number, line in enumerate(lines):
        canvas.drawString(72, 770 - 22 * number, line)
    canvas.save()
    headers = {"Content-Disposition": f'inline; filename="{bill["number"]}.pdf"'}
    return Response(file.getvalue(), mimetype="application/pdf", headers=headers)


def _away(address: str) -> Response:
    """Send the browser on, also to an app of its own scheme."""
    if not ADDRESS.fullmatch(address):
        raise Refused(404, "The address to return to is not one.")
    return Response(status=303, headers={"Location": address})
