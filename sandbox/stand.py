"""What every provider's stand-in has: its consent, its faults, its journal, its items, its webhooks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, ClassVar

from flask import Blueprint, Response, g, request

from sandbox.consent import Consent
from sandbox.faults import Fault, Faults
from sandbox.journal import Journal
from sandbox.people import Accounts, Person
from sandbox.reply import reply
from sandbox.sender import Delivery, Sender
from sandbox.tokens import Token


class Unknown(LookupError):
    """Control asked for an item or an account that is not there."""


class Stand:
    """One provider."""

    name: str
    title: str
    consent_type: type[Consent]
    routes: ClassVar[Blueprint]

    def __init__(self, base: str, accounts: Accounts, sender: Sender, redirects: tuple[str, ...]) -> None:
        self.origin = base
        self.base = f"{base}/{self.name}"
        self.accounts = accounts
        self.sender = sender
        self.lock = threading.RLock()
        self.faults = Faults()
        self.journal = Journal()
        self.consent = self.consent_type(self, redirects)
        self.reset()

    @property
    def webhook_secret(self) -> str:
        return f"sandbox-{self.name}-webhook"

    # -- what a provider says when something is wrong, in its own words

    def failed(self, status: int) -> Response:
        return reply({"message": "Something went wrong"}, status)

    def unauthorized(self) -> Response:
        return reply({"message": "Unauthorized"}, 401)

    def limited(self, fault: Fault) -> Response:
        return reply({"message": "Too many requests"}, 429, {"Retry-After": str(fault.retry_after or 30)})

    # -- who is asking

    def bearer(self) -> str | None:
        """The token of this request, wherever the provider's clients put it."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() in ("bearer", "token") else None

    def token(self) -> Token | None:
        """What this request may use, if it may use anything."""
        return self.consent.tokens.living(self.bearer())

    def person(self) -> Person:
        return self.accounts.people[g.token.account]

    def who(self, account: str | None) -> Person:
        """The account that control names; the first one where it names none."""
        person = self.accounts.find(account) if account else next(iter(self.accounts.people.values()))
        if person is None:
            raise Unknown(f"no account {account!r}")
        return person

    def avatar(self, person: Person) -> str:
        return f"{self.origin}/avatars/{person.key}.svg"

    # -- what control asks of it

    def reset(self) -> None:
        """Back to the items of the first day."""

    def add_items(self, spec: dict[str, Any]) -> list[dict[str, Any]]:
        raise NotImplementedError

    def show_items(self, account: str | None) -> list[dict[str, Any]]:
        raise NotImplementedError

    def change_item(self, id: str, spec: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def delete_item(self, id: str) -> dict[str, Any]:
        raise NotImplementedError

    def deliveries(self, spec: dict[str, Any]) -> Iterator[Delivery]:
        """The signed deliveries that `spec` asks for."""
        raise NotImplementedError

    def announce(self, event: str, id: str, **more: Any) -> None:
        """Push a change that control made, where the sandbox was told whom to push to."""
        if self.sender.base:
            for delivery in self.deliveries({"event": event, "item": id, **more}):
                self.sender.post_later(delivery)
