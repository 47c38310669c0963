"""The yardsticks: one view that answers 99 bytes of JSON, as plain Flask and behind what Daybook puts before a view.

`application` is Flask and nothing else. `behind` is the same view behind the dispatcher, with request id, log line,
counters, transaction and headers; the limiter is loaded, but the route has no limit and nobody is asked who calls.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, jsonify

ANSWER: dict[str, Any] = {
    "id": 1, "title": "Review Pull Requests", "is_done": False, "created_at": "2026-01-31T10:00:00Z",
}  # fmt: skip

application = Flask("bare")


@application.get("/healthz")
@application.get("/bare")
def bare() -> Any:
    return jsonify(ANSWER)


def behind() -> Any:
    """Daybook's own layers around that view, at /tymblok/v1/bare."""
    import logs
    from web import house
    from web.app import ContractApp
    from web.auth import public
    from web.dispatch import Dispatcher, Mount
    from web.shape import Limit
    from web.tymblok.shape import Tymblok

    class Unlimited(Tymblok):
        def limit(self, method: str, path: str) -> Limit | None:
            return None

    logs.set_up()
    app = ContractApp(Unlimited())

    @app.get("/v1/bare")
    @public
    def bare_behind() -> Any:
        return jsonify(ANSWER)

    return Dispatcher(house.create(), [Mount("tymblok", app)])
