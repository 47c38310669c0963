"""Pages of issues as they were recorded, served as GitHub would: the same work for every program that reads them.

`python -m bench.replay PORT FOLDER` answers `<anything>/issues` with the folder's 1.json, 2.json and so on, with Link
and ETag; what else our sync and tap-github ask for is answered with nothing to do.
"""

from __future__ import annotations

import json
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

REPOSITORY = "harborline/booking-web"
REPOSITORY_SHOWN = {
    "id": 1, "name": "booking-web", "full_name": REPOSITORY, "owner": {"login": "harborline", "id": 1},
    "updated_at": "2026-01-01T00:00:00Z",
}  # fmt: skip


class Replay(BaseHTTPRequestHandler):
    """One connection, kept open between requests."""

    protocol_version = "HTTP/1.1"
    pages: list[bytes]
    asked = 0

    def do_GET(self) -> None:
        Replay.asked += 1
        parts = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        if parts.path == "/asked":
            Replay.asked -= 1
            self.answer(json.dumps(Replay.asked).encode())
            Replay.asked = 0
        elif parts.path.endswith("/search/issues"):
            self.answer(b'{"total_count": 0, "incomplete_results": false, "items": []}')
        elif parts.path.endswith("/issues"):
            number = int(query.get("after") or query.get("page", "1"))  # a repository's list goes on behind a cursor
            more = number < len(self.pages)
            following = urlencode({**query, "page": number + 1, "after": number + 1})
            link = f"http://{self.headers['Host']}{parts.path}?{following}"
            self.answer(self.pages[number - 1], {"Link": f'<{link}>; rel="next"'} if more else {}, f'"page-{number}"')
        elif parts.path.endswith(f"/repos/{REPOSITORY}"):
            self.answer(json.dumps(REPOSITORY_SHOWN).encode())
        else:
            self.answer(b"[]")

    def do_POST(self) -> None:
        """tap-github asks GraphQL for the number of its repository."""
        Replay.asked += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        found = {"repo0": {"nameWithOwner": REPOSITORY, "databaseId": 1}, "rateLimit": {"cost": 1}}
        self.answer(json.dumps({"data": found}).encode())

    def answer(self, body: bytes, headers: dict[str, str] | None = None, etag: str = '"empty"') -> None:
        same = self.headers.get("If-None-Match") == etag
        body = b"" if same else body
        lines = {
            "Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(body)), "ETag": etag,
            "X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4999", "X-RateLimit-Used": "1",
            "X-RateLimit-Reset": "4102444800", "X-RateLimit-Resource": "core", **(headers or {}),
        }  # fmt: skip
        status = b"304 Not Modified" if same else b"200 OK"
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode()
        self.wfile.write(b"HTTP/1.1 " + status + b"\r\n" + head + b"\r\n" + body)

    def setup(self) -> None:
        super().setup()
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    folder = Path(sys.argv[2])
    Replay.pages = [file.read_bytes() for file in sorted(folder.glob("*.json"), key=lambda file: int(file.stem))]
    with ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Replay) as server:
        server.serve_forever()
