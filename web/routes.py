"""Blueprints of a contract. A view returns plain data; its schema documents the answer and is not run on it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from flask import Response, request
from flask_smorest import Blueprint
from werkzeug.sansio.response import Response as AnyResponse

from web.body import BodyParser
from web.idempotency import PARAMETER
from web.json import dumps
from web.shape import Shape

_WITHOUT_BODY = {204, 205}
_READS = {"GET", "HEAD"}


class Routes(Blueprint):
    """A contract's routes for one resource."""

    ARGUMENTS_PARSER = BodyParser()
    PAGINATION_ARGUMENTS_PARSER = BodyParser()

    def __init__(self, name: str, import_name: str, *, shape: Shape, **options: Any) -> None:
        super().__init__(name, import_name, **options)
        self.shape = shape
        self.public_endpoints: set[str] = set()
        self._prepare_doc_cbks.append(_document_key)

    def _store_endpoint_docs(self, endpoint: str, obj: Any, parameters: Any, tags: Any, **options: Any) -> None:
        super()._store_endpoint_docs(endpoint, obj, parameters, tags, **options)
        if getattr(obj, "is_public", False):
            self.public_endpoints.add(endpoint)

    def _make_doc_response_schema(self, schema: Any) -> Any:
        return self.shape.documented(schema) if schema is not None else None

    def arguments(self, schema: Any, **options: Any) -> Any:
        """What a request carries. The schema is made once: making it anew costs more than checking with it.

        A body of which nothing is required may be left out, and the document says so.
        """
        made = schema() if isinstance(schema, type) else schema
        options.setdefault("required", any(field.required for field in made.fields.values()))
        return super().arguments(made, **options)

    def response(self, status_code: int | str | HTTPStatus, schema: Any = None, **documented: Any) -> Any:
        """The documented answer. The view's value goes out in the contract's envelope, with this status.

        The schema is not dumped: answers are plain dictionaries, and a test holds each against its document.
        """
        document = super().response(status_code, schema, **documented)
        status = int(status_code)

        def decorate(view: Callable[..., Any]) -> Any:
            @wraps(view)
            def answered(*args: Any, **kwargs: Any) -> AnyResponse:
                value = view(*args, **kwargs)
                if isinstance(value, AnyResponse):
                    return value
                if status in _WITHOUT_BODY:
                    return Response(status=status)
                body = self.shape.success(value)
                text = dumps(body)
                answer = Response(text, status, mimetype="application/json")
                if status != 200 or request.method not in _READS:
                    return answer
                lasting = self.shape.lasting(body)
                return _unless_known(answer, text if lasting is body else dumps(lasting))

            return document(answered)

        return decorate


def _unless_known(answer: Response, lasting: bytes) -> Response:
    """The answer under a tag of what it says, or 304 to a client that has it already."""
    tag = hashlib.blake2b(lasting, digest_size=12).hexdigest()
    if "If-None-Match" in request.headers and request.if_none_match.contains_weak(tag):
        answer = Response(status=304)
    headers = answer.headers
    headers["ETag"] = f'W/"{tag}"'
    headers["Cache-Control"] = "private, no-cache"  # keep it, but ask each time
    headers["Vary"] = "Authorization"
    return answer


def _document_key(doc: dict[str, Any], doc_info: dict[str, Any], *, method: str, **_: Any) -> dict[str, Any]:
    """Every POST takes an idempotency key."""
    if method.upper() == "POST":
        doc.setdefault("parameters", []).append(dict(PARAMETER))
    return doc
