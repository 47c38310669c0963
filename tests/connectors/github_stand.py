"""GitHub's three lists, as far as the connector reads them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.connectors.stub import Asked, Reply

START = datetime(2026, 1, 1, tzinfo=UTC)


def issue(number: int, title: str = "", **more: Any) -> dict[str, Any]:
    at = (START + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "id": 1000 + number, "number": number, "title": title or f"Issue {number}", "state": "open", "body": "Text",
        "html_url": f"https://github.com/acme/shop/issues/{number}", "created_at": at, "updated_at": at, **more,
    }


class Stand:
    def __init__(self, *issues: dict[str, Any]) -> None:
        self.issues = list(issues)
        self.reviews: list[dict[str, Any]] = []
        self.threads: list[dict[str, Any]] = []
        self.clock = START + timedelta(days=100)
        self.before: Callable[[Asked], Reply | None] = lambda asked: None
        self.after: Callable[[Asked], None] = lambda asked: None
        self.etags = True

    def touch(self, number: int, **changes: Any) -> None:
        self.clock += timedelta(minutes=10)
        for each in self.issues:
            if each["number"] == number:
                each.update(changes, updated_at=self.clock.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def drop(self, number: int) -> None:
        self.issues = [each for each in self.issues if each["number"] != number]

    def __call__(self, asked: Asked) -> Reply:
        reply = self.before(asked) or self._list(asked)
        self.after(asked)
        return reply

    def _list(self, asked: Asked) -> Reply:
        path, query = asked.path.removeprefix("/github"), asked.query
        if path == "/issues":
            since = query.get("since", "")
            found = [e for e in self.issues if query["state"] in ("all", e["state"]) and e["updated_at"] >= since]
            key = {"created": "created_at", "updated": "updated_at"}[query["sort"]]
            found.sort(key=lambda e: (e[key], e["id"]), reverse=query["direction"] == "desc")
        elif path == "/search/issues":
            found = self.reviews
        elif path == "/notifications":
            found = [e for e in self.threads if not isinstance(e, dict) or e.get("unread", True)]
        else:
            return Reply({"message": "Not Found"}, 404)
        size, page = int(query["per_page"]), int(query.get("page", 1))
        members = found[(page - 1) * size : page * size]
        body: Any = members
        if "search" in path:
            body = {"total_count": len(found), "incomplete_results": False, "items": members}
        headers = {}
        if self.etags:
            headers["ETag"] = '"' + hashlib.sha1(json.dumps(body).encode()).hexdigest() + '"'
            if asked.headers.get("if-none-match") == headers["ETag"]:
                return Reply(None, 304, headers)
        if len(found) > page * size:
            link = f"<http://x{asked.path}?per_page={size}&page="
            headers["Link"] = f'{link}{page + 1}>; rel="next", {link}9>; rel="last"'
        return Reply(body, 200, headers)
