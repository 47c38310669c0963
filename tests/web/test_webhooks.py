"""What providers push: taken once, verified on the raw bytes, and turned into one sync."""

from __future__ import annotations

import hashlib
import hmac
import json

from models import db
from models.integrations import Integration
from tests.cast import Front, Person
from tests.connect import Provider, connect

SECRET = b"sandbox-github-webhook"


def deliver(front: Front, payload: dict, delivery: str, *, secret: bytes = SECRET, event: str = "issues"):
    body = json.dumps(payload, indent=1).encode()
    signature = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    headers = {"X-GitHub-Event": event, "X-GitHub-Delivery": delivery, "X-Hub-Signature-256": signature}
    return front.call("POST", "/webhooks/github", data=body, content_type="application/json", headers=headers)


def integration(person: Person) -> Integration:
    with db.transaction(reading=True):
        return Integration.of(person.id, "github")


def assigned_to(person: Person) -> dict:
    return {"action": "assigned", "issue": {"assignees": [{"id": int(integration(person).external_account)}]}}


def test_a_push_wakes_the_account_that_it_speaks_of_and_no_other(
    alice: Person, bob: Person, github: Provider, front: Front
) -> None:
    connect(alice, "github", "mara")
    connect(bob, "github", "jun")
    assert deliver(front, assigned_to(alice), "one").status_code == 200
    assert integration(alice).woken_at is not None
    assert integration(bob).woken_at is None


def test_a_repeated_delivery_does_nothing(alice: Person, github: Provider, front: Front) -> None:
    connect(alice, "github", "mara")
    payload = assigned_to(alice)
    assert deliver(front, payload, "again").status_code == 200
    alice.post("/integrations/github/sync")
    assert integration(alice).woken_at is None
    assert deliver(front, payload, "again").status_code == 200
    assert integration(alice).woken_at is None


def test_a_forged_or_changed_delivery_is_refused(alice: Person, github: Provider, front: Front) -> None:
    connect(alice, "github", "mara")
    assert deliver(front, assigned_to(alice), "forged", secret=b"guess").status_code == 401
    assert front.call("POST", "/webhooks/github", data=b"{}").status_code == 401
    assert front.call("POST", "/webhooks/nobody", data=b"{}").status_code == 401
    assert integration(alice).woken_at is None


def test_a_push_during_a_sync_starts_another(alice: Person, github: Provider, front: Front) -> None:
    connect(alice, "github", "mara")
    with db.transaction():
        mine = Integration.of(alice.id, "github")
        mine.lease()
    deliver(front, assigned_to(alice), "meanwhile")
    with db.transaction():
        mine = Integration.of(alice.id, "github")
        mine.succeed({}, is_complete=True)
        planned = mine.next_sync_at
    assert planned is not None
    assert (planned - mine.last_sync_at).total_seconds() < 1
