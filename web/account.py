"""Pages behind the links that go out by mail: confirm an address, choose a new password, have an account back.

Plain forms. Nothing happens on GET, since mail programs open links to look at them, and no cookie has any power here:
the token in the form is all that counts, so no other site can press a button in somebody's name.
"""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, render_template, request
from flask.typing import ResponseReturnValue

from models.accounts import forgot_password, reset_password
from models.clock import now
from models.closure import restore_account
from models.errors import Invalid, ResetTokenInvalid
from models.mailed_tokens import MailedToken, Purpose
from models.users import User
from settings import settings
from web.auth import client_address
from web.body import is_storable
from web.limits import counter, fingerprint
from web.shape import Limit

routes = Blueprint("account", __name__, url_prefix="/account")
TRIES = Limit("account-pages", 10, "address")
EXPIRED = "This link was used before, or is too old. You can ask for a new one in your app."


@routes.before_request
def _not_too_often() -> ResponseReturnValue | None:
    if request.method == "POST" and settings.rate_limits:
        standing = counter.take(TRIES, f"a{fingerprint(client_address())}")
        if standing.is_over:
            response = make_response(_said(429, "Please wait a minute", "There were too many tries from your address."))
            response.headers["Retry-After"] = standing.headers["Retry-After"]
            return response
    return None


@routes.after_request
def _keep_nothing(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@routes.get("/verify")
def ask_verify() -> ResponseReturnValue:
    """The button that confirms an address."""
    return _form("Confirm your e-mail address", "Press the button and we know that this address is yours.", "Confirm")


@routes.post("/verify")
def verify() -> ResponseReturnValue:
    """The address is read by the one who registered it."""
    user = _spend("verify")
    if user is None:
        return _said(400, "That did not work", EXPIRED)
    user.email_verified_at = user.email_verified_at or now()
    return _said(200, "Your address is confirmed", "Thank you. You can close this page.")


@routes.get("/forgot")
def ask_forgot() -> ResponseReturnValue:
    """Where somebody says which password is forgotten."""
    return _form("Forgotten your password?", "We send a link to choose a new one.", "Send the link", asks="email")


@routes.post("/forgot")
def forgot() -> ResponseReturnValue:
    """Send the link; the answer is the same whether or not there is such an account."""
    email = request.form.get("email", "").strip()
    if is_storable(email) and len(email) <= 254:
        forgot_password(email)
    return _said(200, "Look into your mailbox", "If there is an account with this address, a link is on its way.")


@routes.get("/reset")
def ask_reset() -> ResponseReturnValue:
    """Where a new password is chosen."""
    return _form("Choose a new password", "You will be logged out everywhere.", "Save", asks="password")


@routes.post("/reset")
def reset() -> ResponseReturnValue:
    """Store the new password and end every login. A password that is too short leaves the link good."""
    password = request.form.get("password", "")
    try:
        if not is_storable(password):
            raise Invalid({"password": ["This password holds a character that cannot be stored"]})
        reset_password(_token(), password)
    except Invalid as refusal:
        problem = next((sentence for sentences in refusal.fields.values() for sentence in sentences), refusal.message)
        page = _form("Choose a new password", "You will be logged out everywhere.", "Save", asks="password",
                     problem=problem)  # fmt: skip
        return page, 400
    except ResetTokenInvalid:
        return _said(400, "That did not work", EXPIRED)
    return _said(200, "Your password is changed", "Log in with the new one in your app. You can close this page.")


@routes.get("/restore")
def ask_restore() -> ResponseReturnValue:
    """The button that brings an account back."""
    return _form("Have your account back", "It will be as it was; only its subscription has ended.", "Restore it")


@routes.post("/restore")
def restore() -> ResponseReturnValue:
    """Open a closed account again."""
    user = _spend("restore")
    try:
        if user is None:
            raise ResetTokenInvalid
        restore_account(user)
    except ResetTokenInvalid:
        return _said(400, "That did not work", EXPIRED)
    return _said(200, "Your account is open again", "Log in in your app. You can close this page.")


def _spend(purpose: Purpose) -> User | None:
    try:
        return MailedToken.spend(_token(), purpose)
    except ResetTokenInvalid:
        return None


def _token() -> str:
    return request.form.get("token", "")[:200]


def _form(title: str, text: str, button: str, asks: str = "", problem: str = "") -> str:
    g.policy = "default-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    return render_template(
        "form.html",
        title=title,
        text=text,
        button=button,
        asks=asks,
        problem=problem,
        token=request.values.get("token", "")[:200],
    )


def _said(status: int, title: str, text: str) -> ResponseReturnValue:
    return render_template("message.html", title=title, text=text), status
