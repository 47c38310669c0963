"""Posting events to endpoints: signed anew at each attempt, one lane for each endpoint.

Lanes run side by side in the threads of a worker of their own. A round posts a few events at once and notes how each
went; no transaction is open meanwhile. A worker that dies leaves rows that are due again within a minute.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from standardwebhooks import Webhook as Signer

from celery_app import celery
from connectors import outgoing
from models import db
from models.clock import now
from models.deliveries import Delivery
from models.letters import send_webhook_off
from models.organizations import admins_of
from models.seal import Unreadable
from models.webhooks import Webhook, lanes_due, signing_key
from workers.announce import announce

log = logging.getLogger(__name__)
AT_ONCE = 4
ROUNDS = 100
"""After so many a lane lets others have its thread."""
QUEUE = "webhooks"


@dataclass(frozen=True, slots=True)
class _Post:
    """One attempt. `secrets` are those that sign, the newest first."""

    delivery_id: int
    message_id: str
    event: str
    payload: str
    url: str
    secrets: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How an attempt went. `status` is None where no answer came; `closes` says that the endpoint needs rest."""

    delivery_id: int
    status: int | None
    error: str = ""
    closes: bool = False
    retry_after: float = 0


@celery.task(name="deliver_webhooks")
def deliver_webhooks(webhook_id: int) -> None:
    """Post what is due to one endpoint, unless somebody is at it."""
    deliver(webhook_id)


@celery.task(name="wake_webhooks")
def wake_webhooks() -> None:
    """Announce endpoints for which something is due."""
    for webhook_id in lanes_due():
        announce("deliver_webhooks", webhook_id, queue_name=QUEUE)


def deliver(webhook_id: int) -> int:
    """Post what is due to one endpoint; how many events arrived."""
    arrived = 0
    for _ in range(ROUNDS):
        with db.transaction():
            lane, posts = _begin(webhook_id)
        if lane is None or not posts:
            return arrived
        outcomes = _post_all(posts)
        with db.transaction():
            goes_on = _note(webhook_id, lane, outcomes)
        arrived += sum(outcome.status is not None and not outcome.error for outcome in outcomes)
        if not goes_on:
            return arrived
    announce("deliver_webhooks", webhook_id, queue_name=QUEUE)
    return arrived


def _begin(webhook_id: int) -> tuple[str | None, list[_Post]]:
    """Enter the lane and take what is due; an empty lane is left at once."""
    webhook = db.session.get(Webhook, webhook_id)
    lane = webhook.enter() if webhook is not None else None
    if webhook is None or lane is None:
        return None, []
    try:
        secrets = webhook.secrets
    except Unreadable:
        log.error("the secret cannot be unsealed", extra={"webhook": webhook_id})
        _switch_off(webhook, "The secret cannot be read any more: set a new one")
        webhook.leave(lane)
        return lane, []
    taken = Delivery.take(webhook_id, AT_ONCE)
    if not taken:
        webhook.leave(lane)
    return lane, [
        _Post(delivery.id, delivery.message_id, delivery.event, delivery.payload, webhook.url, secrets)
        for delivery in taken
    ]


def _post_all(posts: list[_Post]) -> list[_Outcome]:
    if len(posts) == 1:
        return [_post(posts[0])]
    with ThreadPoolExecutor(max_workers=len(posts)) as threads:
        return list(threads.map(_post, posts))


def _post(post: _Post) -> _Outcome:
    body = signed_body(post.payload, post.secrets[0])
    headers = signed_headers(post.message_id, now(), body, post.payload, post.secrets)
    headers["X-FocusFlow-Event"] = post.event
    began = time.monotonic()
    try:
        answer = outgoing.post(post.url, body, headers)
    except outgoing.Refused as error:
        return _Outcome(post.delivery_id, None, str(error), closes=True)
    except outgoing.Unreachable as error:
        return _Outcome(post.delivery_id, None, str(error), closes=True)
    finally:
        log.info("webhook posted", extra={"delivery": post.delivery_id, "seconds": round(time.monotonic() - began, 3)})
    if 200 <= answer.status < 300:
        return _Outcome(post.delivery_id, answer.status)
    needs_rest = answer.status >= 500 or answer.status == 429
    return _Outcome(
        post.delivery_id,
        answer.status,
        f"Answered {answer.status}" + (", and redirects are not followed" if 300 <= answer.status < 400 else ""),
        closes=needs_rest,
        retry_after=min(answer.retry_after or 0, 3600) if needs_rest else 0,
    )


def _note(webhook_id: int, lane: str, outcomes: list[_Outcome]) -> bool:
    """Write down how a round went; whether the lane is open for another."""
    webhook = db.session.get(Webhook, webhook_id)
    if webhook is None:  # deleted meanwhile, and its deliveries with it
        return False
    failed = [outcome for outcome in outcomes if outcome.error]
    for outcome in outcomes:
        delivery = db.session.get(Delivery, outcome.delivery_id)
        if delivery is None:
            continue
        if not outcome.error:
            delivery.arrived(outcome.status or 200)
        else:
            is_gone = outcome.status == 410
            delivery.missed(outcome.status, outcome.error, is_final=is_gone, retry_after=outcome.retry_after)
    if len(failed) < len(outcomes):
        webhook.succeeded()
    is_out_of_patience = False
    if failed:
        worst = max(failed, key=lambda outcome: (outcome.closes, outcome.retry_after))
        closes = worst.closes and len(failed) == len(outcomes)
        is_out_of_patience = webhook.failed(closes=closes, retry_after=worst.retry_after)
    if any(outcome.status == 410 for outcome in failed):
        _switch_off(webhook, "The receiver answered 410 Gone")
    elif is_out_of_patience:
        _switch_off(webhook, "Every attempt of the last five days failed")
    webhook.leave(lane)
    return webhook.is_active and (webhook.closed_until is None or webhook.closed_until <= now())


def _switch_off(webhook: Webhook, reason: str) -> None:
    webhook.switch_off(reason)
    for admin in admins_of(webhook.organization_id):
        send_webhook_off(admin, webhook.url, reason)


def signed_body(payload: str, secret: str) -> bytes:
    """The body to post: the payload with its `signature` as the last member (docs/webhooks.md)."""
    return f'{payload[:-1]},"signature":"{signature(payload, secret)}"}}'.encode()


def signature(payload: str, secret: str) -> str:
    """`sha256=` and the HMAC of the payload's bytes, keyed with the secret's own text."""
    return "sha256=" + hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def signed_headers(
    message_id: str, moment: datetime, body: bytes, payload: str, secrets: Sequence[str]
) -> dict[str, str]:
    """Standard Webhooks' headers over the whole body, and the contract's signature with each secret."""
    signers = [Signer("whsec_" + base64.b64encode(signing_key(secret)).decode()) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": "Daybook-Webhooks/1.0",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signer.sign(message_id, moment, body.decode()) for signer in signers),
        "X-FocusFlow-Signature": " ".join(signature(payload, secret) for secret in secrets),
    }
