"""What the rate limit adds to an empty Flask view: `python -m bench.limiter [--rounds 7] [--requests 3000]`.

In process and without a server: the view alone, and the same view behind the product's own counter in Redis with its
three headers, in turns. CPU of this process alone, so Redis' own share is not in it.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

from bench import figures, stage


def limited() -> Any:
    """The bare view with the counting that every request of the product has."""
    from flask import Flask, g, jsonify

    from web.limits import counter, fingerprint
    from web.shape import Limit

    application = Flask("limited")
    limit = Limit("bench", 10**9)

    @application.get("/bare")
    def bare() -> Any:
        return jsonify(id=1, title="Review Pull Requests", is_done=False, created_at="2026-01-31T10:00:00Z")

    @application.before_request
    def count() -> None:
        g.standing = counter.take(limit, f"a{fingerprint('192.0.2.1')}")

    @application.after_request
    def tell(answer: Any) -> Any:
        answer.headers.update(g.standing.headers)
        return answer

    return application


def micros(application: Any, requests: int) -> tuple[float, float]:
    """CPU and wall time of a request, called as a WSGI application."""
    from werkzeug.test import EnvironBuilder

    environ = EnvironBuilder("/bare").get_environ()
    ignore: Callable[..., Any] = lambda *_: None  # noqa: E731
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(requests):
        b"".join(application(environ.copy(), ignore))
    return (time.process_time() - cpu) / requests * 1e6, (time.perf_counter() - wall) / requests * 1e6


def main() -> None:
    parser = figures.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=3000)
    options = parser.parse_args()
    os.environ["REDIS_URL"] = stage.REDIS
    from bench import bare

    applications = {"bare": bare.application, "limited": limited()}
    for application in applications.values():
        micros(application, 300)
    seen = {name: [] for name in applications}
    for _ in range(options.rounds):
        for name, application in applications.items():
            seen[name].append(micros(application, options.requests))
    cpu = {name: statistics.median(each for each, _ in rounds) for name, rounds in seen.items()}
    wall = {name: statistics.median(each for _, each in rounds) for name, rounds in seen.items()}
    figures.report("a bare view with the rate limit, CPU", cpu["limited"], "µs", beside=("without", cpu["bare"]),
                   at_most=3)  # fmt: skip
    figures.report("the rate limit alone, CPU", cpu["limited"] - cpu["bare"], "µs")
    figures.report("the rate limit alone, wall", wall["limited"] - wall["bare"], "µs")


if __name__ == "__main__":
    main()
