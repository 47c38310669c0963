"""A sandbox for each module, on a port of its own, driven over real HTTP."""

from __future__ import annotations

import secrets
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from authlib.integrations.requests_client import OAuth2Session

from sandbox.app import serve

CALLBACK = "http://127.0.0.1:8000/oauth/{}/callback"


@pytest.fixture(scope="module")
def base():
    with serve(smtp_port=0) as address:
        yield address


@pytest.fixture
def http(base):
    with httpx2.Client(base_url=base, trust_env=False, verify=False, timeout=10) as client:
        yield client


class Visitor:
    """Somebody who connects an account as an app and a browser would."""

    def __init__(self, base, http):
        self.base, self.http = base, http

    def session(self, provider, scope, **more):
        return OAuth2Session(
            f"sandbox-{provider}",
            f"sandbox-{provider}-secret",
            scope=scope,
            redirect_uri=CALLBACK.format(provider),
            **{"token_endpoint_auth_method": "client_secret_post", "code_challenge_method": "S256", **more},
        )

    def consent(self, url, account="mara", decision="allow"):
        """Click; the address that the browser is sent to."""
        answer = self.http.post(url, data={"decision": decision, "account": account})
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def connect(self, provider, authorize, token, scope, account="mara", parameters=None, **more):
        """The whole dance; the token reply, and the session that danced."""
        session, verifier = self.session(provider, scope, **more), secrets.token_urlsafe(40)
        url, state = session.create_authorization_url(
            f"{self.base}/{provider}{authorize}", code_verifier=verifier, **(parameters or {})
        )
        back = self.consent(url, account)
        assert parse_qs(urlsplit(back).query)["state"] == [state]
        reply = session.fetch_token(
            f"{self.base}/{provider}{token}", authorization_response=back, code_verifier=verifier, state=state
        )
        return reply, session


@pytest.fixture
def visitor(base, http):
    return Visitor(base, http)


@pytest.fixture
def control(http):
    """Ask something of a provider's control: `control("github", "POST", "/items", title="…")`."""

    def ask(provider, method, path, /, **body):
        answer = http.request(method, f"/{provider}/_control{path}", json=body or None)
        assert answer.status_code < 300, answer.text
        return answer.json()

    return ask


@pytest.fixture
def bearer(control):
    """Headers with a fresh token of an account."""

    def headers(provider, account="mara", **more):
        reply = control(provider, "POST", "/tokens", account=account, **more)
        token = reply.get("access_token") or reply["authed_user"]["access_token"]
        return {"Authorization": f"Bearer {token}"}

    return headers


class Receiver:
    """Keeps what is posted to it."""

    def __init__(self):
        kept = self.kept = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                kept.append((self.path, self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()
