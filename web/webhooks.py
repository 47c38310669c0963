"""Where providers push to. Verified on the raw bytes, noted, answered; the work is a worker's."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from connectors.faults import NotConfigured
from connectors.push import BadDelivery, verify
from models.pushes import Handshake, Push, wake
from web.telemetry import log

routes = Blueprint("webhooks", __name__, url_prefix="/webhooks")
_AS_CONNECTED = {"google": "google-calendar"}
"""A provider's name where integrations have another."""


@routes.post("/<provider>")
def receive(provider: str) -> ResponseReturnValue:
    """Take one delivery; a repeat is taken as well, and does nothing."""
    try:
        delivery = verify(provider, dict(request.headers), request.get_data())
    except NotConfigured as error:
        return jsonify(error=error.message), 404
    except BadDelivery as error:
        return jsonify(error=error.message), 401
    if delivery.token is not None:
        Handshake.keep(provider, delivery.token)
        log.warning("webhook handshake: see `cli.py webhook-token`", provider=provider)
    if delivery.answer is not None:
        return jsonify(delivery.answer)
    if Push.take(provider, delivery.id):
        wake(_AS_CONNECTED.get(provider, provider), delivery.accounts, delivery.usernames, delivery.channel)
    return jsonify(status="ok")
