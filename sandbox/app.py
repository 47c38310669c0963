"""The sandbox as one Flask app, and as a server for tests."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from flask import Flask, Response, g, request

from sandbox import control, faults, front, outbox
from sandbox.consent import LOOPBACK
from sandbox.github import GitHub
from sandbox.google import Google
from sandbox.jira import Jira
from sandbox.linear import Linear
from sandbox.notion import Notion
from sandbox.outbox import Outbox
from sandbox.people import Accounts
from sandbox.sender import Sender
from sandbox.server import Server
from sandbox.slack import Slack
from sandbox.stand import Stand
from sandbox.stripe import Stripe

STANDS: tuple[type[Stand], ...] = (GitHub, Jira, Google, Slack, Notion, Linear, Stripe)


@dataclass
class World:
    """All state of one sandbox."""

    base: str
    accounts: Accounts = field(default_factory=Accounts)
    outbox: Outbox = field(default_factory=Outbox)
    stands: dict[str, Stand] = field(default_factory=dict)
    smtp_port: int | None = None


def create_app(
    base: str = "http://127.0.0.1:9100", webhook_base: str | None = None, redirects: tuple[str, ...] = ()
) -> Flask:
    """A fresh sandbox that believes to live at `base`."""
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    app.url_map.strict_slashes = False
    world = app.extensions["sandbox"] = World(base)
    for kind in STANDS:
        stand = kind(base, world.accounts, Sender(webhook_base), LOOPBACK + redirects)
        world.stands[stand.name] = stand
        mount_consent(app, stand)
        app.register_blueprint(kind.routes)
    app.register_blueprint(control.routes)
    app.register_blueprint(outbox.routes)
    app.register_blueprint(front.routes)

    @app.before_request
    def arrive() -> Response | None:
        _, provider, *rest = request.path.split("/", 2)
        g.stand = None if rest and rest[0].startswith("_control") else world.stands.get(provider)
        if g.stand is None:
            return None
        g.path = "/" + "".join(rest)
        g.token = g.stand.token()
        if g.token is not None and g.token.account not in world.accounts.people:
            g.token = None
        g.account = g.token.account if g.token else None
        return faults.before(g.stand, g.account)

    @app.after_request
    def leave(response: Response) -> Response:
        if g.get("stand") is not None:
            response = faults.after(g.stand, response, g.account)
            g.stand.journal.write(response)
        return response

    return app


def mount_consent(app: Flask, stand: Stand) -> None:
    """The provider's consent page, token and revocation endpoints, at each address that they are known by."""
    consent = stand.consent
    for view, methods, paths in (
        (consent.authorize, ("GET", "POST"), consent.authorize_paths),
        (consent.token, ("POST",), consent.token_paths),
        (consent.revoke, ("POST",), consent.revoke_paths),
    ):
        for path in paths:
            name = f"{stand.name}{path}".replace("/", "_").replace(".", "_")
            app.add_url_rule(f"/{stand.name}{path}", name, view, methods=methods)


class Address(str):
    """Where a sandbox listens: its base URL, with the way to its inside for those who share the process."""

    smtp_port: int | None
    app: Flask


@contextlib.contextmanager
def serve(
    port: int = 0,
    smtp_port: int | None = None,
    webhook_base: str | None = None,
    redirects: tuple[str, ...] = (),
    host: str = "127.0.0.1",
) -> Iterator[Address]:
    """A sandbox in threads of this process, for the length of a `with`; port 0 is any free one."""
    server = Server(host, port)
    server.app = create_app(server.url, webhook_base, redirects)
    world = server.app.extensions["sandbox"]
    thread = threading.Thread(target=server.serve, daemon=True)
    try:
        if smtp_port is not None:
            world.smtp_port = world.outbox.listen(host, smtp_port)
        thread.start()
        address = Address(server.url)
        address.smtp_port, address.app = world.smtp_port, server.app
        yield address
    finally:
        server.stop()
        world.outbox.stop()
        if thread.is_alive():
            thread.join(5)
