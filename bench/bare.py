"""The yardstick: one Flask view that answers 99 bytes of JSON, on the same server."""

from __future__ import annotations

from flask import Flask, jsonify

application = Flask("bare")


@application.get("/healthz")
@application.get("/bare")
def bare():
    return jsonify(id=1, title="Review Pull Requests", is_done=False, created_at="2026-01-31T10:00:00Z")
