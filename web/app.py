"""One Flask app for each contract: who, in, out, one transaction, and every failure in the contract's own shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, g, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

from models import db
from models.errors import Invalid, NotFound, Refusal, StillAtWork, TooMany
from models.faults import is_worth_retrying, meaning
from settings import settings
from web import auth, idempotency, telemetry
from web.docs import Document, documented
from web.json import OrjsonProvider
from web.limits import counter, fingerprint
from web.shape import HttpRefusal, Shape

LARGEST_BODY = 1024 * 1024
_READS = {"GET", "HEAD", "OPTIONS"}
_TRIES = 3
_TEXTS = {
    405: "This method is not allowed here",
    408: "The request took too long to arrive",
    413: "The body is too large",
    414: "The address is too long",
    415: "Send the body as application/json",
    431: "The headers are too large",
}


class NumberId(BaseConverter):
    """A row's number in a path: plain digits within 63 bits, so a stranger's spelling is simply not found."""

    regex = r"[1-9][0-9]{0,17}"

    def to_python(self, value: str) -> int:
        return int(value)


class ContractApp(Flask):
    """A contract's front door."""

    json_provider_class = OrjsonProvider

    def __init__(self, shape: Shape) -> None:
        super().__init__(f"web.{shape.contract}", static_folder=None)
        self.shape = shape
        self.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
        self.config["PROPAGATE_EXCEPTIONS"] = False
        self.url_map.strict_slashes = False
        self.url_map.merge_slashes = False
        self.url_map.converters["id"] = NumberId
        self.register_error_handler(Exception, self.answer_failure)
        telemetry.watch(self, shape.contract)
        self.after_request(_harden)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Views are plain functions; Flask asks each of them several times whether it is a coroutine."""
        return func

    def dispatch_request(self) -> ResponseReturnValue:
        """One request is one transaction: returning commits, raising keeps nothing."""
        if request.routing_exception is not None:
            self.raise_routing_exception(request)
        view = self.view_functions[request.url_rule.endpoint]  # type: ignore[union-attr]
        request.max_content_length = getattr(view, "longest_body", LARGEST_BODY)
        if request.method == "OPTIONS":
            return self.make_default_options_response()
        if request.method not in _READS:
            # Before the transaction: on SQLite a body that arrives slowly would hold everybody's write lock.
            request.get_data()
            request.stream.read(1)  # a body of untold length is cut at the limit; whoever asks for more is told so
        asks = not getattr(view, "is_public", False)
        uid = auth.read_bearer(self.shape.contract) if asks else None
        if uid is not None or not asks:
            self._limit(uid)  # before the transaction: nobody's write waits while Redis is asked
        for attempt in range(_TRIES):
            try:
                with db.transaction(reading=request.method in _READS):
                    return self._answer(view)
            except Exception as error:
                if attempt == _TRIES - 1 or not is_worth_retrying(error):
                    if "claim" not in g:
                        raise
                    response = self.answer_failure(error)
                    idempotency.settle_failure(response)
                    return response
        raise AssertionError("the last try returns or raises")

    def _answer(self, view: Callable[..., Any]) -> ResponseReturnValue:
        if not getattr(view, "is_public", False):
            auth.authenticate(self.shape.contract)
            self._limit(str(g.caller.uid))
        if not idempotency.is_asked_for():
            return view(**(request.view_args or {}))
        return idempotency.answer_once(
            self.shape.contract, lambda: self.make_response(view(**(request.view_args or {})))
        )

    def _limit(self, uid: str | None) -> None:
        """Count this request once, for its user where he is known and the limit is his, else for its address."""
        limit = self.shape.limit(request.method, request.path)
        if limit is None or not settings.rate_limits or "standing" in g:
            return
        who = f"u{uid}" if uid is not None and limit.by == "user" else f"a{fingerprint(auth.client_address())}"
        g.standing = counter.take(limit, who)
        if g.standing.is_over:
            raise TooMany(retry_after=float(g.standing.headers["Retry-After"]))

    def answer_failure(self, error: Exception) -> Response:
        """Any failure in the contract's shape. What is not a refusal is logged and says nothing of itself."""
        headers: dict[str, str] = {}
        refusal = _refusal_of(error)
        if refusal is None:
            self.logger.error("failed", exc_info=error, extra={"request_id": telemetry.request_id()})
            failure = self.shape.describe(Unexpected())
        else:
            failure = self.shape.describe(refusal)
            headers = _headers_of(refusal)
        response: Response = self.json.response(self.shape.failure(failure))  # type: ignore[assignment]
        response.status_code = failure.status
        response.headers.update(headers)
        return response


class Unexpected(Refusal):
    """A mistake of ours."""

    default = "Something went wrong on our side"


def create_app(shape: Shape, *documents: Document) -> ContractApp:
    """A contract's app: each document's routes below its base, and the document itself."""
    app = ContractApp(shape)
    for document in documents:
        documented(app, shape, document)
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)  # type: ignore[method-assign]
    return app


def _refusal_of(error: Exception) -> Refusal | None:
    if isinstance(error, Refusal):
        return error
    if isinstance(error, HTTPException):
        status = error.code or 500
        if status == 404:
            return NotFound()
        if status == 400:
            return Invalid(message="The request could not be read")
        if 300 <= status < 500:
            ours = ("Content-Type", "Content-Length")
            headers = {name: value for name, value in error.get_headers() if name not in ours}
            return HttpRefusal(status, _TEXTS.get(status, error.name), headers)
    return meaning(error)


def _headers_of(refusal: Refusal) -> dict[str, str]:
    if isinstance(refusal, HttpRefusal):
        return refusal.headers
    if isinstance(refusal, TooMany | StillAtWork):
        return {"Retry-After": str(max(1, round(refusal.retry_after)))}
    return {}


def _harden(response: Response) -> Response:
    headers, standing = response.headers, g.get("standing")
    if standing is not None:
        headers.extend(standing.headers)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Cache-Control", "no-store")
    return response
