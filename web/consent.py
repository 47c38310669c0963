"""Where providers send the browser back to after consent, and the page that says what came of it."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from connectors.base import ConnectorError
from connectors.oauth import with_parameters
from models import db
from models.errors import LimitReached, NotFound
from models.integrations import PROVIDERS
from web.redirects import browser_sign
from workers.connections import Connected, connect
from workers.logins import client_address

routes = Blueprint("consent", __name__)
NAMES = {
    "github": "GitHub",
    "jira": "Jira",
    "google-calendar": "Google Calendar",
    "slack": "Slack",
    "notion": "Notion",
    "linear": "Linear",
}


@routes.get("/oauth/<provider>/callback")
def callback(provider: str) -> ResponseReturnValue:
    """The browser is back with a code, or with the word that consent was not given."""
    try:
        onward = client_address(provider, request.args, browser_sign())
    except NotFound as refusal:
        return _page(400, "You were not logged in", f"{refusal.message}. Please start again in your app.")
    if onward is not None:
        return redirect(onward)
    if provider not in PROVIDERS:
        return _page(404, "There is no such provider", "The address that brought you here is not one of ours.")
    name = NAMES[provider]
    state, code = request.args.get("state", ""), request.args.get("code", "")
    if request.args.get("error"):
        return _page(200, f"{name} was not connected", "You did not give consent. Nothing was stored.")
    if not state or not code:
        return _page(400, f"{name} was not connected", "The provider sent no code. Please start again in your app.")
    db.release()
    try:
        connected = connect(provider, code, state)
    except NotFound:
        return _page(
            400, f"{name} was not connected", "This request is unknown, was used before, or is older than ten minutes."
        )
    except LimitReached as refusal:
        return _page(403, f"{name} was not connected", refusal.message)
    except ConnectorError as error:
        return _page(502, f"{name} was not connected", error.message)
    if connected.redirect_uri is not None:
        told = {"provider": provider, "items": str(connected.items)}
        return redirect(with_parameters(connected.redirect_uri, told))
    return _page(200, f"{name} is connected", _words(name, connected))


def _words(name: str, connected: Connected) -> str:
    whose = f"{name} account {connected.username}" if connected.username else f"{name} account"
    start = f"Your {whose} now belongs to the Daybook account {connected.email}. "
    if connected.problem:
        return start + connected.problem
    arrived = "1 item has" if connected.items == 1 else f"{connected.items} items have"
    if connected.is_complete:
        return start + f"{arrived} arrived in your inbox. You can close this page."
    return start + f"{arrived} arrived so far; the rest follows in the background. You can close this page."


def _page(status: int, title: str, text: str) -> ResponseReturnValue:
    return render_template("message.html", title=title, text=text), status
