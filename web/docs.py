"""A contract's documents: OpenAPI 3.1 and Swagger UI, from our own files alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request, send_from_directory, url_for
from flask_smorest import Api

from web.auth import public
from web.idempotency import PARAMETER
from web.routes import Routes
from web.shape import Shape

if TYPE_CHECKING:
    from web.app import ContractApp

_FILES = Path(__file__).parent / "static" / "vendor" / "swagger-ui"
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} – API documentation</title>
<link rel="stylesheet" href="swagger-ui.css"></head><body><div id="swagger-ui"></div>
<noscript>The OpenAPI document: <a href="{spec}">{spec}</a></noscript>
<script src="swagger-ui-bundle.js"></script><script src="start.js"></script></body></html>"""
_START = "SwaggerUIBundle({{url: '{spec}', dom_id: '#swagger-ui', deepLinking: true, persistAuthorization: true}})"


@dataclass(frozen=True, slots=True)
class Document:
    """One OpenAPI document: a base path, as `/v1`, a title, and the routes below it."""

    base: str
    title: str
    version: str
    routes: Iterable[Routes]


class _Api(Api):
    """flask-smorest for the document alone; failures are answered by the app."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._unwritten: list[tuple[str, Routes]] = []
        self._written: dict[str, Any] | None = None
        self._groups: dict[str, str] = {}
        self._writing = Lock()
        super().__init__(*args, **options)

    def _register_error_handlers(self) -> None:
        pass

    def register_blueprint(self, blp: Any, *, parameters: Any = None, **options: Any) -> None:
        """Serve the routes now; write them into the document when somebody asks for it."""
        name = options["name"]
        self._app.extensions["flask-smorest"]["blp_name_to_api"][name] = self
        self._app.register_blueprint(blp, **options)
        self._unwritten.append((name, blp))
        self._groups[name] = blp.name

    def document(self) -> dict[str, Any]:
        """The OpenAPI document. Making it is half of what starting the web would cost, so the first reader waits."""
        with self._writing:
            while self._unwritten:
                name, routes = self._unwritten.pop(0)
                routes.register_views_in_doc(self, self._app, self.spec, name=name, parameters=None)
                self.spec.tag({"name": name, "description": routes.description})
                self._written = None
            if self._written is None:
                self._written = _readable(self.spec.to_dict(), self._groups)
            return self._written


def documented(app: ContractApp, shape: Shape, document: Document) -> None:
    """Register a document's routes below its base, and serve the document there."""
    name = document.base.strip("/").replace("/", "_")
    prefix = f"{name.upper()}_"
    app.config.update(
        {
            f"{prefix}API_TITLE": document.title,
            f"{prefix}API_VERSION": document.version,
            f"{prefix}OPENAPI_VERSION": "3.1.1",
            f"{prefix}API_SPEC_OPTIONS": {
                "info": {"description": shape.description},
                "security": [{"bearer": []}],
            },
        }
    )
    api = _api(shape)(app, config_prefix=prefix)
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    api.register_converter(app.url_map.converters["id"], lambda _: {"type": "integer", "minimum": 1})
    for routes in document.routes:
        _name_operations(routes)
        prefixed = document.base + (routes.url_prefix or "")
        api.register_blueprint(routes, url_prefix=prefixed, name=f"{name}_{routes.name}")
    app.register_blueprint(_pages(api, name, document))


def _api(shape: Shape) -> type[_Api]:
    """flask-smorest reads the error schema while it starts, so it is part of the class."""
    return type("ContractApi", (_Api,), {"ERROR_SCHEMA": shape.error_schema})


def _name_operations(routes: Routes) -> None:
    """A readable `operationId` for each operation, and no lock on those that are public."""
    for endpoint, methods in routes._docs.items():
        for method, info in methods.items():
            if method == "parameters":
                continue
            manual = info.setdefault("manual_doc", {})
            manual.setdefault("operationId", f"{routes.name}_{endpoint}".replace("-", "_"))
            if endpoint in routes.public_endpoints:
                manual.setdefault("security", [])
            if method.upper() == "POST" and "parameters" in manual:  # these take the place of all others
                manual["parameters"] = [*manual["parameters"], PARAMETER]


def _readable(spec: dict[str, Any], groups: dict[str, str]) -> dict[str, Any]:
    """The document with its groups called `auth`; flask-smorest names them as their blueprints, `v1_auth`."""
    for item in spec["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and "tags" in operation:
                operation["tags"] = [groups[tag] for tag in operation["tags"]]
    return {**spec, "tags": [{**tag, "name": groups[tag["name"]]} for tag in spec["tags"]]}


def _pages(api: _Api, name: str, document: Document) -> Blueprint:
    pages = Blueprint(f"{name}_docs", __name__, url_prefix=document.base)

    @pages.get("/openapi.json")
    @public
    def openapi() -> dict[str, Any]:
        return {**api.document(), "servers": [{"url": request.script_root or "/"}]}

    @pages.get("/docs/")
    @public
    def page() -> Response:
        response = Response(_PAGE.format(title=document.title, spec=url_for(f".{openapi.__name__}")))
        response.headers["Content-Security-Policy"] = _POLICY
        return response

    @pages.get("/docs/start.js")
    @public
    def start() -> Response:
        return Response(_START.format(spec=url_for(f".{openapi.__name__}")), mimetype="text/javascript")

    @pages.get("/docs/<any('swagger-ui-bundle.js', 'swagger-ui.css'):file>")
    @public
    def vendored(file: str) -> Response:
        response = send_from_directory(_FILES, file, max_age=86400)
        response.direct_passthrough = False
        return response

    return pages
