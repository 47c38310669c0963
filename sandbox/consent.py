"""The consent page that a person sees and clicks, shared by all providers."""

from __future__ import annotations

import secrets
from fnmatch import fnmatchcase
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Response, redirect, render_template, request

from sandbox.exchange import Code, Exchange, Refused

LOOPBACK = ("http://127.0.0.1:*/oauth/*/callback", "http://localhost:*/*")
"""Redirect addresses that are registered with every app of the sandbox."""


class Consent(Exchange):
    """OAuth 2 as one provider does it: the page here, the token endpoint inherited."""

    title: ClassVar[str]
    scopes: ClassVar[dict[str, str]] = {}
    """Each scope that an app may ask for, in the words of the consent page."""
    authorize_paths: ClassVar[tuple[str, ...]] = ("/oauth/authorize",)
    scope_parameters: ClassVar[tuple[str, ...]] = ("scope",)
    scope_separators: ClassVar[str] = " "
    capabilities: ClassVar[tuple[str, ...]] = ()
    """What an app may do where the provider has no scopes to ask for."""
    granular: ClassVar[bool] = False
    """Whether a person may allow a part of what is asked for."""
    unasked: ClassVar[tuple[str, ...]] = ()
    """Scopes that come with signing in, and cannot be refused one by one."""

    def __init__(self, stand: Any, redirects: tuple[str, ...] = LOOPBACK) -> None:
        super().__init__(stand)
        self.redirects = redirects

    def authorize(self) -> Response | str | tuple[str, int]:
        """Show the page, or take the person's answer."""
        asked = request.values.to_dict()
        client, target = asked.get("client_id", ""), asked.get("redirect_uri", "")
        if client not in self.clients:
            return self._stop(f"No app with the client id “{client}” is registered here.")
        if not self.is_registered(target):
            # Never send a browser to an address that nobody registered, not even with an error.
            return self._stop(f"The redirect address “{target}” is not registered with this app.")
        try:
            scopes = self._check(asked)
        except Refused as refusal:
            return self._return(target, asked, error=refusal.error, error_description=refusal.description)
        decision = asked.get("decision")
        if decision is None:
            return self._page(client, scopes, asked)
        person = self.stand.accounts.find(asked.get("account"))
        if decision != "allow":
            return self._return(target, asked, **self.denial())
        if person is None:
            return self._stop(f"There is no account “{asked.get('account', '')}” in the sandbox.")
        scopes = self._allowed(scopes)
        code = secrets.token_urlsafe(24)
        self.codes[code] = Code(client, person.key, scopes, target, asked.get("code_challenge"), asked)
        return self._return(target, asked, code=code, **self.returned(person.key, scopes))

    def _check(self, asked: dict[str, str]) -> tuple[str, ...]:
        """The scopes asked for. Errors: Refused."""
        for name in self.required:
            if not asked.get(name):
                raise Refused("invalid_request", f"Missing required parameter: {name}")
        if asked.get("response_type", "code") != "code":
            raise Refused("unsupported_response_type", "Only response_type=code is supported")
        if asked.get("code_challenge"):
            if asked.get("code_challenge_method") != "S256":
                raise Refused("invalid_request", "code_challenge_method must be S256")
            if len(asked["code_challenge"]) != 43:
                raise Refused("invalid_request", "code_challenge is not a SHA-256 in base64url")
        scopes = self.requested(asked)
        unknown = [scope for scope in scopes if scope not in self.scopes]
        if unknown:
            raise Refused("invalid_scope", f"Unknown scope: {' '.join(unknown)}")
        return scopes

    def _allowed(self, scopes: tuple[str, ...]) -> tuple[str, ...]:
        ticked = request.values.getlist("granted")
        if not self.granular or not (ticked or "choosing" in request.values):
            return scopes
        return tuple(scope for scope in scopes if scope in ticked or scope in self.unasked)

    def requested(self, asked: dict[str, str]) -> tuple[str, ...]:
        text = " ".join(asked.get(name, "") for name in self.scope_parameters)
        for separator in self.scope_separators:
            text = text.replace(separator, " ")
        return tuple(dict.fromkeys(text.split()))

    def is_registered(self, address: str) -> bool:
        """Whether an app registered this address; compared part by part, so that no trick with `*` leads elsewhere."""
        try:
            given = urlsplit(address)
            port = str(given.port or "")
        except ValueError:
            return False
        if given.username or given.password or given.fragment or "\\" in address or ".." in given.path:
            return False
        for registered in self.redirects:
            scheme, _, rest = registered.partition("://")
            authority, _, path = rest.partition("/")
            host, _, ports = authority.partition(":")
            if (
                given.scheme == scheme
                and given.hostname == host
                and fnmatchcase(port, ports or "*")
                and fnmatchcase(given.path or "/", f"/{path}")
            ):
                return True
        return False

    def denial(self) -> dict[str, str]:
        return {"error": "access_denied", "error_description": "The user has denied access"}

    def returned(self, account: str, scopes: tuple[str, ...]) -> dict[str, str]:
        """What else goes back to the app beside code and state."""
        return {}

    def _page(self, client: str, scopes: tuple[str, ...], asked: dict[str, str]) -> str:
        hint = self.stand.accounts.find(asked.get("login_hint") or asked.get("login") or asked.get("account"))
        people = list(self.stand.accounts.people.values())
        return render_template(
            "consent.html",
            provider=self.title,
            client=client,
            target=urlsplit(asked["redirect_uri"]).netloc if asked.get("redirect_uri") else "",
            scopes=[(scope, self.scopes[scope]) for scope in scopes],
            people=people[:12],
            chosen=(hint or people[0]).key,
            capabilities=self.capabilities,
            granular=self.granular,
            unasked=self.unasked,
        )

    def _stop(self, message: str) -> tuple[str, int]:
        return render_template("refused.html", provider=self.title, message=message), 400

    def _return(self, target: str, asked: dict[str, str], **answer: str) -> Any:
        if asked.get("state"):
            answer["state"] = asked["state"]
        parts = urlsplit(target)
        query = urlencode(parse_qsl(parts.query, keep_blank_values=True) + list(answer.items()))
        return redirect(urlunsplit(parts._replace(query=query)), 302)
