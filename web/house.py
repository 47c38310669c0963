"""The house itself: what belongs to no contract. Start page, health, metrics, consent, webhooks, account pages."""

from __future__ import annotations

from flask import Flask, Response, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from models import db
from models.errors import NotFound, Refusal
from settings import PROVIDERS, settings
from web import account, consent, health, ical, invites, telemetry, webhooks

CONTRACTS = (
    ("Tymblok", "tymblok/v1", "Time blocks, inbox and integrations"),
    ("FocusFlow, version 1", "focusflow/api/v1", "Projects, tasks and the focus timer"),
    ("FocusFlow, version 2", "focusflow/api/v2", "Organisations, teams and reports"),
    ("Produktifin", "produktifin/v1", "Pomodoro sessions, history and calendar"),
    ("Pomodoro Timer", "pomodoro-timer/api/v1", "Accounts with a refresh cookie"),
    ("Flow Sudoku", "flow-sudoku/v1", "Puzzle sessions in sync"),
)
_READS = {"GET", "HEAD", "OPTIONS"}
_POLICY = "default-src 'self'; img-src 'self' https: data:; frame-ancestors 'none'; form-action 'self'"


class House(Flask):
    """Pages for people and probes for machines."""

    def dispatch_request(self) -> ResponseReturnValue:
        if request.url_rule is not None and request.url_rule.endpoint.startswith("health."):
            return super().dispatch_request()  # a probe says itself what the database does
        with db.transaction(reading=request.blueprint != "consent" and request.method in _READS):
            return super().dispatch_request()


def create() -> House:
    """The app behind every path that is no contract's."""
    app = House("web", template_folder="templates", static_folder="static")
    app.config["MAX_CONTENT_LENGTH"] = 1024 * 1024
    telemetry.watch(app, "house")
    app.register_blueprint(health.routes)
    app.register_blueprint(consent.routes)
    app.register_blueprint(account.routes)
    app.register_blueprint(ical.routes)
    app.register_blueprint(invites.routes)
    app.register_blueprint(webhooks.routes)
    app.register_error_handler(Exception, _show_failure)
    app.after_request(_harden)

    @app.get("/")
    def start() -> str:
        return render_template(
            "start.html",
            contracts=CONTRACTS,
            health=health.check(),
            sandboxed=[name for name in PROVIDERS if settings.sandboxed(name)],
            settings=settings,
        )

    @app.get("/outbox")
    def outbox() -> ResponseReturnValue:
        # In development the sandbox's SMTP server keeps what really arrived there.
        if settings.production:
            return render_template("message.html", title="Not found", text="There is no such page."), 404
        return redirect(f"{settings.sandbox_url}/outbox")

    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)  # type: ignore[method-assign]
    return app


def _show_failure(error: Exception) -> ResponseReturnValue:
    status, text = 500, "Something went wrong on our side."
    if isinstance(error, HTTPException):
        status = error.code or 500
        text = "There is no such page." if status == 404 else error.name
    elif isinstance(error, Refusal):
        status, text = 404 if isinstance(error, NotFound) else 400, error.message
    else:
        telemetry.log.error("failed", exc_info=error, request_id=telemetry.request_id())
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "application/json":
        return {"error": text}, status
    return render_template("message.html", title="That did not work", text=text), status


def _harden(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Content-Security-Policy", g.get("policy", _POLICY))
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    return response
