"""Somebody else's server: it keeps what is posted to it, checks it as the documents say, and answers as told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Arrival:
    """One request, as it came."""

    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def payload(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_signed_in_body(self, secret: str) -> bool:
        """The contract's signature: everything before it, closed with a brace (docs/webhooks.md)."""
        signed = self.body[: self.body.rindex(b',"signature":')] + b"}"
        wanted = "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        return self.payload["signature"] == wanted and wanted in self.headers["x-focusflow-signature"].split(" ")

    def is_signed_in_headers(self, secret: str) -> bool:
        """Standard Webhooks 1.0."""
        key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
        text = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        wanted = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
        is_fresh = abs(int(self.headers["webhook-timestamp"]) - self.at) < 300
        return is_fresh and wanted in self.headers["webhook-signature"].split(" ")


class Receiver:
    """Listens on loopback; `answers` are the statuses of the next requests, then it is 204."""

    def __init__(self, port: int = 0) -> None:
        self.arrivals: list[Arrival] = []
        self.answers: list[int] = []
        self.headers: dict[str, str] = {}
        self.seconds = 0.0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.arrivals.append(Arrival(headers, body, time.time()))
                time.sleep(receiver.seconds)
                self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_: Any) -> None:
                pass

        self.server = Server(("127.0.0.1", port), Handler)
        self.port: int = self.server.server_address[1]
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}/webhooks/focusflow"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
